"""What a run came to, as plain values that a table, a document and a record can hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.settings import RunConfig
from steps.pages.live import LIVE
from steps.registry.registry import public
from steps.registry.tracking import tracking_uri

if TYPE_CHECKING:
    from commands.execution import Completed

SQLITE = "sqlite:///"
# What an artifact is called that is a page, and the page's name in it.
REPORT, PAGE = "_report", "output.html"


def summarise(
    config: RunConfig,
    trained: Completed,
    deployed: Completed | None,
    stack: str,
) -> dict[str, Any]:
    """Gather the artifacts that tell what both pipelines came to."""
    checks, lineage = trained.artifact("validate"), trained.artifact("trace_lineage")
    evaluations, promotion = trained.artifact("evaluate"), trained.artifact("promote")
    decision = trained.artifact("compare", "decision")
    drift = optional(trained, "report_drift", "drift")
    return {
        "model": config.model,
        "stack": stack,
        "config": lineage.config,
        "commit": lineage.commit,
        "data": {
            "source": config.data.data,
            "digest": lineage.data_digest,
            "rows": checks.rows,
            "held_out": evaluations.rows,
            "target": checks.target,
            "task": checks.task,
            "findings": [finding.model_dump() for finding in checks.findings],
        },
        "drift": drift.model_dump()
        if (drift := optional(trained, "report_drift", "drift"))
        else None,
        "evaluations": evaluations.model_dump(mode="json"),
        "decision": decision.model_dump(mode="json"),
        "reports": reports(trained, deployed),
        "version": promotion.version,
        "champion": promotion.champion,
        **served(deployed),
        "steps": {run.run.name: step_states(run) for run in (trained, deployed) if run},
        "more": more(),
    }


def served(deployed: Completed | None) -> dict[str, Any]:
    """Which version serves after a deployment and where, and how it came to that."""
    if deployed is None:
        return {"endpoint": None, "prediction": None, "rollout": None}
    endpoint = deployed.artifact("deploy").model_dump()
    if "canary" not in deployed.steps:
        prediction = deployed.artifact("smoke").model_dump()
        # Where the training was over before, its champion may have been given up since.
        champion = {"champion": endpoint["version"]}
        return {"endpoint": endpoint, "prediction": prediction, "rollout": None, **champion}
    rollout = deployed.artifact("canary", "rollout")
    told = rollout.model_dump(mode="json", exclude={"answer", "moments"})
    found = {
        "endpoint": {**endpoint, "version": rollout.serves},
        "prediction": rollout.answer.model_dump(),
        "rollout": {**told, "serves": rollout.serves},
    }
    # A champion that its trial refused is champion no more.
    return {**found, "champion": rollout.serves}


def reports(trained: Completed, deployed: Completed | None) -> dict[str, str]:
    """Where the pages lie that tell of a run, by what they tell."""
    outputs = [
        (name, versions[0].uri)
        for run in (trained, deployed)
        if run is not None
        for step in run.steps.values()
        for name, versions in step.outputs.items()
        if name.endswith(REPORT)
    ]
    found = {name.removesuffix(REPORT): f"{uri}/{PAGE}" for name, uri in outputs}
    return {**found, **moving(trained)}


def moving(trained: Completed) -> dict[str, str]:
    """Where those lie that need scripts: the model's, and Evidently's on the columns.

    A step that was answered from the cache has logged nothing in this run.
    """
    drift = optional(trained, "report_drift", "drift")
    held = trained.steps["register_model"].run_metadata.get(LIVE, "")
    found = {"model, live": str(held), "data, live": drift.report if drift else ""}
    return {name: place for name, place in found.items() if place}


def label(run: Completed) -> None:
    """Put what a training stands on, and what it came to, where the dashboard shows it.

    A run that was answered from the cache carries none of what its steps recorded at first.
    """
    from zenml import log_metadata

    decision, evaluations = run.artifact("compare", "decision"), run.artifact("evaluate")
    measured = evaluations.of(decision.challenger).scores
    facts = {
        **run.artifact("trace_lineage").tags(),
        "outcome": decision.outcome,
        "challenger": decision.challenger,
        **{score.metric: score.value for score in measured if score.value is not None},
    }
    log_metadata(facts, run_id_name_or_prefix=run.run.id)
    if run.run.model_version is not None:
        version = run.run.model_version
        log_metadata(facts, model_name=version.model.name, model_version=version.id)


def optional(run: Completed, step: str, name: str | None = None) -> Any | None:
    """What a step gave that not every config asks for; None where it did not run."""
    return run.artifact(step, name) if step in run.steps else None


def step_states(run: Completed) -> dict[str, str]:
    """How each step of a run ended: completed or cached."""
    return {name: str(step.status) for name, step in run.steps.items()}


def more() -> dict[str, str]:
    """The commands that show more."""
    uri = tracking_uri()
    is_server = uri.startswith(("http://", "https://"))
    return {
        "dashboard": server_address() or f"{installed('python')} run.py dashboard",
        "mlflow": public(uri)
        if is_server
        else f"{installed('mlflow')} ui --backend-store-uri {uri}",
        "history": f"{installed('python')} run.py history",
    }


def server_address() -> str:
    """Where the ZenML server is that this client is logged in to; empty without one."""
    from zenml.config.global_config import GlobalConfiguration

    url = GlobalConfiguration().store_configuration.url or ""
    return url if url.startswith(("http://", "https://")) else ""


def installed(program: str) -> str:
    """How to call a program of this environment from here, whether or not it is activated."""
    if os.environ.get("VIRTUAL_ENV") == sys.prefix:
        return program
    path = Path(sys.executable).with_name(program)
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def stores() -> list[Path] | None:
    """The files that tell when a run's answer no longer stands; None where a server holds it."""
    from zenml.config.global_config import GlobalConfiguration

    settings = GlobalConfiguration()
    folder = Path(settings.config_directory)
    urls = (settings.store_configuration.url or "", tracking_uri())
    databases = local_databases(urls)
    return None if databases is None else [folder / "config.yaml", *databases]


def local_databases(urls: Iterable[str]) -> list[Path] | None:
    """The SQLite files behind these URLs; None where one is a server: others change it unseen."""
    found = list(urls)
    if not all(url.startswith(SQLITE) for url in found):
        return None
    return [Path(url.removeprefix(SQLITE)) for url in found]
