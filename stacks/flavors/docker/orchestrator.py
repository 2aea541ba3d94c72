"""ZenML's orchestrator for Docker on this machine, which here runs branches side by side."""

import copy
import logging
import os
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from docker.errors import APIError
from zenml.config.global_config import GlobalConfiguration
from zenml.config.resource_settings import ByteUnit
from zenml.constants import ENV_ZENML_LOCAL_STORES_PATH
from zenml.entrypoints import StepEntrypointConfiguration
from zenml.enums import ExecutionMode
from zenml.orchestrators import SubmissionResult
from zenml.orchestrators.local_docker.local_docker_orchestrator import (
    ENV_ZENML_DOCKER_ORCHESTRATOR_RUN_ID,
    LocalDockerOrchestrator,
)

from serving.errors import ConfigError, RunError
from serving.image import PATIENCE
from stacks.attempt import watched
from stacks.closing import close
from stacks.flavors.dealing.groups import Group, grouped, together
from stacks.flavors.dealing.start import in_turn
from stacks.flavors.docker.branches import side_by_side
from stacks.flavors.docker.flavor import ParallelDockerConfig

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse

LABEL = "switchyard.run"
# Of what a container printed, the lines that an error carries.
LAST = 5
# What root needs in a container to write, and give away, what belongs to others: the homes of
# servers, and the stores of whoever ran here before.
OF_OTHERS = ["CHOWN", "DAC_OVERRIDE", "FOWNER"]
log = logging.getLogger(__name__)


class ParallelDockerOrchestrator(LocalDockerOrchestrator):
    """Runs the containers of a pipeline side by side, as far as its graph lets it."""

    @property
    def config(self) -> ParallelDockerConfig:
        """The component's settings."""
        return cast("ParallelDockerConfig", self._config)

    def submit_pipeline(
        self,
        snapshot: "PipelineSnapshotResponse",
        stack: Any,
        base_environment: dict[str, str],  # noqa: ARG002
        step_environments: dict[str, dict[str, str]],
        placeholder_run: "PipelineRunResponse | None" = None,
    ) -> SubmissionResult | None:
        """Run a pipeline to its end.

        Raises:
            ConfigError: It has a schedule, or steps of one container contradict each other.
            RunError: A container failed.
        """
        if snapshot.schedule:
            raise ConfigError("Docker keeps no schedule: choose a stack of Kubeflow Pipelines.")
        stack.check_local_paths()
        # A busy engine may say nothing for longer than a minute.
        self.docker_client.api.timeout = PATIENCE
        run = Containers(self, snapshot, step_environments)
        steps = snapshot.step_configurations
        upstream = {name: step.spec.upstream_steps for name, step in steps.items()}
        mode = snapshot.pipeline_configuration.execution_mode
        failed = side_by_side(
            grouped(upstream, self.config.alone),
            run.carry_out,
            self.config.at_once,
            halt=run.halt,
            after_failure=mode == ExecutionMode.CONTINUE_ON_FAILURE,
        )
        if failed:
            reason = f"The container of step '{failed[0]}' failed: {run.last_words(failed[0])}"
            if placeholder_run is not None:
                close(placeholder_run.id, reason)
            raise RunError(reason)
        return None

    def _stop_run(self, run: "PipelineRunResponse", graceful: bool = False) -> None:  # noqa: ARG002
        """End the containers of a run, and the run in ZenML's books."""
        if run.orchestrator_run_id:
            end_containers(self.docker_client, run.orchestrator_run_id)
        close(run.id, "It was stopped by hand.", status="stopped")

    def run_step(self, step: Any) -> None:
        """Run one step, in its container."""
        with watched():
            super().run_step(step)


