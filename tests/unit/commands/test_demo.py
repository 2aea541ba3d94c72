"""The demo's plants, its time line's end, and the place it works in."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from commands.demo.place import Place
from commands.demo.plants import AIRLINE, MOVED, TARGET, change, plants, turned
from commands.demo.plots import plots, tinted
from commands.demo.tale import PARTS, UNREACHED, Tale, checks
from commands.demo.timeline import Event
from commands.demo.traffic import Answer, bodies

ANSWERS = [Answer(0.1 * place, "1", 200) for place in range(50)]


@pytest.fixture(scope="module")
def quiet() -> pd.DataFrame:
    """Rows before the change."""
    return plants().quiet


def verdict(outcome: str, *drifted: str, **more: Any) -> dict[str, Any]:
    """As much of a verdict as the end looks at."""
    columns = [{"column": name, "drifted": name in drifted} for name in ("temp", "carrier", "dest")]
    return {"outcome": outcome, "version": "1", "columns": columns, **more}


def otherwise(tale: Tale) -> list[str]:
    """The parts that are told to have come otherwise."""
    return [check.part for check in checks(tale) if not check.passed]


def test_a_story_that_never_began_has_no_part_that_came() -> None:
    """Each is told to be missing, rather than to be right."""
    found = checks(Tale())
    assert {check.found for check in found} == {UNREACHED}
    assert len(found) == len(PARTS)


@pytest.mark.parametrize("blamed", [(), ("temp",), ("temp", "carrier", "dest")])
def test_only_the_planted_columns_will_do(blamed: tuple[str, ...]) -> None:
    """One that is missed, and one that is blamed for nothing, are both told."""
    acted = {"act": "alert"}
    right = Tale(drifted=verdict("drift", "carrier", "temp", action=acted))
    assert "planted drift" not in otherwise(right)
    assert "planted drift" in otherwise(Tale(drifted=verdict("drift", *blamed, action=acted)))


def test_a_bad_version_that_takes_over_is_told() -> None:
    """Also one that is rolled back for another reason than the planted one."""
    measures = [{"name": "agreement", "passed": False, "value": 0.1}]
    rollout = {"outcome": "roll_back", "measures": measures}
    right = {"decision": {"outcome": "promote"}, "version": "3", "champion": "2"}
    part = "wrong table in the canary"
    assert part not in otherwise(Tale(wrong={**right, "rollout": rollout}))
    late = {**rollout, "measures": [{"name": "p99 latency, ms", "passed": False, "value": 9.0}]}
    assert part in otherwise(Tale(wrong={**right, "rollout": late}))
    taken = {**right, "champion": "3", "rollout": {"outcome": "finish", "measures": ()}}
    assert part in otherwise(Tale(wrong=taken))


def test_a_request_that_failed_is_told() -> None:
    """With the number of them."""
    tale = Tale(served=["2"], answers=[*ANSWERS, Answer(9.0, "", 503)])
    assert checks(tale)[-1].found == "1 requests failed, version 2 answers"
    assert not checks(tale)[-1].passed


def test_the_change_moves_what_it_says_and_nothing_else(quiet: pd.DataFrame) -> None:
    """The truth is known because nothing else is touched."""
    after = change(quiet, seed=1)
    moved = [name for name in quiet if name != TARGET and not quiet[name].equals(after[name])]
    assert sorted(moved) == sorted(MOVED)
    assert 0.25 < (after["carrier"] == AIRLINE).mean() < 0.35
    assert (turned(quiet)[TARGET] != quiet[TARGET]).all()


def test_a_request_holds_every_column_but_the_outcome(quiet: pd.DataFrame) -> None:
    """What is to be predicted is not given away."""
    sent = bodies(quiet.head(25), "name", 10)
    assert len(sent) == 3
    assert b'"carrier"' in sent[0]
    assert b'"late"' not in sent[0]
    assert b'"name-2"' in sent[2]


def test_the_place_hands_on_nothing_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not their store, not their stack and not their webhook."""
    monkeypatch.setenv("ZENML_STORE_URL", "http://mine")
    monkeypatch.setenv("SWITCHYARD_ALERT_WEBHOOK", "http://mine")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mine")
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = Place(tmp_path).environment
    assert "http://mine" not in found.values()
    assert found["LANG"] == "C.UTF-8"
    assert found["ZENML_CONFIG_PATH"] == str(tmp_path / "zenml")


def test_a_plot_takes_the_pages_colours() -> None:
    """So that it can be read by day and by night; it is drawn without a script."""
    events = [Event(2.0, "planted", "the world changes")]
    (drawn,) = plots(Tale(answers=ANSWERS), events)
    assert "(1) the world changes." in drawn.about
    for svg in (drawn.svg, drawn.wide):
        assert "var(--past)" in svg
        assert "#0a0b" not in svg
    assert (
        tinted("<?xml?><svg style=\"font: 9px 'DejaVu Sans'\"/>") == '<svg style="font-size: 9px"/>'
    )
