"""Moving an alias so that the registry and the history of it always agree in the end."""

from __future__ import annotations

from typing import Any

from serving.errors import ChampionMovedError
from steps.registry.history import (
    CHALLENGER,
    CHAMPION,
    Cause,
    Move,
    choose_target,
    next_move,
    read_moves,
    standing,
)
from steps.registry.lock import one_writer
from steps.registry.registry import Registry
from steps.registry.version import Champion, Version


def champion(registry: Registry, model: str) -> Version | None:
    """The version that serves; None when there is none."""
    record = _settled(registry, model)
    number = _aliased(record, CHAMPION) if record else ""
    return registry.version(model, number) if number else None


def resolve(registry: Registry, model: str) -> Champion:
    """The champion with all that a comparison with it must know."""
    record = _settled(registry, model)
    if record is None:
        return Champion(model=model, registry=registry.identity())
    moves = read_moves(record.tags)
    gone = (registry.find_version(model, number) for number in standing(moves).withdrawn)
    number = _aliased(record, CHAMPION)
    version = registry.version(model, number) if number else None
    return Champion(
        model=model,
        registry=registry.identity(),
        moves=len(moves),
        withdrawn=tuple(held.digest for held in gone if held),
        version=version,
    )


def history(registry: Registry, model: str, alias: str | None = CHAMPION) -> list[Move]:
    """Every move of an alias, oldest first; of every alias when none is named."""
    record = _settled(registry, model) or registry.require_model(model)
    return read_moves(record.tags, alias)


def move(
    registry: Registry,
    version: Version,
    alias: str,
    *,
    by: Cause,
    reason: str,
    run: str = "",
    expected: str | None = None,
) -> Move | None:
    """Move an alias to a version and record it; None when it is there already.

    Args:
        expected: The version that the alias must still be at; none when any will do.

    Raises:
        ChampionMovedError: The alias is somewhere else by now.
    """
    with one_writer(registry.tracking_uri):
        record = _settle(registry, version.model)
        origin = _aliased(record, alias)
        if origin == version.version:
            return None
        if expected not in (None, origin):
            raise ChampionMovedError(
                f"Another run has moved '{alias}' of '{version.model}' from version "
                f"{expected or 'none'} to {origin or 'none'} since this one compared with it."
            )
        return _move(registry, record, alias, version.version, by=by, reason=reason, run=run)


def rollback(
    registry: Registry,
    model: str,
    to: str | None = None,
    *,
    by: Cause = "rollback",
    reason: str = "",
    run: str = "",
    expected: str | None = None,
) -> Version:
    """Return to the champion before, passing over versions that were rolled back from before.

    Args:
        to: The version to return to instead.
        expected: The version that must still be champion; none when any will do.

    Raises:
        ChampionMovedError: Another run has moved the champion.
    """
    with one_writer(registry.tracking_uri):
        record = _settle(registry, model)
        found = standing(read_moves(record.tags))
        if expected not in (None, found.now):
            raise ChampionMovedError(
                f"Another run has made version {found.now or 'none'} of '{model}' champion in "
                f"place of version {expected}: the alias stays there."
            )
        versions = [version.version for version in registry.versions(model)]
        target = choose_target(found, versions, to, model)
        said = reason or f"Rolled back from version {found.now or 'none'} by hand."
        _move(registry, record, CHAMPION, target, by=by, reason=said, run=run)
    return registry.version(model, target)


def _settled(registry: Registry, model: str) -> Any | None:
    """The model's record with every cut-off move completed; None when it is not registered."""
    record = registry.find_model(model)
    if record is None or _agrees(record):
        return record
    with one_writer(registry.tracking_uri):
        return _settle(registry, model)


def _agrees(record: Any) -> bool:
    """Whether nothing is pending and each alias is where its last move put it."""
    moves = read_moves(record.tags, None)
    if any(move.state == "pending" for move in moves):
        return False
    return all(_last(moves, alias) == _aliased(record, alias) for alias in _names(moves))


def _settle(registry: Registry, model: str) -> Any:
    """Complete what was cut off, and record what something outside of this project moved."""
    record = registry.require_model(model)
    for alias in _names(read_moves(record.tags, None)):
        moves = read_moves(record.tags, alias)
        if any(move.state == "pending" for move in moves):
            _complete(registry, model, alias)
        elif _last(moves, alias) != (now := _aliased(record, alias)):
            _record_outside(registry, record, alias, now)
    return registry.require_model(model)


def _move(
    registry: Registry,
    record: Any,
    alias: str,
    to: str,
    *,
    by: Cause,
    reason: str,
    run: str,
) -> Move:
    """Write the move down, then make it."""
    moves, origin = read_moves(record.tags, None), _aliased(record, alias)
    written = next_move(moves, alias, to, origin=origin, by=by, reason=reason, run=run)
    _write(registry, record.name, written)
    _complete(registry, record.name, alias)
    return written.with_state("done")


def _complete(registry: Registry, model: str, alias: str) -> None:
    """Bring the alias to where its last move says, until no other writer has added one.

    The lock keeps writers of this machine apart. One on another machine may write between the
    reading and the setting; then the last move in the order of the keys decides for both.
    """
    applied: Move | None = None
    while True:
        moves = [
            move
            for move in read_moves(registry.require_model(model).tags, alias)
            if move.state != "void"
        ]
        last = moves[-1] if moves else None
        pending = [move for move in moves if move.state == "pending"]
        if last is None or (not pending and (applied is None or applied.key == last.key)):
            return
        if not _follow(registry, model, last):
            _write(registry, model, last.with_state("void"))
            continue
        for move in pending:
            _write(registry, model, move.with_state("done"))
        applied = last


def _follow(registry: Registry, model: str, move: Move) -> bool:
    """Set the alias as the move says; False when its version is gone."""
    if not move.to:
        registry.client.delete_registered_model_alias(model, move.alias)
        return True
    if registry.find_version(model, move.to) is None:
        return False
    registry.client.set_registered_model_alias(model, move.alias, move.to)
    return True


def _record_outside(registry: Registry, record: Any, alias: str, now: str) -> None:
    moves = read_moves(record.tags, None)
    reason = "The alias was found moved by something other than this project."
    found = next_move(moves, alias, now, origin=_last(moves, alias), by="outside", reason=reason)
    _write(registry, record.name, found.with_state("done"))


def _write(registry: Registry, model: str, move: Move) -> None:
    registry.client.set_registered_model_tag(model, move.key, move.to_json())


def _names(moves: list[Move]) -> list[str]:
    """The aliases that are ours; any other is somebody else's business."""
    return sorted({CHAMPION, CHALLENGER, *(move.alias for move in moves)})


def _aliased(record: Any, alias: str) -> str:
    """The version under the alias; empty when there is none."""
    return str(record.aliases.get(alias, ""))


def _last(moves: list[Move], alias: str) -> str:
    """Where the last move put the alias; empty when it was never moved."""
    ends = [move.to for move in moves if move.alias == alias and move.state != "void"]
    return ends[-1] if ends else ""
