"""The orchestrator for Kubeflow, whose compiled pipeline is run by Docker on this machine."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.orchestrators import SubmissionResult

from serving.errors import ConfigError, RunError
from stacks.flavors.kubeflow.closing import close
from stacks.flavors.kubeflow.orchestrator import WatchedKubeflowOrchestrator
from stacks.flavors.kubeflow_rehearsal import RehearsalConfig
from stacks.rehearsal import rehearse

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse

DONE = (ExecutionStatus.COMPLETED, ExecutionStatus.CACHED)


class RehearsalOrchestrator(WatchedKubeflowOrchestrator):
    """Compiles as for a cluster, and runs what it compiled with KFP's local Docker runner."""

    @property
    def config(self) -> RehearsalConfig:
        """The component's settings."""
        return cast("RehearsalConfig", self._config)

    def _upload_and_run_pipeline(
        self, snapshot: "PipelineSnapshotResponse", pipeline_file_path: str, run_name: str
    ) -> SubmissionResult:
        """Run where the parent class uploads."""
        path = Path(pipeline_file_path)
        try:
            if snapshot.schedule:
                raise ConfigError("A rehearsal runs once: schedule it on the stack 'kubeflow'.")
            # What else may follow is for a cluster's scheduler, which Docker has none of.
            pipeline = next(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        finally:
            # It holds the token that the steps use, in clear.
            path.unlink()
        log = path.with_name(f"{run_name}.log")

        def run() -> None:
            network = self.config.network
            failed = rehearse(pipeline, network, log, lambda task: _completed(snapshot, task))
            if failed:
                reason = f"The container of step '{failed}' failed; its log is {log}."
                close(_run_of(snapshot).id, reason)
                raise RunError(reason)

        return SubmissionResult(wait_for_completion=run)


def _run_of(snapshot: "PipelineSnapshotResponse") -> "PipelineRunResponse":
    runs = Client().list_pipeline_runs(snapshot_id=snapshot.id, hydrate=True)
    found: PipelineRunResponse = runs.items[0]
    return found


def _completed(snapshot: "PipelineSnapshotResponse", task: str) -> bool:
    """Whether ZenML has seen a task's step do its work."""
    steps = {_task_of(name): step for name, step in _run_of(snapshot).steps.items()}
    return task in steps and steps[task].status in DONE


def _task_of(step: str) -> str:
    """What Kubeflow Pipelines calls a step."""
    return re.sub("[^a-z0-9]+", "-", step.lower()).strip("-")