class Containers:
    """The containers of one run."""

    def __init__(
        self,
        orchestrator: ParallelDockerOrchestrator,
        snapshot: "PipelineSnapshotResponse",
        environments: dict[str, dict[str, str]],
    ) -> None:
        self.orchestrator = orchestrator
        self.snapshot = snapshot
        self.environments = environments
        self.identity = str(uuid4())
        self.said: dict[str, deque[str]] = {}
        self.over = threading.Event()

    def carry_out(self, group: Group) -> bool:
        """Run the steps of a group in one container; whether all ended well."""
        said = self.said[group.name] = deque(maxlen=LAST)
        try:
            container = self.orchestrator.docker_client.containers.run(**self.asked(group))
        except APIError as error:
            said.append(str(error.explanation))
            return False
        try:
            if self.over.is_set():
                return False
            for chunk in container.logs(stream=True, follow=True):
                for line in chunk.decode(errors="replace").splitlines():
                    said.append(line)
                    log.info(line)
            return int(container.wait()["StatusCode"]) == 0
        finally:
            container.remove(force=True)

    def halt(self) -> None:
        """End what runs, and what is just about to."""
        self.over.set()
        end_containers(self.orchestrator.docker_client, self.identity)

    def last_words(self, group: str) -> str:
        """The end of what a container printed."""
        return "\n".join(self.said[group]) or "it said nothing"

    def asked(self, group: Group) -> dict[str, Any]:
        """What Docker is asked for, as ZenML's own orchestrator does for a step.

        Raises:
            ConfigError: The steps of the group do not agree.
        """
        own = self.run_args(group)
        # Ended containers are removed here, when all that they printed has been read.
        own.pop("remove", None)
        stores = GlobalConfiguration().local_stores_path
        volumes = {**own.pop("volumes", {}), stores: {"bind": stores, "mode": "rw"}}
        hosts = {"host.docker.internal": "host-gateway", **own.pop("extra_hosts", {})}
        environment = {
            **own.pop("environment", {}),
            **together(self.environments, group),
            ENV_ZENML_DOCKER_ORCHESTRATOR_RUN_ID: self.identity,
            ENV_ZENML_LOCAL_STORES_PATH: stores,
            "ZENML_LOGGING_COLORS_DISABLED": "true",
        }
        return {
            "image": self._image(group.steps[0]),
            "user": os.getuid(),
            **locked(os.getuid()),
            **self.command(group),
            **self.limits(group),
            **own,
            "volumes": volumes,
            "environment": environment,
            "extra_hosts": hosts,
            "labels": {**own.get("labels", {}), LABEL: self.identity},
            "detach": True,
        }

    def command(self, group: Group) -> dict[str, list[str]]:
        """What begins each of the steps in turn."""
        steps = StepEntrypointConfiguration
        words = steps.get_entrypoint_arguments(
            step_name=group.steps[0], snapshot_id=self.snapshot.id
        )
        return {
            "entrypoint": in_turn(steps.get_entrypoint_command(), group.steps),
            "command": words,
        }

    def run_args(self, group: Group) -> dict[str, Any]:
        """What the stack's file and the pipeline ask Docker for.

        Raises:
            ConfigError: The steps of the group ask for different things.
        """
        steps = self.snapshot.step_configurations
        found = [
            (cast("Any", self.orchestrator.get_settings(steps[each])).run_args, self._image(each))
            for each in group.steps
        ]
        for step, other in zip(group.steps, found, strict=True):
            if other != found[0]:
                raise ConfigError(
                    f"The steps of the container '{group.name}' ask for different images or "
                    f"run_args: name '{step}' in `alone` of the orchestrator's configuration."
                )
        return copy.deepcopy(found[0][0])

    def limits(self, group: Group) -> dict[str, Any]:
        """The most that a step of the group asks for."""
        steps = self.snapshot.step_configurations
        asked = [steps[each].config.resource_settings for each in group.steps]
        cpus = max((each.cpu_count or 0 for each in asked), default=0)
        memory = max((each.get_memory(ByteUnit.MB) or 0 for each in asked), default=0)
        limits: dict[str, Any] = {"nano_cpus": int(cpus * 1e9)} if cpus else {}
        return {**limits, "mem_limit": int(memory * 10**6)} if memory else limits

    def _image(self, step: str) -> str:
        return str(self.orchestrator.get_image(self.snapshot, step))


def end_containers(engine: Any, identity: str) -> None:
    """End what runs of a run."""
    for container in engine.containers.list(filters={"label": f"{LABEL}={identity}"}):
        # One that ends by itself meanwhile is gone.
        with suppress(APIError):
            container.kill()


def locked(user: int) -> dict[str, Any]:
    """What keeps a container in its place; `run_args` of the stack's file may say otherwise."""
    asked: dict[str, Any] = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    return asked if user else {**asked, "cap_add": OF_OTHERS}
