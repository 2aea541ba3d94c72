"""The watched orchestrator as far as its compilation: nothing is built, and nobody is asked."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import yaml

from stacks.flavors.kubeflow.orchestrator import WatchedKubeflowOrchestrator


@dataclass(frozen=True)
class Build:
    """A build of images that has not happened.

    Args:
        name: What stands for each image.
    """

    name: str

    def get_image(self, component_key: str, step: str | None = None) -> str:  # noqa: ARG002
        """The image of a step."""
        return self.name


@dataclass(frozen=True)
class Unrecorded:
    """A compiled pipeline as the orchestrator sees one that ZenML has recorded."""

    compiled: Any
    build: Build
    id: UUID = field(default_factory=uuid4)
    schedule: None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compiled, name)


class DraftOrchestrator(WatchedKubeflowOrchestrator):
    """Keeps what it compiles, where the parent class uploads it."""

    folder: str
    _made: dict[str, Any]

    @property
    def pipeline_directory(self) -> str:
        """Where the compiler writes."""
        return self.folder

    def drafted(self, compiled: Any, stack: Any, image: str) -> dict[str, Any]:
        """What Kubeflow Pipelines would be given.

        Args:
            image: What stands for the image of each step.

        Raises:
            ConfigError: The steps of a pod contradict each other.
        """
        steps = compiled.step_configurations
        environments = {name: dict(step.config.environment) for name, step in steps.items()}
        snapshot: Any = Unrecorded(compiled, Build(image))
        self.submit_pipeline(snapshot, stack, {}, environments)
        return self._made

    def _upload_and_run_pipeline(
        self,
        snapshot: Any,  # noqa: ARG002
        pipeline_file_path: str,
        run_name: str,  # noqa: ARG002
    ) -> None:
        text = Path(pipeline_file_path).read_text(encoding="utf-8")
        # What else may follow is for the cluster's scheduler.
        self._made = next(yaml.safe_load_all(text))
