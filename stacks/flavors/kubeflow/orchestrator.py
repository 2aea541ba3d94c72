"""ZenML's orchestrator for Kubeflow Pipelines, which here says when something went wrong."""

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from kfp import dsl
from kfp_server_api.exceptions import ApiException
from urllib3.exceptions import HTTPError
from zenml.client import Client
from zenml.config.resource_settings import ResourceSettings
from zenml.constants import METADATA_ORCHESTRATOR_URL
from zenml.integrations.kubeflow.orchestrators import KubeflowOrchestrator
from zenml.metadata.metadata_types import MetadataType, Uri
from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, ScheduleResponse
from zenml.orchestrators import SubmissionResult

from serving.errors import RunError
from stacks.attempt import watched
from stacks.closing import claim, close, closed_as
from stacks.flavors.dealing.groups import GroupedSnapshot, grouped_snapshot, most_retried, together
from stacks.flavors.dealing.outcome import outcome_of
from stacks.flavors.dealing.pods import largest, wish
from stacks.flavors.dealing.watch import Watch
from stacks.flavors.kubeflow.asking import Quiet, look
from stacks.flavors.kubeflow.cron import six_fields
from stacks.flavors.kubeflow.flavor import WatchedKubeflowConfig
from stacks.flavors.kubeflow.kept import start
from stacks.flavors.kubeflow.pod_start import NOBODY, OURS, identified
from stacks.flavors.kubeflow.pods import ask_for
from stacks.flavors.told import tell
from stacks.schedules import WAITING, keeper_of

RUN, RECURRING = "kubeflow_run_id", "kubeflow_recurring_run_id"
log = logging.getLogger(__name__)


