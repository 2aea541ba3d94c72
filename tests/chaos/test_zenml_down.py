"""ZenML's server goes away in the middle of a run, and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.patience import AGAIN
from tests.chaos.proxy import Mode, Proxy, before
from tests.integration.failures.conftest import Program, program_in
from tests.integration.failures.test_killed import at, words
from tests.integration.team.accounts import api_key
from tests.integration.team.conftest import Laptop
from tests.integration.team.servers import Team
from tests.integration.tumours import STUMP
from tests.workplace import Workplace

# Calls by which ZenML and this program write the end of a run down.
MOST = 10


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
    with program_in(place, "team", named | team.environment) as started:
        yield started, named
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
    broken_and_resumed(member, door, words(tmp_path, f"zenml-{step}", STUMP), step, "500")


@pytest.mark.nightly
@pytest.mark.fault(
    kind="server down",
    where="ZenML's server takes connections and closes them, or says nothing, in a run",
    promise="A call is tried six times and those after it once each; it is told with its address.",
    then="`run.py resume`",
)
@pytest.mark.parametrize(("mode", "step"), [("down", "promote"), ("hang", "evaluate")])
def test_a_server_that_answers_nothing_is_given_up_after_some_tries(
    member: tuple[Program, dict[str, str]], door: Proxy, tmp_path: Path, mode: Mode, step: str
) -> None:
    before, begin = door.faults, words(tmp_path, f"zenml-{mode}", STUMP)
    broken_and_resumed(member, door, begin, step, mode, ZENML_STORE_HTTP_TIMEOUT="5")
    # What the first call is tried by, and what the end of the run asks for.
    assert AGAIN < door.faults - before <= AGAIN + MOST


def broken_and_resumed(
    member: tuple[Program, dict[str, str]],
    door: Proxy,
    begin: list[str],
    step: str,
    mode: Mode,
    **more: str,
) -> None:
    """Break the server when a step begins, and resume once it is whole again."""
    program, named = member
    strike = {"at": at(step), "do": door.command(mode)}
    done = program.run(*begin, "--no-deploy", "--no-cache", **strike, **named, **more)
    door.set("pass")
    assert done.status == 1, (done.output, done.errors)
    assert "Traceback" not in done.errors
    assert f"http://127.0.0.1:{door.port}" in done.errors
    last = program.run("resume", "--json", **named)
    assert last.status == 0, last.errors
    assert (last.document["version"], last.document["champion"]) == ("1", "1")
    told = program.run("history", "--model", begin[-1], "--json", **named)
    assert [move["to"] for move in told.document] == ["1"]
