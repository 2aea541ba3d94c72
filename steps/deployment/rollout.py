"""Whether a version on trial takes over, and why: a pure function of what was observed."""

from collections.abc import Iterator
from math import isnan
from typing import Literal

from serving.spec import Observation, Sample
from steps.config import Settings
from steps.deployment.moments import Moment
from steps.deployment.settings import LimitSettings, RolloutSettings, Strategy
from steps.deployment.smoke import Smoke
from steps.evaluation.numbers import limit as told_limit
from steps.evaluation.numbers import show

Outcome = Literal["finish", "roll_back"]


class Measure(Settings):
    """One number of a trial, held against its limit.

    Args:
        stable: Of the version that served; None where it has none.
        value: What the limit is for; None where the trial leaves it undefined.
        passed: None where nothing could be or was to be held against a limit.
        told: The sentence that says so.
    """

    name: str
    stable: float | None = None
    trial: float | None = None
    value: float | None = None
    limit: float | None = None
    passed: bool | None = None
    told: str


class Rollout(Settings):
    """What a trial came to.

    Args:
        version: The version that was to take over.
        before: The version that served until then; empty where none did.
        tried: Whether there was a trial at all.
        requests: What the version on trial has met.
        seconds: How long the trial lasted.
        reasons: In words and numbers, the deciding one first.
        moments: What was seen as the trial went on.
        answer: What the version that serves now answered afterwards.
    """

    outcome: Outcome
    strategy: Strategy
    model: str
    version: str
    before: str = ""
    tried: bool = True
    requests: int = 0
    stable_requests: int = 0
    compared: int = 0
    skipped: int = 0
    seconds: float = 0.0
    measures: tuple[Measure, ...] = ()
    reasons: tuple[str, ...]
    moments: tuple[Moment, ...] = ()
    answer: Smoke | None = None

    @property
    def serves(self) -> str:
        """The version that serves now."""
        return self.version if self.outcome == "finish" else self.before


def judge(seen: Observation, settings: RolloutSettings) -> Rollout:
    """Finish a trial that kept every limit, and roll back any other.

    A trial that met fewer requests than `window.least` is decided by `quiet` alone.
    """
    measures = tuple(_measures(seen, settings))
    few = seen.trial.requests < settings.window.least
    broken = [measure.told for measure in measures if measure.passed is False]
    kept = [measure.told for measure in measures if measure.passed is not False]
    if few:
        outcome: Outcome = "finish" if settings.quiet == "finish" else "roll_back"
        reasons = [_quiet(seen.trial, settings), *broken, *kept]
    else:
        outcome = "roll_back" if broken else "finish"
        reasons = [*broken, *kept]
    return Rollout(
        outcome=outcome,
        strategy=seen.traffic.mode,
        model=seen.name,
        version=seen.trial.version,
        before=seen.stable.version,
        requests=seen.trial.requests,
        stable_requests=seen.stable.requests,
        compared=seen.compared,
        skipped=seen.skipped,
        measures=measures,
        reasons=tuple(reasons),
    )


def hopeless(seen: Observation, settings: RolloutSettings) -> bool:
    """Whether a trial fails so many requests that waiting for the rest of its window is wrong."""
    if seen.trial.requests < settings.window.least:
        return False
    return _errors(seen, settings.limits).passed is False


def at_once(model: str, version: str, before: str, strategy: Strategy) -> Rollout:
    """What a deployment came to that tried nothing out."""
    if before == version:
        why = f"Version {version} served already."
    elif before:
        why = f"Version {version} took over from version {before} at once, as the config asks."
    else:
        why = f"Nothing served '{model}', so that version {version} took over at once."
    return Rollout(
        outcome="finish",
        strategy=strategy,
        model=model,
        version=version,
        before=before,
        tried=False,
        reasons=(why,),
    )


def nothing(model: str, strategy: Strategy) -> Rollout:
    """What a deployment came to that had nothing to deploy."""
    return Rollout(
        outcome="finish",
        strategy=strategy,
        model=model,
        version="",
        tried=False,
        reasons=(f"'{model}' has no champion: nothing was deployed.",),
    )


