"""ZenML's server goes away in the middle of a run, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxy, before
from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import at, words
from tests.integration.team.accounts import api_key
from tests.integration.team.conftest import Laptop
from tests.integration.team.servers import Team
from tests.integration.tumours import STUMP
from tests.workplace import Workplace


@pytest.fixture(scope="module")
def door(team: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """What stands before ZenML's server."""
    port = int(team.zenml.rpartition(":")[2])
    with before(port, tmp_path_factory.mktemp("door"), "zenml") as found:
        yield found


@pytest.fixture(scope="module")
def member(
    ann: Laptop, team: Team, door: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, dict[str, str]]]:
    """The program of an engineer who reaches the server through it, and what names that."""
    assert ann
    home = tmp_path_factory.mktemp("member")
    place = Workplace(home)
    named = {
        "ZENML_STORE_URL": f"http://127.0.0.1:{door.port}",
        "ZENML_STORE_API_KEY": api_key(team, "through-a-door"),
    }
    started = Program(place)
    done = started.run("stack", "set", "team", **named, **team.environment)
    assert done.status == 0, done.errors
    yield started, named
    started.close()
    place.stop_servers()


@pytest.mark.nightly
@pytest.mark.fault(
    kind="server down",
    where="ZenML's server answers 500, from the middle of a run on",
    promise="It is told with its address; what finished is kept, no run stays open.",
    then="`run.py resume`",
)
@pytest.mark.parametrize("step", ["evaluate", "promote"])
def test_a_server_that_goes_away_is_told_and_gone_on_from(
    member: tuple[Program, dict[str, str]], door: Proxy, tmp_path: Path, step: str
) -> None:
    program, named = member
    model = f"zenml-{step}"
    begin = words(tmp_path, model, STUMP)
    done = program.run(
        *begin, "--no-deploy", "--no-cache", at=at(step), do=door.command("500"), **named
    )
    door.set("pass")
    assert done.status == 1, (done.output, done.errors)
    assert "Traceback" not in done.errors
    assert f"http://127.0.0.1:{door.port}" in done.errors
    last = program.run("resume", "--json", **named)
    assert last.status == 0, last.errors
    assert (last.document["version"], last.document["champion"]) == ("1", "1")
    told = program.run("history", "--model", model, "--json", **named)
    assert [move["to"] for move in told.document] == ["1"]
