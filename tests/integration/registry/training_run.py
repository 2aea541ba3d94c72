"""A training on a real ZenML store with planted candidates; prints what came out as JSON.

Run as `python -m tests.integration.registry.training_run SKILL...`: one training for each skill.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from zenml import Model, pipeline, step
from zenml.client import Client
from zenml.enums import StackComponentType

from serving.schema import TableSchema
from steps.data.finding import Checks, note
from steps.data.materializer import SchemaMaterializer, TableMaterializer
from steps.evaluation.settings import GateSettings
from steps.evaluation.steps import compare, evaluate
from steps.monitoring.profile import PROFILE
from steps.monitoring.report import DATA_REPORT, EVIDENTLY_REPORT
from steps.monitoring.settings import ReportSettings
from steps.monitoring.steps import report_drift
from steps.registry import aliases
from steps.registry.registry import Registry
from steps.registry.steps import promote, register_model, resolve_champion, trace_lineage
from steps.registry.tracking import mark_production, open_registry
from steps.training.candidate import Candidate
from steps.training.materializer import CandidateMaterializer
from tests.unit.evaluation.models import FEATURES, SPLIT, candidate, schema_of, sides, table

MODEL, STACK = "planted", "registry-test"
GATE = GateSettings(resamples=100)


@step(
    output_materializers={
        "train_rows": TableMaterializer,
        "test_rows": TableMaterializer,
        "schema": SchemaMaterializer,
    }
)
def plant_rows() -> tuple[
    Annotated[pd.DataFrame, "train_rows"],
    Annotated[pd.DataFrame, "test_rows"],
    Annotated[Checks, "checks"],
    Annotated[TableSchema, "schema"],
]:
    """Rows whose target follows x."""
    train, test = sides(table(2000).astype({"group": "str"}))
    found = (note("missing", "Nothing is missing."),)
    features = dict.fromkeys(FEATURES, "numeric")
    shape: dict[str, Any] = {"features": features, "identity": FEATURES, "findings": found}
    checks = Checks(task="binary", target="y", rows=2000, unlabelled=0, **shape)
    return train, test, checks, schema_of("x", "z")


@step(output_materializers=CandidateMaterializer)
def plant(name: str, skill: float) -> Annotated[Candidate, "candidate"]:
    """A blend-like candidate of that skill: its ONNX graph is the model."""
    return candidate([skill, 1.0], schema_of("x", "z"), name=name, cv=skill)


@pipeline
def training(skill: float) -> None:
    """The second half of the training pipeline."""
    champion, _ = resolve_champion(MODEL)
    train_rows, test_rows, checks, schema = plant_rows()
    drift, data_page = report_drift(
        train_rows, test_rows, schema, checks, SPLIT, ReportSettings(rows=200), 0
    )
    lineage = trace_lineage(train_rows, "abc123", "planted", STACK, {"seed": 0})
    candidates = [plant("weak", skill / 2, id="weak"), plant("strong", skill, id="strong")]
    evaluations = evaluate(candidates, test_rows, GATE, SPLIT)
    decision, page = compare(
        candidates, evaluations, champion, train_rows, test_rows, checks, GATE, SPLIT, lineage
    )
    registered = register_model(
        MODEL, candidates, evaluations, decision, champion, train_rows, checks, SPLIT, lineage,
        page, drift, data_page,
    )  # fmt: skip
    promote(decision, registered, champion)


def prepare_stack() -> None:
    """A local stack with MLflow, which keeps its files inside the artifact store."""
    client = Client()
    client.create_stack_component("tracker", "mlflow", StackComponentType.EXPERIMENT_TRACKER, {})
    names = {
        "orchestrator": "default",
        "artifact_store": "default",
        "experiment_tracker": "tracker",
    }
    components = {StackComponentType(kind): name for kind, name in names.items()}
    client.create_stack(STACK, components)
    client.activate_stack(STACK)


def train(skill: float) -> dict[str, Any]:
    """One training and what it left behind."""
    run = training.with_options(model=Model(name=MODEL))(skill)
    assert run is not None
    held = {name: made.outputs for name, made in Client().get_pipeline_run(run.id).steps.items()}
    decision = held["compare"]["decision"][0].load()
    client = open_registry().client
    (logged,) = client.search_runs(["1"], f"tags.`mlflow.runName` = '{run.name}'")
    pages = {each.path: each.file_size for each in client.list_artifacts(logged.info.run_id)}
    return {
        "pages": [pages.get(name) for name in (DATA_REPORT, EVIDENTLY_REPORT)],
        "outcome": decision.outcome,
        "reason": decision.reasons[0],
        "status": {
            name: s.status.value for name, s in Client().get_pipeline_run(run.id).steps.items()
        },
        "promotion": held["promote"]["promotion"][0].load().model_dump(),
        "report": len(held["compare"]["model_report"][0].load()),
    }


def leave_no_profile(registry: Registry) -> None:
    """Have the first version as an older release left it."""
    (version,) = registry.versions(MODEL)
    (Path(version.bundle_uri).parent / PROFILE).unlink()
    assert not registry.holds(version, PROFILE)


def production() -> int:
    """The ZenML model version that is in production."""
    return int(Client().get_model_version(MODEL, "production").number)


def main(skills: list[str]) -> None:
    """Train, roll back, train the last one again, and print what a test wants to know."""
    prepare_stack()
    registry = open_registry()
    runs = [train(float(skills[0]))]
    leave_no_profile(registry)
    runs += [train(float(skill)) for skill in skills[1:]]
    version = registry.versions(MODEL)[-1]
    promoted = production()
    mark_production(aliases.rollback(registry, MODEL))
    runs.append(train(float(skills[-1])))
    runs_made = registry.client.search_runs(["1"])
    history = [[m.by, m.origin, m.to] for m in aliases.history(registry, MODEL)]
    print(
        "RESULT"
        + json.dumps(
            {
                "runs": runs,
                "versions": len(registry.versions(MODEL)),
                "profiles": [registry.holds(each, PROFILE) for each in registry.versions(MODEL)],
                "tags": version.tags,
                "bundle_uri": version.bundle_uri,
                "tracking_uri": registry.tracking_uri,
                "children": sum("candidate" in run.data.tags for run in runs_made),
                "source": registry.client.get_model_version(MODEL, version.version).source,
                "history": history,
                "production": [promoted, production()],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
