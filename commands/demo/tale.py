"""What the commands of the story answered, and whether it is what was planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from commands.demo.plants import MOVED
from commands.demo.traffic import Answer

Document = dict[str, Any]
AGREEMENT = "agreement"
# What answers after a trial is told by so many of the last answers.
LAST = 20
UNREACHED = "the story did not come so far"


@dataclass
class Tale:
    """The answers of the story's commands, in their order; None for those it did not come to.

    Args:
        quiet: The verdict on requests like the training's.
        drifted: That on requests after the change, without labels.
        degraded: The same window once its labels have come, with the retraining that followed.
        recovered: The verdict on the version that was retrained.
        wrong: The training on the wrong table.
        moves: The history of the champion.
        served: The versions that answered last.
        error: What ended the story early.
    """

    trained: Document | None = None
    quiet: Document | None = None
    drifted: Document | None = None
    degraded: Document | None = None
    recovered: Document | None = None
    wrong: Document | None = None
    moves: Sequence[Document] | None = None
    served: Sequence[str] | None = None
    answers: list[Answer] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the story: what was planted, and what came."""

    part: str
    expected: str
    found: str
    passed: bool


def checks(tale: Tale) -> list[Check]:
    """Each part of the story, in its order."""
    return [_check(tale, *part) for part in PARTS]


def measure_of(rollout: Document | None, name: str) -> Document | None:
    """One number of a trial."""
    measures = (rollout or {}).get("measures", ())
    return next((each for each in measures if each["name"] == name), None)


def last_versions(answers: Sequence[Answer]) -> list[str]:
    """The versions that gave the last answers."""
    return sorted({answer.version for answer in answers[-LAST:] if answer.version})


def drifted(verdict: Document) -> list[str]:
    """The columns that a verdict blames."""
    return sorted(each["column"] for each in verdict["columns"] if each["drifted"])


def _check(tale: Tale, part: str, expected: str, find: Callable[[Tale], str | None]) -> Check:
    found = find(tale)
    return Check(part, expected, UNREACHED if found is None else found, found == expected)


def _first(tale: Tale) -> str | None:
    said = tale.trained
    if said is None:
        return None
    served = (said["endpoint"] or {}).get("version", "none")
    return f"{said['decision']['outcome']}, version {served} serves"


def _quiet(tale: Tale) -> str | None:
    return str(tale.quiet["outcome"]) if tale.quiet else None


def _drifted(tale: Tale) -> str | None:
    said = tale.drifted
    if said is None:
        return None
    return f"{said['outcome']} of {' and '.join(drifted(said)) or 'no column'}"


def _told(tale: Tale) -> str | None:
    return str(tale.drifted["action"]["act"]) if tale.drifted else None


def _degraded(tale: Tale) -> str | None:
    said = tale.degraded
    return f"{said['outcome']}, {said['action']['act']}" if said else None


def _retrained(tale: Tale) -> str | None:
    if tale.degraded is None:
        return None
    done = tale.degraded["action"].get("training")
    if done is None:
        return "no training"
    return f"{done['outcome']}, canary {done['rollout']}, version {done['champion']} is champion"


def _recovered(tale: Tale) -> str | None:
    said = tale.recovered
    return f"{said['outcome']}, version {said['version']}" if said else None


def _passed(tale: Tale) -> str | None:
    said = tale.wrong
    return f"{said['decision']['outcome']}, version {said['version']}" if said else None


def _taken_back(tale: Tale) -> str | None:
    if tale.wrong is None:
        return None
    rollout = tale.wrong["rollout"] or {}
    broken = [each["name"] for each in rollout.get("measures", ()) if each["passed"] is False]
    why = " and ".join(broken) or "nothing"
    return f"{rollout.get('outcome')} for its {why}, version {tale.wrong['champion']} is champion"


def _history(tale: Tale) -> str | None:
    if tale.moves is None:
        return None
    return ", ".join(f"{move['to']} by {move['by']}" for move in tale.moves)


def _answered(tale: Tale) -> str | None:
    if tale.served is None:
        return None
    failed = sum(answer.status != 200 for answer in tale.answers)
    return f"{failed} requests failed, version {' and '.join(tale.served)} answers"


PARTS: tuple[tuple[str, str, Callable[[Tale], str | None]], ...] = (
    ("first version", "promote, version 1 serves", _first),
    ("quiet traffic", "ok", _quiet),
    ("planted drift", f"drift of {' and '.join(sorted(MOVED))}", _drifted),
    ("alert", "alert", _told),
    ("labels", "degraded, retrain", _degraded),
    ("retraining", "promote, canary finish, version 2 is champion", _retrained),
    ("recovery", "ok, version 2", _recovered),
    ("wrong table at the gate", "promote, version 3", _passed),
    (
        "wrong table in the canary",
        f"roll_back for its {AGREEMENT}, version 2 is champion",
        _taken_back,
    ),
    ("history", "1 by training, 2 by training, 3 by training, 2 by canary", _history),
    ("service", "0 requests failed, version 2 answers", _answered),
)
