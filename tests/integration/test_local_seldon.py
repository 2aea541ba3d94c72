"""The main job with one word changed: the stack on which the Seldon microservice serves.

The tests tell one story, in their order.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.tumours import LINEAR, MODEL, STUMP, write_config
from tests.workplace import Finished, Workplace

SELDON = "/api/v1.0/predictions"
STACK = ("--stack", "local-seldon")


def ready(url: str) -> Any:
    """What the server says of itself."""
    return httpx.get(f"{url}/readyz", trust_env=False).json()


@pytest.fixture(scope="module")
def first(
    shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory, seldon_cache: Path
) -> Finished:
    """A first run, whose environment may have to be built; told as a table."""
    assert seldon_cache
    config = write_config(tmp_path_factory.mktemp("weak"), "weak", STUMP)
    return shared_workplace.run(*STACK, "--config", config)


@pytest.fixture(scope="module")
def started(first: Finished) -> tuple[str, int]:
    """Where the first run's model answers, and its process."""
    assert first.status == 0, first.errors
    line = next(line for line in first.output.splitlines() if line.startswith("predict "))
    url = line.split()[1].removesuffix(SELDON)
    return url, ready(url)["pid"]


@pytest.fixture(scope="module")
def second(
    shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory, started: object
) -> Any:
    """A better model."""
    assert started
    config = write_config(tmp_path_factory.mktemp("strong"), "strong", LINEAR)
    return shared_workplace.run(*STACK, "--config", config, "--json").document


def test_a_run_deploys_to_the_microservice_and_says_where_it_answers(
    first: Finished, started: tuple[str, int]
) -> None:
    """In Seldon v1 alone: no v2 URL and no page are promised."""
    lines = {line.split()[0]: line for line in first.output.splitlines() if line.strip()}
    assert f"{started[0]}{SELDON}  (version 1)" in lines["predict"]
    assert lines["smoke"].split()[1] == "done"
    assert "docs" not in lines


def test_a_better_model_takes_over_in_place_and_answers_anybody(
    second: Any, started: tuple[str, int]
) -> None:
    assert second["champion"] == "2"
    assert second["endpoint"]["predict_url"] == ""
    assert (second["endpoint"]["url"], ready(started[0])["pid"]) == started
    row, said = second["prediction"]["row"], second["prediction"]["answer"]
    body = {"data": {"names": list(row), "ndarray": [list(row.values())]}}
    answer = httpx.post(second["endpoint"]["seldon_url"], json=body, trust_env=False).json()
    assert answer["data"]["ndarray"] == [said["scores"]]
    assert answer["meta"]["tags"]["label"] == [said["label"]]
    assert answer["meta"]["tags"]["model_version"] == "2"


def test_a_rollback_returns_in_place(
    shared_workplace: Workplace, second: Any, started: tuple[str, int]
) -> None:
    assert second
    done = shared_workplace.run("rollback")
    url = f"{started[0]}{SELDON}"
    assert done.output.endswith(f"Version 1 of '{MODEL}' is champion again: {url}\n")
    served = ready(started[0])
    assert (served["pid"], served["name"], served["version"]) == (started[1], MODEL, "1")


def test_it_stops_and_says_so(
    shared_workplace: Workplace, second: Any, started: tuple[str, int]
) -> None:
    assert second
    assert shared_workplace.run("stop").output == f"{MODEL} is stopped.\n"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{started[0]}/healthz", trust_env=False)
