"""One attempt at a step: how long it may take, and whether another one follows it.

ZenML tries a step again after whatever ended it: the user's mistake, which will be the same the
next time, and Ctrl-C too. Here it does not.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zenml.exceptions import RunInterruptedException, RunStoppedException
from zenml.execution.step import utils
from zenml.models import PipelineRunResponse
from zenml.orchestrators.step_launcher import StepLauncher

from serving.errors import ChampionMovedError, RunError, UserError
from stacks.closing import end_step
from stacks.time_limit import time_limit

# Another attempt meets the same table, the same config, the same champion, the same user.
IN_VAIN = (UserError, ChampionMovedError, RunInterruptedException, KeyboardInterrupt)
log = logging.getLogger(__name__)


class GivenUpError(RunStoppedException):
    """ZenML's word for an end after which nothing is tried again; its cause says why."""


class Attempt(StepLauncher):
    """ZenML's launcher of a step, with a limit to its time and an eye on how it ends."""

    made: Counter[str]

    def launch(self) -> Any:
        """Run the step once.

        Raises:
            GivenUpError: It failed, may be tried again, and that would be in vain.
        """
        name = self._invocation_id
        self.made[name] += 1
        try:
            with time_limit(name, self._step.config.extra.get("timeout")):
                return super().launch()
        except BaseException as error:
            if self._left(name):
                self._tell(name, error)
            raise

    def _create_or_reuse_run(self) -> tuple[PipelineRunResponse, bool]:
        """The run that this step is of, unless that was closed before the step began.

        Raises:
            RunError: It was.
        """
        run, created = super()._create_or_reuse_run()
        if run.status.is_finished and (why := run.get_body().status_reason):
            # Nobody waits any more for what the step would do, and ZenML would let it.
            raise RunError(f"'{run.name}' was ended before this step began: {why}")
        return run, created

    def _left(self, name: str) -> int:
        """How many attempts are left."""
        asked = self._step.config.retry
        return int(asked.max_retries + 1 - self.made[name]) if asked else 0

    def _tell(self, name: str, error: BaseException) -> None:
        if isinstance(error, IN_VAIN):
            if self._step_run is not None:
                end_step(self._step_run.id, str(error))
            raise GivenUpError(str(error)) from error
        asked, number = self._step.config.retry, self.made[name]
        wait = asked.delay * asked.backoff ** (number - 1)
        kind = type(error).__name__
        log.info(
            "Step `%s` is tried again: %d of %d in %d s (%s: %s)",
            name, number + 1, asked.max_retries + 1, wait, kind, error,
        )  # fmt: skip


@contextmanager
def watched() -> Iterator[None]:
    """Let ZenML launch the steps of this process as such attempts meanwhile."""
    before = utils.StepLauncher
    utils.StepLauncher = type("CountedAttempt", (Attempt,), {"made": Counter()})
    try:
        yield
    finally:
        utils.StepLauncher = before
