"""The champion, its history and its rollback on a real MLflow store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from serving.errors import ChampionMovedError, RunError, UserError
from steps.registry import aliases
from steps.registry.history import CHAMPION, next_move
from steps.registry.registry import Registry
from steps.registry.version import Version
from tests.integration.registry.conftest import MODEL, SCHEMA, Registers

ROOT = Path(__file__).resolve().parents[3]


def promote(registry: Registry, version: Version, reason: str = "better") -> None:
    aliases.move(registry, version, CHAMPION, by="training", reason=reason, run="run-1")


def champion(registry: Registry) -> str:
    found = aliases.champion(registry, MODEL)
    return found.version if found else ""


def told(registry: Registry) -> list[tuple[str, str, str]]:
    moves = aliases.history(registry, MODEL)
    assert {move.state for move in moves} <= {"done", "void"}
    return [(move.by, move.origin, move.to) for move in moves]


def test_a_model_that_was_never_registered_has_no_champion(registry: Registry) -> None:
    assert aliases.champion(registry, MODEL) is None
    assert aliases.resolve(registry, MODEL).version is None


def test_a_promotion_is_recorded_with_its_reason(registry: Registry, register: Registers) -> None:
    promote(registry, register(1), "auc 0.8")
    move = aliases.history(registry, MODEL)[0]
    assert (move.to, move.by, move.reason, move.run) == ("1", "training", "auc 0.8", "run-1")
    assert champion(registry) == "1"


def test_promoting_the_champion_again_records_nothing(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    promote(registry, register(1))
    assert told(registry) == [("training", "", "1")]


def test_a_canary_takes_back_only_the_champion_that_it_tried(
    registry: Registry, register: Registers
) -> None:
    """Another run may have promoted a version meanwhile, which stays."""
    promote(registry, register(1))
    promote(registry, register(2))
    aliases.rollback(registry, MODEL, "1", by="canary", reason="slow", expected="2")
    assert told(registry)[-1] == ("canary", "2", "1")
    assert aliases.resolve(registry, MODEL).withdrawn
    promote(registry, register(3))
    with pytest.raises(ChampionMovedError, match="has made version 3 of 'flights' champion"):
        aliases.rollback(registry, MODEL, "1", by="canary", reason="slow", expected="2")
    assert champion(registry) == "3"


def test_a_rollback_returns_to_the_one_before_and_is_recorded(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    promote(registry, register(2))
    assert aliases.rollback(registry, MODEL).version == "1"
    assert champion(registry) == "1"
    assert told(registry)[-1] == ("rollback", "2", "1")


def test_a_version_rolled_back_from_is_told_as_withdrawn(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    promote(registry, second := register(2))
    before = aliases.resolve(registry, MODEL)
    aliases.rollback(registry, MODEL)
    after = aliases.resolve(registry, MODEL)
    assert after.withdrawn == (second.digest,)
    assert after.moves == before.moves + 1


def test_a_rollback_of_the_only_version_says_why_not(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    with pytest.raises(UserError, match="none before it"):
        aliases.rollback(registry, MODEL)
    assert told(registry) == [("training", "", "1")]


@pytest.mark.fault(
    kind="kill -9",
    where="the move of an alias, after it was written down",
    promise="The move is completed, once.",
    then="whoever reads next",
)
@pytest.mark.parametrize("cut_after_alias", [False, True])
def test_a_move_cut_off_in_the_middle_is_completed_on_the_next_read(
    registry: Registry, register: Registers, cut_after_alias: bool
) -> None:
    promote(registry, register(1))
    register(2)
    written = next_move(
        aliases.history(registry, MODEL), CHAMPION, "2", origin="1", by="training", reason="better"
    )
    registry.client.set_registered_model_tag(MODEL, written.key, written.to_json())
    if cut_after_alias:
        registry.client.set_registered_model_alias(MODEL, CHAMPION, "2")
    assert champion(registry) == "2"
    assert told(registry) == [("training", "", "1"), ("training", "1", "2")]


def test_a_cut_off_move_to_a_version_that_is_gone_is_void(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    written = next_move(
        aliases.history(registry, MODEL), CHAMPION, "9", origin="1", by="training", reason="better"
    )
    registry.client.set_registered_model_tag(MODEL, written.key, written.to_json())
    assert champion(registry) == "1"
    assert aliases.history(registry, MODEL)[-1].state == "void"


def test_an_alias_moved_by_hand_is_kept_and_recorded(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    register(2)
    registry.client.set_registered_model_alias(MODEL, CHAMPION, "2")
    assert champion(registry) == "2"
    assert told(registry)[-1] == ("outside", "1", "2")


PROMOTE = """
import sys
from steps.registry import aliases
from steps.registry.registry import Registry
registry = Registry(sys.argv[1])
for number in sys.argv[2:]:
    version = registry.version("flights", number)
    aliases.move(registry, version, "champion", by="training", reason="better")
"""


@pytest.mark.fault(
    kind="at once",
    where="promotions of one model by two processes",
    promise="One history, whose end is where the alias is.",
    then="nothing is needed",
)
def test_promotions_of_two_processes_at_once_leave_one_consistent_history(
    registry: Registry, register: Registers
) -> None:
    for slope in range(1, 9):
        register(slope)
    writers = [
        subprocess.Popen([sys.executable, "-c", PROMOTE, registry.tracking_uri, *numbers], cwd=ROOT)
        for numbers in (["1", "3", "5", "7"], ["2", "4", "6", "8"])
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    moves = told(registry)
    assert sorted(to for _, _, to in moves) == [str(number) for number in range(1, 9)]
    assert [origin for _, origin, _ in moves] == ["", *(to for _, _, to in moves[:-1])]
    assert champion(registry) == moves[-1][2]


def test_a_promotion_decided_against_an_older_champion_is_refused(
    registry: Registry, register: Registers
) -> None:
    promote(registry, register(1))
    promote(registry, register(2))
    with pytest.raises(RunError, match="from version 1 to 2 since this one compared"):
        aliases.move(registry, register(3), CHAMPION, by="training", reason="better", expected="1")
    assert champion(registry) == "2"


def test_reading_a_settled_history_writes_nothing(registry: Registry, register: Registers) -> None:
    promote(registry, register(1))
    aliases.resolve(registry, MODEL)
    path = Path(registry.tracking_uri.removeprefix("sqlite:///"))
    before = path.read_bytes()
    aliases.resolve(registry, MODEL)
    aliases.history(registry, MODEL)
    assert path.read_bytes() == before


def test_a_version_comes_with_its_table_schema(registry: Registry, register: Registers) -> None:
    promote(registry, register(1))
    assert registry.schema_of(registry.version(MODEL, "1")) == SCHEMA.to_json().decode()
