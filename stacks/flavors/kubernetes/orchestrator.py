"""ZenML's orchestrator for Kubernetes, which here says when something went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast
from uuid import UUID

from kubernetes import client as kubernetes
from kubernetes.client import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError
from zenml.client import Client
from zenml.config.base_settings import BaseSettings
from zenml.constants import DYNAMIC_PIPELINE_RUN_FAILED_EXIT_CODE as GIVEN_UP
from zenml.integrations.kubernetes import kube_utils
from zenml.integrations.kubernetes.orchestrators import KubernetesOrchestrator
from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, ScheduleResponse
from zenml.orchestrators import PipelineSubmissionError, SubmissionResult

from serving.errors import RunError
from stacks.attempt import GivenUpError, watched
from stacks.closing import close
from stacks.flavors.dealing.groups import GroupedSnapshot
from stacks.flavors.dealing.outcome import outcome_of
from stacks.flavors.dealing.pods import pod_of
from stacks.flavors.dealing.watch import Watch
from stacks.flavors.kubernetes.asking import look
from stacks.flavors.kubernetes.boot import begun
from stacks.flavors.kubernetes.dealing import dealt_snapshot
from stacks.flavors.kubernetes.flavor import WatchedKubernetesConfig, WatchedKubernetesSettings
from stacks.flavors.kubernetes.pods import lock
from stacks.flavors.told import tell

JOB, CRON_JOB, SNAPSHOT = "kubernetes_job", "cron_job_name", "snapshot_id"
# Seconds in which an API server says that it is there.
SECONDS = 10
# Kubernetes adds eleven characters to the name of a schedule for the job of a tick.
LONGEST = 52
log = logging.getLogger(__name__)


class WatchedKubernetesOrchestrator(KubernetesOrchestrator):
    """Starts a pod that starts the others, and watches what becomes of them."""

    _job = ""

    @property
    def config(self) -> WatchedKubernetesConfig:
        """The component's settings."""
        return cast("WatchedKubernetesConfig", self._config)

    @property
    def settings_class(self) -> type[BaseSettings]:
        """What a pipeline may say of its own run."""
        return WatchedKubernetesSettings

    # What ZenML calls.

    def requires_resources_in_orchestration_environment(self, step: Any) -> bool:  # noqa: ARG002
        """Whether ZenML is to say what a step asks for; here its pod does."""
        return False

    def _submit_orchestrator_job(
        self,
        snapshot: PipelineSnapshotResponse,
        command: list[str],
        args: list[str],
        environment: dict[str, str],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """Start the pod that starts the others, or have Kubernetes start it at its times.

        Raises:
            RunError: Kubernetes cannot be reached, or refuses it.
        """
        settings = cast("WatchedKubernetesSettings", self.get_settings(snapshot))
        dealt = dealt_snapshot(snapshot, self.config.alone)
        for group in dealt.groups:
            self.get_image(dealt, group)
        what = "schedule" if snapshot.schedule else "run"
        try:
            with self._answering(f"the {what} was not made"):
                kubernetes.VersionApi(self.get_kube_client()).get_code(_request_timeout=SECONDS)
                made = super()._submit_orchestrator_job(
                    snapshot, begun(command), args, environment, placeholder_run
                )
        except Exception:
            if snapshot.schedule:
                # ZenML would keep a schedule that nothing follows.
                Client().zen_store.delete_schedule(snapshot.schedule.id, soft=False)
            raise
        if snapshot.schedule:
            told = made.metadata if made else None
            return SubmissionResult(metadata={**(told or {}), SNAPSHOT: str(snapshot.id)})
        where = self.logs_command(self._job)
        log.info("Kubernetes: %s", where)
        if not settings.synchronous or placeholder_run is None:
            return SubmissionResult(metadata={JOB: self._job})
        run, job, limit = placeholder_run.id, self._job, settings.limit
        token = self.get_token_secret_name(snapshot.id)
        return SubmissionResult(lambda: self._wait(run, job, limit, token), {JOB: job})

    def delete_schedule(self, schedule: ScheduleResponse) -> None:
        """Delete the CronJob behind a schedule, before ZenML forgets it.

        Raises:
            RunError: Kubernetes cannot be reached, or a run of it is at work.
        """
        name, namespace = schedule.run_metadata.get(CRON_JOB), self.config.kubernetes_namespace
        if not name:
            return
        with self._answering(f"the schedule '{schedule.name}' could not be ended"), suppress_gone():
            batch, cron = self._k8s_batch_api, str(name)
            batch.patch_namespaced_cron_job(cron, namespace, {"spec": {"suspend": True}})
            if batch.read_namespaced_cron_job(cron, namespace).status.active:
                raise RunError(
                    f"'{schedule.name}' recurs no more, and a run of it is at work, which would "
                    "end with its schedule: once that has ended, `python run.py unschedule "
                    f"{schedule.name}` again."
                )
            batch.delete_namespaced_cron_job(cron, namespace, propagation_policy="Foreground")
            self._forget(f"zenml-token-{schedule.run_metadata.get(SNAPSHOT)}")

    def _stop_run(self, run: PipelineRunResponse, graceful: bool = False) -> None:  # noqa: ARG002
        """End a run on Kubernetes, and with it here."""
        with self._answering(f"the run '{run.name}' could not be stopped"):
            self._end(run.id, self.get_token_secret_name(run.snapshot.id) if run.snapshot else "")
        close(run.id, "It was stopped by hand.", status="stopped")

    def run_step(self, step: Any) -> None:
        """Run one step, in its pod."""
        try:
            with watched():
                super().run_step(step)
        except GivenUpError as error:
            # Its pod is not begun anew: see the conductor's jobs.
            log.exception("The step is not tried again.")
            raise SystemExit(GIVEN_UP) from error

    # What the making of jobs calls.

    @staticmethod
    def get_image(snapshot: Any, step_name: str | None = None) -> str:
        """The image of a pod, which is that of each of its steps."""
        image = KubernetesOrchestrator.get_image
        if not isinstance(snapshot, GroupedSnapshot) or step_name is None:
            return str(image(snapshot, step_name))
        return snapshot.one_image(step_name, lambda step: str(image(snapshot.whole, step)))

    def _prepare_job_manifest(self, *words: Any, **named: Any) -> Any:
        """The job of the pod that starts the others, which is no more than those may be."""
        made = super()._prepare_job_manifest(*words, **named)
        lock(made.spec.template.spec.containers[0], pod_of("", self.config.pods))
        return made

    def _get_job_name(self, settings: Any, pipeline_name: str, step_name: str | None = None) -> str:
        name = str(super()._get_job_name(settings, pipeline_name, step_name))
        self._job = name[:LONGEST].rstrip("-")
        return self._job

    # Between ZenML and Kubernetes.

    def jobs_of(self, run: UUID) -> list[Any]:
        """Every job of a run: those of its pods, and the one that starts them."""
        namespace = self.config.kubernetes_namespace
        return list(kube_utils.list_jobs(self._k8s_batch_api, namespace, f"run_id={run}").items)

    def logs_command(self, job: str) -> str:
        """What shows the words of a job's pod, and stays where no page does."""
        context = (
            f" --context {self.config.kubernetes_context}" if self.config.kubernetes_context else ""
        )
        return f"`kubectl{context} -n {self.config.kubernetes_namespace} logs job/{job}`"

    def _wait(self, run: UUID, job: str, limit: float, token: str) -> None:
        config, namespace = self.config, self.config.kubernetes_namespace
        stuck = config.fail_on_container_waiting_reasons or ()
        where, told = self.logs_command(job), partial(tell, "Kubernetes")

        def seen_now() -> Any:
            return look(self._k8s_batch_api, self._k8s_core_api, namespace, job, run, stuck)

        watch = Watch(seen_now, told, config.poll, config.patience, limit, "Kubernetes")
        try:
            seen = watch.until_the_end()
        except TimeoutError:
            with self._answering(f"the run did not end in {limit:g} s and goes on"):
                self._end(run, token)
            reason = f"The run did not end in {limit:g} seconds (`timeout` in the stack's file)."
            close(run, reason)
            raise RunError(f"{reason} {where}") from None
        if seen.has_failed:
            reason = outcome_of(seen)
            with suppress(ApiException, HTTPError, OSError):
                self._end(run, token, ended=True)
            close(run, reason)
            raise RunError(f"{reason} {where}")

    def _end(self, run: UUID, token: str = "", *, ended: bool = False) -> None:
        """Delete the jobs of a run, and with them their pods.

        Args:
            ended: Keep those that have ended, whose pods' words somebody may want to read.
        """
        for job in self.jobs_of(run):
            if ended and job.status.conditions:
                continue
            with suppress_gone():
                self._k8s_batch_api.delete_namespaced_job(
                    job.metadata.name,
                    self.config.kubernetes_namespace,
                    propagation_policy="Foreground",
                )
        self._forget(token)

    def _forget(self, secret: str) -> None:
        """Delete the token with which pods talk to ZenML, where it was kept as a secret."""
        if secret and self.config.pass_zenml_token_as_secret:
            with suppress_gone():
                namespace = self.config.kubernetes_namespace
                kube_utils.delete_secret(self._k8s_core_api, namespace, secret)

    @contextmanager
    def _answering(self, failing: str) -> Iterator[None]:
        """Turn whatever Kubernetes' client raises into one error.

        Raises:
            RunError: Kubernetes does not answer, or refuses.
        """
        try:
            yield
        except PipelineSubmissionError as error:
            raise RunError(f"Kubernetes refuses: {failing} ({error}).") from error
        except ApiException as error:
            said = f"{error.status} {error.reason}"
            raise RunError(f"Kubernetes answers {said} at {self._host()}: {failing}.") from error
        except ConfigException as error:
            raise RunError(f"No kubeconfig leads to Kubernetes: {failing} ({error}).") from error
        except (HTTPError, OSError) as error:
            kind = f"{type(error).__name__}: {error}"
            raise RunError(
                f"Kubernetes cannot be reached at {self._host()}: {failing} ({kind})."
            ) from error

    def _host(self) -> str:
        return str(self._k8s_client.configuration.host) if self._k8s_client else "its address"


@contextmanager
def suppress_gone() -> Iterator[None]:
    """Take it as done where what was to be changed is not there any more."""
    try:
        yield
    except ApiException as error:
        if error.status != 404:
            raise
