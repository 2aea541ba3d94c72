"""What was seen of a trial as it went on, few enough to keep."""

from math import isnan

from serving.spec import Observation
from steps.config import Settings

# However long a trial lasts.
MOST = 120


class Moment(Settings):
    """What both versions had done so many seconds into a trial.

    Args:
        agreed: The share of the compared rows on which they agree; None where none was compared.
        trial_ms, stable_ms: Their p99 latencies in milliseconds; None without a request.
    """

    seconds: float
    trial: int
    stable: int
    trial_errors: int = 0
    stable_errors: int = 0
    trial_ms: float | None = None
    stable_ms: float | None = None
    agreed: float | None = None

    @classmethod
    def of(cls, seen: Observation, seconds: float) -> "Moment":
        """What is kept of an observation."""
        return cls(
            seconds=round(seconds, 3),
            trial=seen.trial.requests,
            stable=seen.stable.requests,
            trial_errors=seen.trial.errors,
            stable_errors=seen.stable.errors,
            trial_ms=_known(seen.trial.p99_ms),
            stable_ms=_known(seen.stable.p99_ms),
            agreed=seen.agreed / seen.compared if seen.compared else None,
        )


def kept(moments: list[Moment]) -> list[Moment]:
    """One less where there are too many: the one that leaves the smallest gap, never an end."""
    if len(moments) <= MOST:
        return moments
    gaps = [
        after.seconds - before.seconds for before, after in zip(moments, moments[2:], strict=False)
    ]
    place = gaps.index(min(gaps)) + 1
    return [*moments[:place], *moments[place + 1 :]]


def _known(number: float) -> float | None:
    return None if isnan(number) else number
