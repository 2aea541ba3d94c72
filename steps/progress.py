"""How far a step has come, for whoever watches it run."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

# What is done, and how much there is to do; None where nobody knows.
Tell = Callable[[int, int | None], None]


def nobody(done: int, total: int | None) -> None:
    """Tell nobody."""


def teller(unit: str) -> Tell:
    """Says in the log how far the step that runs has come, where one runs.

    Args:
        unit: What is counted, such as rows.
    """
    from zenml import get_step_context

    try:
        step = get_step_context().step_name
    except RuntimeError:
        return nobody

    def tell(done: int, total: int | None) -> None:
        of = "" if total is None else f" of {total:,}"
        log.info("Progress of `%s`: %s%s %s", step, f"{done:,}", of, unit)

    return tell
