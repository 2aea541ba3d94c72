"""`python run.py demo`, played for real."""

from pathlib import Path
from typing import Any

import pytest

from serving.state import process
from tests.workplace import Finished, Workplace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo leaves what it leaves."""
    return tmp_path_factory.mktemp("demo") / "story"


@pytest.fixture(scope="module")
def played(shared_workplace: Workplace, folder: Path) -> Finished:
    """The whole story."""
    return shared_workplace.run("demo", "--out", str(folder), "--json")


def events(played: Finished, kind: str) -> list[Any]:
    """The events of one kind, in their order."""
    return [event for event in played.document["events"] if event["kind"] == kind]


def test_the_story_comes_out_as_planted(played: Finished) -> None:
    """Every part of it, with status 0."""
    assert played.errors == ""
    told = played.document
    assert [check for check in told["checks"] if not check["passed"]] == []
    assert (played.status, told["passed"], told["error"]) == (0, True, "")


def test_each_decision_is_told_with_its_number_and_its_limit(played: Finished) -> None:
    """From the quiet verdict to the rollback, in the order in which they came."""
    quiet, drift, degraded, after = events(played, "verdict")
    assert "no column has drifted" in quiet["evidence"]
    assert "limit 0.1" in drift["evidence"]
    assert "temp: PSI" in drift["evidence"]
    assert "carrier: PSI" in drift["evidence"]
    assert "allowed 0.03" in degraded["evidence"]
    assert after["what"].startswith("ok, 1,200 rows of version 2")
    finished, back = events(played, "canary")
    assert finished["what"] == "version 2 finished, version 2 serves"
    assert back["what"] == "version 3 rolled back, version 2 serves"
    assert "limit 50%" in back["evidence"]
    times = [event["at"] for event in played.document["events"]]
    assert times == sorted(times)


def test_what_is_left_is_one_page_that_needs_nothing(played: Finished, folder: Path) -> None:
    """No script, no address of another file, and every plot in it."""
    assert [path.name for path in folder.iterdir()] == ["report.html"]
    page = Path(played.document["report"]).read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    for word in ("<script", "<link", "@import", "src=", 'href="http'):
        assert word not in page


def test_nothing_of_the_users_is_touched_and_nothing_runs_on(
    played: Finished, shared_workplace: Workplace, folder: Path
) -> None:
    """Their ZenML, their records and their servers are as they were: here, none."""
    assert played.status == 0
    assert {"zenml", "stores", "records"}.isdisjoint(
        path.name for path in shared_workplace.home.iterdir()
    )
    assert [process(path.parent) for path in folder.rglob("service.json")] == []


def test_a_folder_that_is_there_already_is_left_alone(
    shared_workplace: Workplace, tmp_path: Path
) -> None:
    """With status 2."""
    (tmp_path / "mine.txt").touch()
    done = shared_workplace.run("demo", "--out", str(tmp_path))
    assert done.status == 2
    assert "is there already: name a new folder" in done.errors
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
