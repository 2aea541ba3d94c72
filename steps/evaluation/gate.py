"""The gate: whether a challenger becomes champion, decided on rows that neither was trained on."""

from __future__ import annotations

from collections.abc import Mapping

from steps.evaluation.contest import Contender, Contest, bootstrap_of
from steps.evaluation.evaluation import Decision, Outcome, Score
from steps.evaluation.intervals import Interval, interval, paired_interval
from steps.evaluation.numbers import limit, show, sign
from steps.evaluation.settings import GateSettings as GateSettings
from steps.evaluation.vetoes import compare_slices, slice_vetoes


def decide(
    contest: Contest,
    settings: GateSettings,
    challenger: Contender,
    champion: Contender | None = None,
) -> Decision:
    """Promote when the paired interval shows the improvement asked for and no slice vetoes.

    Against a champion: the lower bound of the improvement must lie above the margin, or above
    minus the margin in the mode `not_worse`. Against the trivial baseline, being no worse is not
    enough: the lower bound must lie above the margin, or above zero in that mode.
    """
    if len(contest.y) < settings.min_rows:
        return _decision("refuse", contest, settings, challenger, champion, [_too_few(contest)])
    scores = _measure(contest, settings)
    slices = compare_slices(contest, settings)
    passed, verdict = _verdict(scores["improvement"], contest, settings)
    vetoes = slice_vetoes(contest, slices, settings)
    outcome: Outcome = "promote" if passed and not vetoes else "refuse"
    said = _standing(scores, contest, challenger, champion)
    reasons = [*vetoes, verdict, said] if passed else [verdict, said, *vetoes]
    decided = _decision(outcome, contest, settings, challenger, champion, reasons)
    return decided.model_copy(
        update={
            "slices": slices,
            **{key: Score.of(contest.metric.name, value) for key, value in scores.items()},
        }
    )


def settle(
    reason: str,
    outcome: Outcome,
    metric: str,
    challenger: Contender,
    champion: Contender | None,
) -> Decision:
    """A decision that needed no comparison, or could have none."""
    return Decision(
        outcome=outcome,
        against="nothing",
        metric=metric,
        challenger=challenger.name,
        challenger_digest=challenger.digest,
        champion=champion.version if champion else "",
        champion_digest=champion.digest if champion else "",
        reasons=(reason,),
    )


def _decision(
    outcome: Outcome,
    contest: Contest,
    settings: GateSettings,
    challenger: Contender,
    champion: Contender | None,
    reasons: list[str],
) -> Decision:
    return settle(reasons[0], outcome, contest.metric.name, challenger, champion).model_copy(
        update={
            "against": contest.against,
            "rows": len(contest.y),
            "required": settings.required(contest.against),
            "confidence": settings.confidence,
            "reasons": tuple(reasons),
        }
    )


def _measure(contest: Contest, settings: GateSettings) -> dict[str, Interval]:
    drawn = (bootstrap_of(settings), contest.groups)
    metric, y, ours, theirs = contest.metric, contest.y, contest.challenger, contest.rival
    return {
        "challenger_score": interval(metric, y, ours, *drawn),
        "rival_score": interval(metric, y, theirs, *drawn),
        "improvement": paired_interval(metric, y, ours, theirs, *drawn),
    }


def _verdict(improvement: Interval, contest: Contest, settings: GateSettings) -> tuple[bool, str]:
    """Whether the interval shows what was asked, and the sentence that says so."""
    name, rival = contest.metric.name, _rival_name(contest)
    if not improvement.known:
        return False, f"{name} cannot be measured: the {len(contest.y):,} rows lack a class."
    required = settings.required(contest.against)
    passed = improvement.low > required
    asked = f"better than the {rival}" + (f" by more than {limit(required)}" if required else "")
    if required < 0:
        asked = f"no worse than the {rival} by {limit(-required)} or more"
    shown = "is shown to be" if passed else "is not shown to be"
    change = "worse" if improvement.value < 0 else "better"
    return passed, (
        f"The challenger {shown} {asked}: its {name} is {change} by {show(abs(improvement.value))} "
        f"({settings.confidence:.0%} interval of the improvement: {sign(improvement.low)} to "
        f"{sign(improvement.high)})."
    )


def _standing(
    scores: Mapping[str, Interval],
    contest: Contest,
    challenger: Contender,
    champion: Contender | None,
) -> str:
    rival = _rival_name(contest)
    if contest.against == "champion" and champion is not None:
        rival = f"champion, version {champion.version},"
    ours, theirs = scores["challenger_score"].value, scores["rival_score"].value
    return (
        f"On the same {len(contest.y):,} held-out rows the challenger '{challenger.name}' has "
        f"{contest.metric.name} {show(ours)} and the {rival} {show(theirs)}."
    )


def _rival_name(contest: Contest) -> str:
    return "champion" if contest.against == "champion" else "trivial baseline"


def _too_few(contest: Contest) -> str:
    return (
        f"Only {len(contest.y):,} rows were held out from both models: too few to decide on. "
        "Use a larger split.test_share, the champion's split.seed, or lower gate.min_rows."
    )