def _measures(seen: Observation, settings: RolloutSettings) -> Iterator[Measure]:
    yield _errors(seen, settings.limits)
    yield _latency(seen, settings.limits)
    if settings.limits.min_agreement is not None or seen.compared:
        yield _agreement(seen, settings.limits)


def _errors(seen: Observation, limits: LimitSettings) -> Measure:
    stable, trial = _rate(seen.stable), _rate(seen.trial)
    excess = trial - stable
    passed = excess <= limits.max_error_rate
    return Measure(
        name="error rate",
        stable=stable,
        trial=trial,
        value=excess,
        limit=limits.max_error_rate,
        passed=passed,
        told=(
            f"Version {seen.trial.version} failed {_part(seen.trial.errors, seen.trial.requests)} "
            f"of its requests and version {seen.stable.version} "
            f"{_part(seen.stable.errors, seen.stable.requests)}: a difference of "
            f"{_percent(excess)}, {_held(passed, _percent(limits.max_error_rate))}."
        ),
    )


def _latency(seen: Observation, limits: LimitSettings) -> Measure:
    stable, trial = _known(seen.stable.p99_ms), _known(seen.trial.p99_ms)
    if stable is None or trial is None:
        slower = seen.stable.version if stable is None else seen.trial.version
        told = f"Latencies were not compared: version {slower} answered no request."
        return Measure(name="p99 latency, ms", stable=stable, trial=trial, told=told)
    ratio = trial / stable if stable else 0.0
    passed = ratio <= limits.max_latency_ratio or trial <= limits.latency_floor_ms
    allowed = f"{told_limit(limits.max_latency_ratio)} times"
    if ratio > limits.max_latency_ratio and passed:
        held = f"and a p99 up to {told_limit(limits.latency_floor_ms)} ms is never too slow"
    else:
        held = _held(passed, allowed)
    return Measure(
        name="p99 latency, ms",
        stable=stable,
        trial=trial,
        value=ratio,
        limit=limits.max_latency_ratio,
        passed=passed,
        told=(
            f"Version {seen.trial.version} has a p99 latency of {trial:.3g} ms, {ratio:.2f} times "
            f"the {stable:.3g} ms of version {seen.stable.version}, {held}."
        ),
    )


def _agreement(seen: Observation, limits: LimitSettings) -> Measure:
    asked = limits.min_agreement
    if not seen.compared:
        told = "Agreement was asked for, and no row was scored by both versions."
        return Measure(name="agreement", limit=asked, passed=False, told=told)
    share = seen.agreed / seen.compared
    passed = None if asked is None else share >= asked
    held = "" if asked is None or passed is None else f", {_at_least(passed, _percent(asked))}"
    skipped = f" {seen.skipped:,} more were not compared." if seen.skipped else ""
    return Measure(
        name="agreement",
        value=share,
        limit=asked,
        passed=passed,
        told=(
            f"Both versions agree on {_part(seen.agreed, seen.compared)} of the compared rows{held}"
            f"; their scores differ by at most {show(seen.largest)}.{skipped}"
        ),
    )


def _quiet(trial: Sample, settings: RolloutSettings) -> str:
    return (
        f"Version {trial.version} met {trial.requests:,} requests in the window, fewer than the "
        f"{settings.window.least:,} of rollout.window.least: rollout.quiet is '{settings.quiet}'."
    )


def _rate(sample: Sample) -> float:
    return sample.errors / sample.requests if sample.requests else 0.0


def _known(number: float) -> float | None:
    return None if isnan(number) else number


def _part(count: int, total: int) -> str:
    share = f" ({_percent(count / total)})" if total else ""
    return f"{count:,} of {total:,}{share}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _held(passed: bool, limit: str) -> str:
    return f"within the {limit} allowed" if passed else f"above the {limit} allowed"


def _at_least(passed: bool, limit: str) -> str:
    return f"at or above the {limit} asked for" if passed else f"below the {limit} asked for"
