"""Killed with -9 between any two writes of an apply and of a deployment."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import KILLED, agree, words
from tests.integration.tumours import LINEAR, STUMP
from tests.workplace import ROOT

ZENML = "zenml.client:Client"
LIFE, DEPLOYER = "serving.resident", "stacks.flavors.process"
# In the order of a first deployment: ZenML's record, the home, the process, the record again.
FIRST = (
    f"before:{ZENML}.create_service:1",
    f"after:{ZENML}.create_service:1",
    f"after:{DEPLOYER}:write:1",
    f"before:{LIFE}:place:1",
    f"after:{LIFE}:place:1",
    "after:serving.launch:write_state:1",
    "before:serving.launch:_wait:1",
    f"before:{LIFE}:prune:1",
)
# And of the next one, which rolls the process.
ROLL = (
    f"before:{LIFE}:_change:1",
    f"after:{LIFE}:_change:1",
    f"before:{LIFE}:prune:1",
    f"before:{DEPLOYER}:write:1",
    f"after:{DEPLOYER}:write:1",
)


def other_stack(folder: Path) -> str:
    """The file of a stack whose components are all new."""
    stack: Any = yaml.safe_load((ROOT / "stacks" / "local-seldon.yaml").read_text("utf-8"))
    stack["stack_name"] = "other"
    for components in stack["components"].values():
        for component in components:
            component["name"] = f"other-{component['name']}"
    path = folder / "other.yaml"
    path.write_text(yaml.safe_dump(stack), encoding="utf-8")
    return str(path)


@pytest.mark.nightly
@pytest.mark.fault(
    kind="kill -9",
    where="`stack apply`, after each of its writes in turn, and before its last",
    promise="Each apply goes on from what the one before it wrote; nothing is registered twice.",
    then="the next `stack apply`",
)
def test_an_apply_killed_at_each_write_goes_on_where_it_was(
    program: Program, tmp_path: Path
) -> None:
    file = other_stack(tmp_path)
    count = len(yaml.safe_load(Path(file).read_text())["components"])
    steps = [
        f"after:{ZENML}.create_flavor:1",
        *[f"after:{ZENML}.create_stack_component:1"] * count,
        f"before:{ZENML}.create_stack:1",
        f"after:{ZENML}.create_stack:1",
    ]
    for place, kill in enumerate(steps):
        done = program.run("stack", "apply", file, kill=kill)
        assert done.status == KILLED, (place, kill, done.output, done.errors)
    assert program.run("stack", "plan", file).status == 0
    listed = program.run("stack", "list", "--json").document
    assert [each["name"] for each in listed if each["registered"]].count("other") == 1
    assert program.run("stack", "set", "local").status == 0


@pytest.mark.fault(
    kind="kill -9",
    where="a first deployment, right behind ZenML's record of it",
    promise="The record is found and completed; one server, and `status` shows it.",
    then="`run.py resume`",
)
def test_a_deployment_killed_behind_its_record_is_gone_on_with(
    program: Program, tmp_path: Path
) -> None:
    """A record without its class is lost for every look-up."""
    deployed_in_the_end(program, words(tmp_path, "record", STUMP), "record", FIRST[1:2])


@pytest.mark.nightly
@pytest.mark.fault(
    kind="kill -9",
    where="a first deployment, between any two of its writes",
    promise="One record, one process, one version, and `status` shows it.",
    then="`run.py resume`",
)
def test_a_first_deployment_killed_at_each_write_leaves_one_server(
    program: Program, tmp_path: Path
) -> None:
    deployed_in_the_end(program, words(tmp_path, "first", STUMP), "first", FIRST)


@pytest.mark.nightly
@pytest.mark.fault(
    kind="kill -9",
    where="a deployment in place of another version, between any two of its writes",
    promise="One process at the same URL answers as the champion.",
    then="`run.py resume`",
)
def test_a_roll_killed_at_each_write_leaves_the_champion(program: Program, tmp_path: Path) -> None:
    first = program.run(*words(tmp_path, "roll", STUMP), "--json").document
    last = deployed_in_the_end(program, words(tmp_path, "roll", LINEAR), "roll", ROLL)
    assert last["url"] == first["endpoint"]["url"]
    assert last["version"] == "2"


def deployed_in_the_end(
    program: Program, begin: list[str], model: str, kills: tuple[str, ...]
) -> Any:
    """Kill a run and what resumes it, at each of these places; what then is served."""
    for number, kill in enumerate(kills):
        done = program.run(*(["resume"] if number else begin), kill=kill)
        assert done.status == KILLED, (kill, done.output, done.errors)
    last = program.run("resume", "--json")
    assert last.status == 0, last.errors
    champion = last.document["champion"]
    agree(program.books(model), champion, sorted({"1", champion}), moves=sorted({"1", champion}))
    (told,) = [each for each in program.run("status", "--json").document if each["name"] == model]
    assert (told["version"], told["status"]) == (champion, "ready")
    assert len(list(program.place.home.glob(f"stores/*/{model}/server.pid"))) == 1
    return told
