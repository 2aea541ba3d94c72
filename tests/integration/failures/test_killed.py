"""Whatever is killed with -9, and wherever: the next command goes on, and the books agree."""

import json
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.failures.conftest import Program
from tests.integration.traffic import Traffic, body_of
from tests.integration.tumours import BUSH, LINEAR, STUMP, Candidate, write_config
from tests.workplace import Workplace

KILLED = -signal.SIGKILL
# In the order in which ZenML runs them.
TRAINING = (
    "resolve_champion", "trace_lineage", "validate", "split_rows", "train_stump", "evaluate",
    "compare", "register_model", "promote",
)  # fmt: skip
DEPLOYMENT = ("check_export", "deploy", "smoke")
CLIENT = "mlflow.tracking.client:MlflowClient"
# Between any two writes of a registration and a promotion, in their order.
WRITES = (
    f"before:{CLIENT}.create_model_version:1",
    f"after:{CLIENT}.create_model_version:1",
    # The challenger's move is written down, then made; then the champion's.
    f"after:{CLIENT}.set_registered_model_tag:1",
    f"after:{CLIENT}.set_registered_model_alias:1",
    f"before:{CLIENT}.set_registered_model_tag:2",
    f"before:{CLIENT}.set_registered_model_alias:1",
    f"after:{CLIENT}.set_registered_model_alias:1",
    "before:zenml.client:Client.update_model_version:1",
)
# In the middle of a trial, behind the server's way back, behind the alias's.
TRIAL = (
    "log:^canary of version 2: [1-9]",
    f"before:{CLIENT}.set_model_version_tag:1",
    f"after:{CLIENT}.set_registered_model_alias:1",
)


def at(step: str) -> str:
    """The end of the process when a step has begun."""
    return f"log:Step `{step}` has started"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run configs lie."""
    return tmp_path_factory.mktemp("configs")


def words(folder: Path, model: str, candidate: Candidate, **groups: Any) -> list[str]:
    """The words of a training of one candidate that takes next to no time."""
    groups = {"ensemble": {"enabled": False}, "report": {"enabled": False}, **groups}
    path = write_config(folder, f"{model}-{candidate['name']}", candidate, **groups)
    return ["--config", path, "--model", model]


def agree(books: Any, champion: str, versions: list[str], moves: Sequence[str] = ("1",)) -> None:
    """The alias, its history and ZenML name one champion, and nothing is left half done."""
    assert books["versions"] == versions
    assert books["champion"] == champion
    assert books["history"] == [[to, "done"] for to in moves]
    production = [number for number, stage in books["zenml"].items() if stage == "production"]
    assert production == [books["belongs"][champion]]
    assert books["open"] == []
    assert books["open_mlflow"] == []


@pytest.mark.fault(
    kind="kill -9",
    where="a training and its deployment, at each of 13 steps in turn",
    promise="What finished is kept; in the end one version, one champion, no run left open.",
    then="`run.py resume`",
)
def test_killed_at_each_step_in_turn_a_run_is_resumed_to_its_end(
    program: Program, folder: Path
) -> None:
    """Each `resume` takes over what was finished, and in the end there is one of everything."""
    first = program.run(*words(folder, "each", STUMP), kill=at("load_table"))
    assert first.status == KILLED, first.errors
    for step in (*TRAINING, *DEPLOYMENT):
        done = program.run("resume", kill=at(step))
        assert done.status == KILLED, (step, done.output, done.errors)
    last = program.run("resume", "--json").document
    assert (last["version"], last["champion"]) == ("1", "1")
    assert last["endpoint"]["version"] == "1"
    books = program.books("each")
    agree(books, "1", ["1"])
    # The ZenML version that the very first process had begun.
    assert books["belongs"] == {"1": "1"}


@pytest.mark.fault(
    kind="kill -9",
    where="registering and promoting, between any two writes",
    promise="The version is registered once; alias, history and ZenML's stage name one champion.",
    then="`run.py resume`",
)
def test_killed_between_any_two_writes_of_the_registry_nothing_is_half_promoted(
    program: Program, folder: Path
) -> None:
    """The version is registered once, and each book names the same champion in the end."""
    begin = words(folder, "writes", BUSH)
    for number, write in enumerate(WRITES):
        done = program.run(*(["resume"] if number else begin), kill=write)
        assert done.status == KILLED, (write, done.output, done.errors)
    assert program.run("resume").status == 0
    agree(program.books("writes"), "1", ["1"])


@pytest.mark.fault(
    kind="kill -9",
    where="promoting, between the alias and ZenML's stage",
    promise="All books name the same champion.",
    then="the next `run.py`",
)
def test_after_a_kill_inside_a_promotion_the_plain_next_run_recovers_too(
    program: Program, folder: Path
) -> None:
    """The alias had moved and ZenML's stage had not: the next run puts that right."""
    begin = words(folder, "plain", LINEAR)
    done = program.run(*begin, kill="before:zenml.client:Client.update_model_version:1")
    assert done.status == KILLED
    done = program.run(*begin, "--json")
    assert done.document["decision"]["outcome"] == "unchanged"
    agree(program.books("plain"), "1", ["1"])
    told = program.run("resume")
    assert (told.status, told.output) == (2, "")


@pytest.mark.fault(
    kind="kill -9",
    where="a canary under traffic, while it is watched and on its way back",
    promise="Every request is answered with 200 and logged; the champion before it serves on.",
    then="`run.py resume`",
)
def test_killed_inside_a_canary_the_champion_before_it_serves_on(
    program: Program, folder: Path
) -> None:
    """While it is watched, and between the server's way back and the alias's: clients see none."""
    first = program.run(*words(folder, "trial", STUMP), "--json").document
    traffic = Traffic(first["endpoint"]["predict_url"], body_of(first))
    traffic.start()
    # Slower than nothing at all: whatever the trial does, it is rolled back.
    limits = {"max_latency_ratio": 1e-6, "latency_floor_ms": 0}
    window = {"requests": 60, "seconds": 120, "least": 20}
    rollout = {"strategy": "canary", "share": 0.5, "window": window, "limits": limits}
    begin = words(folder, "trial", LINEAR, rollout=rollout)
    for number, kill in enumerate(TRIAL):
        done = program.run(*(["resume"] if number else begin), kill=kill)
        assert done.status == KILLED, (kill, done.output, done.errors)
    last = program.run("resume", "--json").document
    traffic.ended.set()
    traffic.join()
    assert (last["version"], last["champion"], last["endpoint"]["version"]) == ("2", "1", "1")
    agree(program.books("trial"), "1", ["1", "2"], moves=["1", "2", "1"])
    assert {status for status, _ in traffic.answers} == {200}
    assert rows_logged(program.place, "trial") == len(traffic.answers)


def rows_logged(place: Workplace, model: str) -> int:
    """How many rows a served model has logged, those of the smoke tests aside."""
    homes = [path.parent for path in (place.home / "stores").glob(f"*/{model}*/service.json")]
    lines = (line for home in homes for line in lines_of(home / "log"))
    return sum(not json.loads(line)["id"].startswith("smoke-") for line in lines)


def lines_of(log: Path) -> Iterator[bytes]:
    """The lines of a server's log that are still on this machine."""
    for path in sorted(log.glob("*.jsonl")):
        yield from path.read_bytes().splitlines()
