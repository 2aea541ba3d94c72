"""The orchestrator for Kubeflow, whose compiled pipeline is run by Docker on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml
from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.orchestrators import SubmissionResult

from serving.errors import ConfigError, RunError
from stacks.closing import close
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
            failed = rehearse(pipeline, network, log, Progress(snapshot).went_on)
            if failed:
                reason = f"The container of step '{failed}' failed; its log is {log}."
                close(_run_of(snapshot).id, reason)
                raise RunError(reason)

        return SubmissionResult(wait_for_completion=run)

    def _stop_run(self, run: "PipelineRunResponse", graceful: bool = False) -> None:  # noqa: ARG002
        """Close a run in ZenML's books: its containers end with the process that runs them."""
        close(run.id, "It was stopped by hand.", status="stopped")


def _run_of(snapshot: "PipelineSnapshotResponse") -> "PipelineRunResponse":
    runs = Client().list_pipeline_runs(snapshot_id=snapshot.id, hydrate=True)
    found: PipelineRunResponse = runs.items[0]
    return found


class Progress:
    """What ZenML has seen of a run, task after task.

    A task may be several steps that share a pod, so what it did is told by what is new.
    """

    def __init__(self, snapshot: "PipelineSnapshotResponse") -> None:
        self.snapshot = snapshot
        self.done = sum(self._ended_well())

    def went_on(self) -> bool:
        """Whether a step has ended well since the last question, and none in another way."""
        ended = self._ended_well()
        before, self.done = self.done, sum(ended)
        return all(ended) and self.done > before

    def _ended_well(self) -> list[bool]:
        return [step.status in DONE for step in _run_of(self.snapshot).steps.values()]
