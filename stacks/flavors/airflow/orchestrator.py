"""ZenML's orchestrator for Airflow, which here says when something went wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from zenml.client import Client
from zenml.constants import METADATA_ORCHESTRATOR_URL
from zenml.integrations.airflow.orchestrators import AirflowOrchestrator
from zenml.metadata.metadata_types import MetadataType, Uri
from zenml.models import PipelineRunResponse, PipelineSnapshotResponse, ScheduleResponse
from zenml.orchestrators import SubmissionResult
from zenml.utils import io_utils

from serving.errors import ConfigError, RunError
from stacks.attempt import watched
from stacks.closing import claim, close
from stacks.flavors.airflow import files
from stacks.flavors.airflow.api import ACTIVE, Airflow
from stacks.flavors.airflow.flavor import WatchedAirflowConfig
from stacks.flavors.airflow.tasks import DOCKER, prepared
from stacks.flavors.airflow.watching import Handed, begun, known, to_the_end
from stacks.flavors.dealing.groups import GroupedSnapshot, grouped_snapshot, together
from stacks.flavors.dealing.watch import Lost
from stacks.schedules import WAITING, keeper_of

DAG, RUN = "airflow_dag_id", "airflow_run_id"
# From then on a pipeline would recur that begins only when it is started.
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


class WatchedAirflowOrchestrator(AirflowOrchestrator):
    """Writes a DAG where Airflow finds it, and watches what becomes of it."""

    _dealt: GroupedSnapshot
    _written: tuple[str, Path] | None = None

    @property
    def config(self) -> WatchedAirflowConfig:
        """The component's settings."""
        return cast("WatchedAirflowConfig", self._config)

    # What ZenML calls.

    def submit_pipeline(
        self,
        snapshot: PipelineSnapshotResponse,
        stack: Any,
        base_environment: dict[str, str],
        step_environments: dict[str, dict[str, str]],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        """Write a DAG, and see that Airflow begins with it.

        Raises:
            RunError: Airflow cannot be reached, or does not pick it up.
        """
        dealt = self._dealt = grouped_snapshot(snapshot, self.config.alone)
        environments = {
            name: together(step_environments, group) for name, group in dealt.groups.items()
        }
        airflow, self._written = self._airflow(), None
        try:
            with self._answering("nothing was handed to it"):
                airflow.version()
                self._sweep(airflow)
            super().submit_pipeline(
                cast("Any", dealt), stack, base_environment, environments, placeholder_run
            )
            dag, path = cast("tuple[str, Path]", self._written)
            handed = Handed(airflow, dag, path)
            log.info("Airflow: %s/dags/%s", airflow.url, handed.dag)
            if snapshot.schedule is None:
                return self._run_once(handed, placeholder_run)
            with self._answering("the schedule was not made"):
                known(handed, self.config)
        except Exception:
            self._take_back(snapshot)
            raise
        return SubmissionResult(metadata={DAG: handed.dag})

    def delete_schedule(self, schedule: ScheduleResponse) -> None:
        """Let Airflow begin no further run, before ZenML forgets the schedule.

        Raises:
            RunError: Airflow cannot be reached, or a run of it is at work.
        """
        dag = str(schedule.run_metadata.get(DAG) or "")
        if not dag:
            return
        airflow, path = self._airflow(), Path(self._folder()) / f"{dag}.zip"
        with self._answering(f"the schedule '{schedule.name}' could not be ended"):
            if ACTIVE & set(airflow.runs(dag).values()):
                # Airflow goes on with no run of a DAG that is paused, or whose file is gone.
                recurs = not files.ended(path, int(self.config.file_mode, 8))
                raise RunError(
                    f"'{schedule.name}' recurs {'still' if recurs else 'no more'}, and a run of it "
                    "is at work, whose steps ZenML would refuse without the schedule: once that "
                    f"has ended, `python run.py unschedule {schedule.name}` again."
                )
            airflow.pause(dag)
        path.unlink(missing_ok=True)

    def _stop_run(self, run: PipelineRunResponse, graceful: bool = False) -> None:  # noqa: ARG002
        """End a run in Airflow, and with it here."""
        dag = str(run.run_metadata.get(DAG) or "")
        if not dag or not run.orchestrator_run_id:
            raise RunError(f"Nothing says which run of Airflow '{run.name}' is.")
        with self._answering(f"the run '{run.name}' could not be stopped"):
            self._airflow().fail(dag, run.orchestrator_run_id)
        close(run.id, "It was stopped by hand.", status="stopped")

    def run_step(self, step: Any) -> None:
        """Run one step, in its container."""
        with watched():
            super().run_step(step)

    # What steps call: steps.monitoring.acting.Starts.

    def start_kept(self, schedule: str) -> str:
        """Start the pipeline behind a schedule once, now; says where its run can be watched.

        Raises:
            RunError: There is no such schedule, or Airflow does not start it.
        """
        airflow, dag = self._airflow(), keeper_of(schedule, DAG)
        with self._answering(f"what waits behind '{schedule}' was not started"):
            return Handed(airflow, dag, Path(self._folder())).url(airflow.start(dag))

    # What the making of the DAG calls.

    @staticmethod
    def get_image(snapshot: Any, step_name: str | None = None) -> str:
        """The image of a container, which is that of each of its steps."""
        image = AirflowOrchestrator.get_image
        if not isinstance(snapshot, GroupedSnapshot) or step_name is None:
            return str(image(snapshot, step_name))
        return snapshot.one_image(step_name, lambda step: str(image(snapshot.whole, step)))

    def requires_resources_in_orchestration_environment(self, step: Any) -> bool:
        """Whether ZenML is to say what a task asks for; with Docker it is said here."""
        if cast("Any", self.get_settings(step)).operator == DOCKER:
            return False
        return bool(AirflowOrchestrator.requires_resources_in_orchestration_environment(step))

    @staticmethod
    def _translate_schedule(schedule: ScheduleResponse | None = None) -> dict[str, Any]:
        said: dict[str, Any] = AirflowOrchestrator._translate_schedule(schedule)
        if schedule is not None:
            # ZenML's own start of a week ago lets Airflow run at once what was due before.
            said["start_date"] = schedule.utc_start_time or datetime.now(UTC)
            said["end_date"] = schedule.utc_end_time
        return said

    def _write_dag(self, dag_config: Any, dag_generator_values: Any, output_dir: str) -> None:
        if io_utils.is_remote(output_dir):
            raise ConfigError(
                f"`dag_output_dir` is '{output_dir}': name a directory of this machine that "
                "Airflow reads too, such as a mount."
            )
        dag_config.tags = [*dag_config.tags, files.TAG]
        # A tick waits for the one before it: two trainings of one model overtake each other.
        dag_config.dag_args = {"max_active_runs": 1, **dag_config.dag_args}
        for task in dag_config.tasks:
            prepared(task, self._dealt, self.config)
        if self._dealt.whole.pipeline_configuration.extra.get(WAITING):
            # It has times because ZenML's own DAG has to have some, and they never come.
            dag_config.start_date = NEVER
        path = Path(output_dir) / f"{dag_config.id}.zip"
        program = Path(dag_generator_values.file).read_bytes()
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, program, dag_config.model_dump_json(), int(self.config.file_mode, 8))
        self._written = (dag_config.id, path)

    # Between ZenML and Airflow.

    def _run_once(
        self, handed: Handed, placeholder: PipelineRunResponse | None
    ) -> SubmissionResult:
        url = f"{handed.airflow.url}/dags/{handed.dag}"
        told: dict[str, MetadataType] = {DAG: handed.dag, METADATA_ORCHESTRATOR_URL: Uri(url)}
        if placeholder is None:
            return SubmissionResult(metadata=told)
        ours = placeholder.id

        def wait() -> None:
            run = ""
            try:
                with self._answering("the run was not watched to its end"):
                    run = begun(handed, self.config)
                    to_the_end(handed, run, ours, self.config)
            except Exception as error:
                if run:
                    claim(ours, run)
                close(ours, str(error))
                handed.path.unlink(missing_ok=True)
                raise
            # Airflow reads it again for each task: it is there for as long as the run.
            handed.path.unlink(missing_ok=True)

        return SubmissionResult(wait, told)

    def _take_back(self, snapshot: PipelineSnapshotResponse) -> None:
        """Leave neither a file nor a schedule that nothing follows."""
        if self._written:
            self._written[1].unlink(missing_ok=True)
        if snapshot.schedule is not None:
            Client().zen_store.delete_schedule(snapshot.schedule.id, soft=False)

    def _sweep(self, airflow: Airflow) -> None:
        """Remove the files of runs that have ended since their clients went away."""
        for dag, path in files.ours(Path(self._folder())).items():
            states = set(airflow.runs(dag).values())
            if states and not states & ACTIVE:
                path.unlink(missing_ok=True)

    def _folder(self) -> str:
        return str(self.config.dag_output_dir or self.dags_directory)

    def _airflow(self) -> Airflow:
        config = self.config
        return Airflow(config.url, config.username, config.password, config.token)

    @contextmanager
    def _answering(self, failing: str) -> Iterator[None]:
        """Turn an Airflow that does not answer into an error.

        Raises:
            RunError: It does not.
        """
        try:
            yield
        except Lost as error:
            url = self.config.url
            raise RunError(f"Airflow cannot be reached at {url}: {failing} ({error}).") from error
