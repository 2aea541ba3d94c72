"""Which version served when, and why: an append-only history of an alias.

The history is kept as tags of the registered model, one for each move, each under a key of its
own: two writers never overwrite each other. A move is written as pending before the alias changes
and marked as done afterwards, so that whatever is cut off in between is completed on the next read.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import orjson

from serving.errors import UserError, near_miss

Cause = Literal["training", "rollback", "canary", "outside"]
State = Literal["pending", "done", "void"]

PREFIX = "decision."
CHAMPION, CHALLENGER = "champion", "challenger"
# The causes that take the version before out of service.
RETURNS = ("rollback", "canary")
# MLflow's tables take 5,000 characters for a tag of a registered model; JSON escapes need room.
LONGEST_REASON = 1500


@dataclass(frozen=True, slots=True)
class Move:
    """One move of an alias.

    Args:
        key: The tag's key: its number, then letters that no other writer draws.
        at: When it was decided, ISO 8601 in UTC.
        origin: The version before; empty when there was none.
        to: The version after; empty when the alias was removed.
        by: Training, a rollback by hand, the way back from a version that its canary refused, or
            something outside of this project that moved the alias.
        run: The pipeline run that decided it.
        state: Whether the alias has followed; `void` when it could not, the version being gone.
    """

    key: str
    at: str
    alias: str
    origin: str
    to: str
    by: Cause
    reason: str
    run: str = ""
    state: State = "pending"

    def to_json(self) -> str:
        """The tag's value."""
        fields = asdict(self)
        fields.pop("key")
        return orjson.dumps(fields).decode()

    def with_state(self, state: State) -> Move:
        """The same move in another state."""
        return replace(self, state=state)


def read_moves(tags: Mapping[str, str], alias: str | None = CHAMPION) -> list[Move]:
    """The moves among a registered model's tags, in order; of every alias when none is named."""
    moves = [_read(key, tags[key]) for key in sorted(tags) if key.startswith(PREFIX)]
    return [move for move in moves if alias in (None, move.alias)]


def _read(key: str, value: str) -> Move:
    return Move(key=key, **orjson.loads(value))


def next_move(
    moves: Sequence[Move],
    alias: str,
    to: str,
    *,
    origin: str,
    by: Cause,
    reason: str,
    run: str = "",
) -> Move:
    """A pending move that follows these moves of every alias."""
    number = 1 + max((int(move.key.split(".")[1]) for move in moves), default=0)
    return Move(
        key=f"{PREFIX}{number:06d}.{secrets.token_hex(4)}",
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        alias=alias,
        origin=origin,
        to=to,
        by=by,
        reason=trim(reason),
        run=run,
    )


def trim(reason: str) -> str:
    """A reason short enough for a tag."""
    return reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + "..."


@dataclass(frozen=True, slots=True)
class Standing:
    """What a history amounts to.

    Args:
        line: The versions that led to the one now, oldest first; a rollback shortens it.
        withdrawn: The versions that a rollback took out of service and nothing brought back.
    """

    line: tuple[str, ...]
    withdrawn: tuple[str, ...]

    @property
    def now(self) -> str:
        """The version that serves; empty when there is none."""
        return self.line[-1] if self.line else ""


def standing(moves: Iterable[Move]) -> Standing:
    """Replay the moves of one alias."""
    line: list[str] = []
    withdrawn: dict[str, None] = {}
    for move in moves:
        if move.state == "void":
            continue
        if move.by in RETURNS and line:
            left = line[-1:]
            if move.to in line:
                left = line[_last_place(line, move.to) + 1 :]
            line = line[: len(line) - len(left)]
            withdrawn.update(dict.fromkeys(left))
        if move.to and line[-1:] != [move.to]:
            line.append(move.to)
        withdrawn.pop(move.to, None)
    return Standing(tuple(line), tuple(withdrawn))


def _last_place(line: Sequence[str], version: str) -> int:
    return len(line) - 1 - list(reversed(line)).index(version)


def choose_target(found: Standing, versions: Sequence[str], to: str | None, model: str) -> str:
    """The version that a rollback returns to.

    Args:
        versions: Every version that the registry still holds.
        to: The version asked for; none means the one before the champion.
    """
    if to is None:
        before = [held for held in found.line if held in versions and held != found.now]
        if not before:
            held = f"version {found.now}" if found.now else "no version"
            raise UserError(
                f"'{model}' has {held} as champion and none before it to go back to. "
                "Name one with --to."
            )
        return before[-1]
    if to not in versions:
        raise UserError(f"'{model}' has no version '{to}'. {near_miss(to, versions)}")
    if to == found.now:
        raise UserError(f"Version {to} of '{model}' is the champion already.")
    return to
