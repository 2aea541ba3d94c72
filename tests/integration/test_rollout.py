"""A new champion takes over by a trial, is given up by one, or is left behind by a killed run.

The tests tell one story. Each chapter is a fixture that stands on the one before, so that any one
test can also be run alone.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.resident import observe
from serving.spec import Observation
from tests.integration.inspection import inspect
from tests.integration.traffic import Traffic, ask, body_of
from tests.integration.tumours import BUSH, LINEAR, STUMP, Candidate, write_config
from tests.workplace import Finished, Workplace

FOREST: Candidate = {
    "name": "forest",
    "kind": "forest",
    "parameters": {"n_estimators": 20, "max_depth": 3},
}
# Whatever beats a constant may take over: what is told here is how.
GATE = {"resamples": 200, "mode": "not_worse", "margin": 0.5}
WINDOW = {"requests": 60, "seconds": 120, "least": 20}
LENIENT = {"max_latency_ratio": 1e6}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run configs lie."""
    return tmp_path_factory.mktemp("configs")


def config(folder: Path, candidate: Candidate, strategy: str, **rollout: Any) -> list[str]:
    """The words of a run that trains one candidate and rolls it out."""
    asked = {"strategy": strategy, "share": 0.5, "window": WINDOW, "limits": LENIENT, **rollout}
    groups = {"gate": GATE, "rollout": asked, "report": {"enabled": False}}
    path = write_config(folder, candidate["name"], candidate, **groups)
    return ["--stack", "local", "--config", path]


def home_in(place: Workplace) -> Path:
    """The home of the one server that was started from a place."""
    (path,) = (place.home / "stores").glob("*/*/service.json")
    return path.parent


@pytest.fixture(scope="module")
def first(shared_workplace: Workplace, folder: Path) -> Finished:
    """A model that nothing serves yet."""
    return shared_workplace.run(*config(folder, BUSH, "canary"), "--json")


@pytest.fixture(scope="module")
def traffic(first: Finished) -> Iterator[Traffic]:
    """Requests from the first answer to the end of the story."""
    asking = Traffic(first.document["endpoint"]["predict_url"], body_of(first.document))
    asking.start()
    yield asking
    asking.ended.set()
    asking.join()


@pytest.fixture(scope="module")
def given_up(shared_workplace: Workplace, folder: Path, traffic: Traffic) -> Finished:
    """A version that no latency would be low enough for."""
    assert traffic
    limits = {"max_latency_ratio": 0.0001, "latency_floor_ms": 0}
    return shared_workplace.run(*config(folder, FOREST, "shadow", limits=limits), "--json")


@pytest.fixture(scope="module")
def finished(
    shared_workplace: Workplace, folder: Path, given_up: Finished, traffic: Traffic
) -> tuple[Finished, list[str]]:
    """A version that keeps every limit, and the versions that answered meanwhile."""
    assert given_up
    before = len(traffic.answers)
    done = shared_workplace.run(*config(folder, LINEAR, "canary"))
    return done, [version for _, version in traffic.answers[before:]]


@pytest.fixture(scope="module")
def killed(shared_workplace: Workplace, folder: Path, finished: object) -> Observation:
    """A run that is killed in the middle of its canary."""
    assert finished
    window = {**WINDOW, "requests": 100_000}
    run = shared_workplace.start(*config(folder, STUMP, "canary", window=window))
    home = home_in(shared_workplace)
    while (seen := observe(home)) is None or seen.trial.requests < 5:
        assert run.poll() is None, run.communicate()
        time.sleep(0.1)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    return seen


def test_a_first_version_takes_over_at_once(first: Finished) -> None:
    """There is nothing to try it beside."""
    document = first.document
    assert (first.status, document["champion"], document["endpoint"]["version"]) == (0, "1", "1")
    assert document["rollout"]["reasons"] == [
        "Nothing served 'tumours', so that version 1 took over at once."
    ]


def test_a_version_that_breaks_a_limit_is_given_up_and_told_why(
    shared_workplace: Workplace, given_up: Finished
) -> None:
    """The run has done its work: as with the gate, the status is 0 and the outcome is told."""
    document = given_up.document
    assert given_up.status == 0
    assert document["decision"]["outcome"] == "promote"
    rollout = document["rollout"]
    assert (rollout["outcome"], rollout["version"], rollout["serves"]) == ("roll_back", "2", "1")
    assert "above the 0.0001 times allowed" in rollout["reasons"][0]
    assert rollout["compared"] > 0
    assert (document["version"], document["champion"]) == ("2", "1")
    assert document["endpoint"]["version"] == ask(document)["model_version"] == "1"
    stages = inspect(shared_workplace)["stages"]
    assert [number for number, stage in stages.items() if stage == "production"] == ["1"]


def test_a_version_that_keeps_the_limits_takes_over(
    finished: tuple[Finished, list[str]], first: Finished
) -> None:
    """Both versions answer while it is tried, and the new one alone afterwards."""
    done, versions = finished
    assert done.status == 0, done.errors
    assert {"1", "3"} == set(versions)
    assert versions.index("3") < len(versions) - list(reversed(versions)).index("1")
    assert "canary finished: version 3 serves" in done.output
    assert "canary of version 3:" in done.output
    assert "within the 1% allowed" in done.output
    assert ask(first.document)["model_version"] == "3"


@pytest.mark.fault(
    kind="kill -9",
    where="a run that watches a trial",
    promise="`status` shows the trial.",
    then="`run.py rollback`",
)
def test_a_trial_that_a_killed_run_left_is_shown_and_ended_by_a_rollback(
    shared_workplace: Workplace, killed: Observation, first: Finished
) -> None:
    """The version that served serves everything again, and is champion."""
    assert (killed.stable.version, killed.trial.version) == ("3", "4")
    (told,) = shared_workplace.run("status", "--json").document
    assert (told["version"], told["trial"]["trial"]["version"]) == ("3", "4")
    back = shared_workplace.run("rollback", "--json")
    assert (back.status, back.document["champion"]) == (0, "3")
    assert {ask(first.document)["model_version"] for _ in range(20)} == {"3"}
    assert observe(home_in(shared_workplace)) is None


def test_history_tells_what_its_canary_gave_up(shared_workplace: Workplace, killed: object) -> None:
    """With the number and the limit."""
    assert killed
    moves = shared_workplace.run("history", "--json").document
    assert [(move["origin"], move["to"], move["by"]) for move in moves][:4] == [
        ("", "1", "training"),
        ("1", "2", "training"),
        ("2", "1", "canary"),
        ("1", "3", "training"),
    ]
    assert "above the 0.0001 times allowed" in moves[2]["reason"]


def test_no_request_failed_meanwhile(killed: object, traffic: Traffic) -> None:
    """From the first answer on, at one URL."""
    assert killed
    assert {status for status, _ in traffic.answers} == {200}
