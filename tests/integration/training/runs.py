"""A pipeline of the training steps alone, run twice on a real store: `python -m` this module."""

import json
import sys
from typing import Annotated

import pandas as pd
from zenml import pipeline, step
from zenml.client import Client

from serving.schema import TableSchema
from steps.data.materializer import SchemaMaterializer, TableMaterializer
from steps.training.settings import CandidateSettings, EnsembleSettings, TuningSettings
from steps.training.steps import blend, train_candidate
from tests.unit.training.tables import schema_of, table

CANDIDATES = (
    CandidateSettings(name="linear", kind="linear", search={"C": (0.1,)}),
    CandidateSettings(name="boosting", kind="boosting", parameters={"max_iter": 5}),
    CandidateSettings(name="network", kind="network", parameters={"epochs": 1}),
)


@step(
    enable_cache=False,
    output_materializers={"train_rows": TableMaterializer, "schema": SchemaMaterializer},
)
def make_rows() -> tuple[Annotated[pd.DataFrame, "train_rows"], Annotated[TableSchema, "schema"]]:
    """The small table, made anew in every run."""
    return table("binary", 150), schema_of("binary")


@pipeline
def training_alone() -> None:
    """Three candidates and their blend."""
    rows, schema = make_rows()
    tuning = TuningSettings(folds=2)
    candidates = [
        train_candidate(rows, schema, one, tuning, "", 0, id=f"train_{one.name}")
        for one in CANDIDATES
    ]
    blend(candidates, rows, schema, tuning, EnsembleSettings(size=5), "", 0)


def main() -> None:
    """Run twice and print what each step did and what the artifacts hold."""
    found = []
    for _ in range(2):
        training_alone()
        run = Client().list_pipeline_runs(size=1, sort_by="desc:created").items[0]
        steps = {name: str(one.status) for name, one in run.steps.items()}
        blended = run.steps["blend"].outputs["candidate"][0]
        candidate = blended.load()
        network = run.steps["train_network"].outputs["candidate"][0].load()
        found.append(
            {
                "steps": steps,
                "weights": candidate.parameters,
                "digest": candidate.onnx_digest,
                "content": blended.content_hash,
                "metadata": blended.run_metadata["onnx_digest"],
                "native": type(network.native_model()).__name__,
                "torch": "torch" in sys.modules,
            }
        )
    print("FOUND " + json.dumps(found))


if __name__ == "__main__":
    main()