class WatchedKubeflowOrchestrator(KubeflowOrchestrator):
    """Submits to Kubeflow Pipelines and watches what it submitted."""

    _placeholder: PipelineRunResponse | None = None
    _dealt: GroupedSnapshot

    @property
    def config(self) -> WatchedKubeflowConfig:
        """The component's settings."""
        return cast("WatchedKubeflowConfig", self._config)

    # What ZenML calls.

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """Compile a pipeline and hand it to Kubeflow.

        Raises:
            RunError: Kubeflow cannot be reached or refuses it.
        """
        self._placeholder = placeholder_run
        dealt = self._dealt = grouped_snapshot(snapshot, self.config.alone)
        environments = {
            name: together(step_environments, group) for name, group in dealt.groups.items()
        }
        return super().submit_pipeline(
            cast("Any", dealt), stack, base_environment, environments, placeholder_run
        )

    def delete_schedule(self, schedule: ScheduleResponse) -> None:
        """End the recurring run behind a schedule, before ZenML forgets it.

        Raises:
            RunError: Kubeflow cannot be reached, or does not do it.
        """
        recurring = schedule.run_metadata.get(RECURRING)
        if not recurring:
            return
        with self._answering(f"the schedule '{schedule.name}' could not be ended"):
            try:
                self._client().delete_recurring_run(str(recurring))
            except ApiException as error:
                if error.status != 404:
                    raise

    def get_orchestrator_run_id(self) -> str:
        """What ZenML knows a run by; in a pod that has only its own name, as it was closed."""
        own, ours = super().get_orchestrator_run_id(), os.environ.get(OURS)
        return (closed_as(UUID(ours), RUN) if ours else "") or str(own)

    def get_pipeline_run_metadata(self, run_id: UUID) -> dict[str, MetadataType]:  # noqa: ARG002
        """Nothing from within a pod: the client writes down where the run is."""
        return {}

    def _stop_run(self, run: PipelineRunResponse, graceful: bool = False) -> None:  # noqa: ARG002
        """End a run on Kubeflow, and with it here."""
        identity = run.run_metadata.get(RUN)
        if not identity:
            raise RunError(f"Nothing says which run of Kubeflow '{run.name}' is.")
        with self._answering(f"the run '{run.name}' could not be stopped"):
            self._client().terminate_run(str(identity))
        claim(run.id, str(identity))
        close(run.id, "It was stopped by hand.", status="stopped")

    def run_step(self, step: Any) -> None:
        """Run one step, in its pod."""
        with watched():
            super().run_step(step)

    # What the compilation calls.

    def _create_dynamic_component(
        self, image: str, command: list[str], arguments: list[str], component_name: str
    ) -> Any:
        steps = self._dealt.groups[component_name].steps
        ours = str(self._placeholder.id) if self._placeholder else NOBODY
        begun = identified(command, dsl.PIPELINE_JOB_ID_PLACEHOLDER, steps, ours)
        return super()._create_dynamic_component(image, begun, arguments, component_name)

    def _configure_container_resources(
        self,
        dynamic_component: Any,
        resource_settings: ResourceSettings,  # noqa: ARG002
        node_selector_constraint: tuple[str, str] | None = None,  # noqa: ARG002
    ) -> Any:
        """What the steps' own settings ask for, over what the stack says of their pod."""
        name = dynamic_component._task_spec.display_name
        wishes = [
            wish(
                step,
                configured.config.resource_settings,
                self.config.pods,
                configured.config.extra.get("timeout"),
            )
            for step, configured in self._dealt.members(name).items()
        ]
        ask_for(dynamic_component, largest(wishes))
        if retry := most_retried(
            configured.config.retry for configured in self._dealt.members(name).values()
        ):
            factor = float(max(retry.backoff, 1))
            dynamic_component.set_retry(retry.max_retries, f"{retry.delay}s", factor)
        return dynamic_component

    @staticmethod
    def get_image(snapshot: Any, step_name: str | None = None) -> str:
        """The image of a pod, which is that of each of its steps."""
        image = KubeflowOrchestrator.get_image
        if not isinstance(snapshot, GroupedSnapshot) or step_name is None:
            return str(image(snapshot, step_name))
        return snapshot.one_image(step_name, lambda step: str(image(snapshot.whole, step)))

    # What steps call: steps.monitoring.acting.Starts.

    def start_kept(self, schedule: str) -> str:
        """Start the pipeline behind a schedule once, now; says where its run can be watched.

        Raises:
            RunError: There is no such schedule, or Kubeflow does not start it.
        """
        recurring, namespace = keeper_of(schedule, RECURRING), self.config.user_namespace
        with self._answering(f"what waits behind '{schedule}' was not started"):
            return self.run_url(start(self._client(), recurring, schedule, namespace), namespace)

    # Between ZenML and Kubeflow.

    def _upload_and_run_pipeline(
        self, snapshot: PipelineSnapshotResponse, pipeline_file_path: str, run_name: str
    ) -> SubmissionResult:
        path, snapshot = Path(pipeline_file_path), self._dealt.whole
        # The compiled pipeline holds the token with which its pods talk to ZenML.
        path.chmod(0o600)
        try:
            if snapshot.schedule:
                return self._recur(snapshot, path, run_name)
            return self._run_once(snapshot, path, run_name)
        finally:
            path.unlink()

    def _run_once(
        self, snapshot: PipelineSnapshotResponse, path: Path, name: str
    ) -> SubmissionResult:
        settings = cast("Any", self.get_settings(snapshot))
        with self._answering(f"the run '{name}' was not started"):
            client = self._client(settings)
            made = client.create_run_from_pipeline_package(
                str(path), {}, name, namespace=settings.user_namespace, enable_caching=False
            )
        where = self.run_url(made.run_id, settings.user_namespace)
        log.info("Kubeflow: %s", where)
        told: dict[str, MetadataType] = {RUN: made.run_id}
        if where.startswith("http"):
            told[METADATA_ORCHESTRATOR_URL] = Uri(where)
        if not settings.synchronous or self._placeholder is None:
            return SubmissionResult(metadata=told)
        ours = self._placeholder.id
        own = "timeout" in settings.model_fields_set
        timeout = settings.timeout if own else self.config.timeout
        return SubmissionResult(lambda: self._wait(client, made.run_id, ours, timeout, where), told)

    def _recur(self, snapshot: PipelineSnapshotResponse, path: Path, name: str) -> SubmissionResult:
        schedule, settings = (
            cast("Any", snapshot.schedule),
            cast("Any", self.get_settings(snapshot)),
        )
        every = schedule.interval_second
        try:
            cron = six_fields(schedule.cron_expression) if schedule.cron_expression else None
            with self._answering(f"the schedule '{schedule.name}' was not made"):
                client = self._client(settings)
                experiment = client.create_experiment(
                    snapshot.pipeline_configuration.name, namespace=settings.user_namespace
                )
                made = client.create_recurring_run(
                    experiment.experiment_id,
                    name,
                    pipeline_package_path=str(path),
                    enable_caching=False,
                    cron_expression=cron,
                    start_time=schedule.utc_start_time,
                    end_time=schedule.utc_end_time,
                    interval_second=int(every.total_seconds()) if every else None,
                    no_catchup=not schedule.catchup,
                    enabled=not snapshot.pipeline_configuration.extra.get(WAITING),
                )
        except Exception:
            # ZenML would keep a schedule that nothing follows.
            Client().zen_store.delete_schedule(schedule.id, soft=False)
            raise
        return SubmissionResult(metadata={RECURRING: made.recurring_run_id})

    def _wait(self, client: Any, identity: str, run: UUID, timeout: float, where: str) -> None:
        config = self.config
        told = partial(tell, "Kubeflow")
        watch = Watch(
            lambda: look(client, identity, run), told, config.poll, config.patience, timeout
        )
        try:
            seen = watch.until_the_end()
        except TimeoutError:
            with self._answering(f"the run {where} did not end in {timeout:g} s and goes on"):
                client.terminate_run(identity)
            reason = f"The run did not end in {timeout:g} seconds (`timeout` in the stack's file)."
            claim(run, identity)
            close(run, reason)
            raise RunError(f"{reason} {where}") from None
        if seen.has_failed:
            reason = outcome_of(seen)
            claim(run, identity)
            close(run, reason)
            raise RunError(f"{reason} {where}")

    def _client(self, settings: Any = None) -> Any:
        # Its ways to say where a run is are prints.
        with redirect_stdout(io.StringIO()):
            return Quiet(self._get_kfp_client(settings or self.config))

    @contextmanager
    def _answering(self, failing: str) -> Iterator[None]:
        """Turn whatever Kubeflow's clients raise into one error.

        Raises:
            RunError: Kubeflow does not answer, or refuses.
        """
        try:
            yield
        except ApiException as error:
            said = f"answers {error.status} {error.reason}"
            raise RunError(f"Kubeflow Pipelines {said}: {failing}.") from error
        except (HTTPError, OSError, TimeoutError) as error:
            kind = f"{type(error).__name__}: {error}"
            raise RunError(f"Kubeflow Pipelines cannot be reached: {failing} ({kind}).") from error

    def run_url(self, identity: str, namespace: str | None = None) -> str:
        """Where a browser finds a run; a command that opens the way where there is no address."""
        config = self.config
        base = config.ui_url or (config.kubeflow_hostname or "").removesuffix("/")
        base = base.removesuffix("/").removesuffix("/pipeline")
        if base:
            base = base if "://" in base else f"https://{base}"
            inner = f"/_/pipeline/?ns={namespace}" if namespace else "/"
            return f"{base}{inner}#/runs/details/{identity}"
        context = f" --context {config.kubernetes_context}" if config.kubernetes_context else ""
        return (
            f"`kubectl{context} -n {config.kubeflow_namespace} port-forward svc/ml-pipeline-ui "
            f"8080:80`, then http://localhost:8080/#/runs/details/{identity}"
        )
