"""Many runs at once: on one local store, and on a team's servers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.team.accounts import api_key
from tests.integration.team.conftest import Laptop, log_in
from tests.integration.team.servers import Team
from tests.integration.tumours import STUMP, write_config
from tests.workplace import Workplace

pytestmark = pytest.mark.nightly
TEN = 10


def ended(process: "subprocess.Popen[str]") -> Any:
    """What a run that succeeded printed."""
    output, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors
    return json.loads(output)


def words(folder: Path, number: int) -> list[str]:
    """A training of a model of its own."""
    groups: dict[str, Any] = {"ensemble": {"enabled": False}, "report": {"enabled": False}}
    config = write_config(folder, f"crowd-{number}", STUMP, **groups)
    return ["--config", config, "--model", f"crowd-{number}", "--json"]


@pytest.mark.fault(
    kind="at once",
    where="two trainings of two models on one local store, SQLite below both",
    promise="Both succeed; each has its champion and its server.",
    then="nothing is needed",
)
def test_two_runs_on_one_local_store_both_succeed(workplace: Workplace, tmp_path: Path) -> None:
    assert workplace.run("stack", "set", "local").status == 0
    both = [workplace.start(*words(tmp_path, number)) for number in range(2)]
    told = [ended(process) for process in both]
    assert [each["champion"] for each in told] == ["1", "1"]
    served = workplace.run("status", "--json").document
    assert sorted(each["name"] for each in served) == ["crowd-0", "crowd-1"]
    assert {each["status"] for each in served} == {"ready"}


@pytest.fixture
def crowd(ann: Laptop, team: Team, tmp_path: Path) -> Iterator[list[Laptop]]:
    """Ten engineers with a home each, logged in."""
    assert ann
    places = []
    for number in range(TEN):
        (tmp_path / f"home-{number}").mkdir()
        place = Laptop(tmp_path / f"home-{number}", api_key(team, f"crowd-{number}"))
        log_in(place, team)
        assert place.zenml("stack", "set", "team").status == 0
        places.append(place)
    yield places
    for place in places:
        place.stop_servers()


@pytest.mark.fault(
    kind="at once",
    where="ten trainings on a ZenML server, an MLflow server and one store",
    promise="All succeed; each model has one version, which is its champion.",
    then="nothing is needed",
)
def test_ten_runs_on_a_teams_servers_all_succeed(crowd: list[Laptop], tmp_path: Path) -> None:
    started = [
        place.start(*words(tmp_path, number), "--no-deploy") for number, place in enumerate(crowd)
    ]
    told = [ended(process) for process in started]
    assert [(each["version"], each["champion"]) for each in told] == [("1", "1")] * TEN
