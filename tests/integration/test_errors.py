"""What a person sees when something is wrong: one message, what to do next, and the status."""

import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.inspection import computed
from tests.integration.tumours import MODEL, STUMP, write_config
from tests.unit.data.tables import customers
from tests.workplace import Finished, Workplace

CHEAP = ["--set", "candidates=[{name: linear, kind: linear}]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables that are right and tables that are not."""
    path = tmp_path_factory.mktemp("data")
    table = customers()
    table.to_csv(path / "customers.csv", index=False)
    table.assign(bought="yes").to_csv(path / "constant.csv", index=False)
    (path / "empty.csv").touch()
    (path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with sqlite3.connect(path / "customers.db") as connection:
        table.to_sql("customers", connection, index=False)
    return path


@pytest.fixture(scope="module")
def place(shared_workplace: Workplace) -> Workplace:
    """A place with the stack registered and active, as after a first run."""
    assert shared_workplace.run("stack", "set", "local").status == 0
    return shared_workplace


def check(done: Finished, status: int, *told: str) -> None:
    """One error, with these words in it, and no traceback."""
    assert done.status == status, done.errors
    assert done.errors.count("error: ") == 1
    assert "Traceback" not in done.output + done.errors
    for words in told:
        assert words in done.errors


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "custmers.csv", "--target", "x"], ["no file", "'customers.csv'"]),
        (["--data", "absent/t.csv", "--target", "x"], ["the folder", "absent", "does not exist"]),
        (["--data", "flihgts"], ["neither a demo table nor a file", "'flights'"]),
        (["--data", "customers.csv"], ["--target"]),
        (["--config", "breast_cancr"], ["no run config 'breast_cancr'", "'breast_cancer'"]),
        (["--set", "tuning.trails=2"], ["'tuning.trails' is unknown", "'trials'"]),
        (["--set", "tuning.trials=many"], ["'tuning.trials'", "integer"]),
        (["--set", "tuning"], ["KEY=VALUE"]),
    ],
)
def test_a_wrong_word_is_told_before_anything_starts(
    workplace: Workplace, folder: Path, words: list[str], told: list[str]
) -> None:
    """What is wrong on the command line is told at once, and nothing is written anywhere."""
    tables = {"custmers.csv", "customers.csv", "absent/t.csv"}
    done = workplace.run(*[str(folder / word) if word in tables else word for word in words])
    check(done, 2, *told)
    assert list(workplace.home.iterdir()) == []


def test_debug_shows_where_an_error_comes_from(workplace: Workplace) -> None:
    """`--debug` adds the traceback; the status stays what it is without."""
    done = workplace.run("--config", "absent", "--debug")
    assert done.status == 2
    assert "Traceback" in done.errors
    assert "There is no run config 'absent'" in done.errors


def test_an_unknown_stack_is_told_with_its_near_miss(place: Workplace) -> None:
    """Nothing runs on another stack instead."""
    check(place.run("--stack", "lokal"), 2, "no stack 'lokal'", "'local'")
    assert place.runs() == 0


@pytest.mark.parametrize("command", [["history", "--model"], ["rollback", "--model"], ["stop"]])
def test_a_command_about_an_unknown_model_says_what_there_is(
    place: Workplace, command: list[str]
) -> None:
    """Where nothing was trained or served yet, that is what is told."""
    check(place.run(*command, "tumors"), 2, "No model 'tumors'", "None is known")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "empty.csv", "--target", "bought"], ["empty.csv", "is empty"]),
        (["--data", "customers.csv", "--target", "bougth"], ["no column 'bougth'", "'bought'"]),
        (["--data", "broken.parquet", "--target", "bought"], ["no readable Parquet file"]),
        (
            ["--data", "sqlite:///customers.db", "--target", "bought", "--query", "selct 1"],
            ["refuses the query", "syntax error"],
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_told_by_its_name(
    place: Workplace, folder: Path, words: list[str], told: list[str]
) -> None:
    """An error inside a step reaches the terminal in the words of the step."""
    given = [word.replace("sqlite:///", f"sqlite:///{folder}/") for word in words]
    if "://" not in given[1]:
        given[1] = str(folder / given[1])
    check(place.run(*given, *CHEAP), 2, *told)


def test_a_password_is_shown_and_stored_nowhere(place: Workplace) -> None:
    """A database that does not answer is told without the password that it was asked with."""
    url = "postgresql://reader:hunter2@127.0.0.1:1/sales"
    done = place.run("--data", url, "--query", "select 1", "--target", "x", "--debug", *CHEAP)
    assert done.status == 1
    assert "does not answer" in done.errors
    assert "hunter2" not in done.output + done.errors
    written = [path for path in place.home.rglob("*") if path.is_file()]
    assert not [path for path in written if b"hunter2" in path.read_bytes()]


def test_debug_shows_the_step_that_failed(place: Workplace, folder: Path) -> None:
    """A constant target, told with the traceback of the step that found it."""
    table = str(folder / "constant.csv")
    done = place.run("--data", table, "--target", "bought", "--debug", *CHEAP)
    assert done.status == 2
    assert "steps/data/validate.py" in done.errors
    assert "steps/data/target.py" in done.errors
    assert "'bought' is constant" in done.errors


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


STACK = """
stack_name: {name}
components:
  orchestrator: {{name: local, flavor: local}}
  artifact_store: {{name: {store}, flavor: local, configuration: {path}}}
  experiment_tracker: {{name: mlflow, flavor: mlflow}}
  model_registry: {{name: mlflow, flavor: mlflow}}
  model_deployer: {{name: {name}, flavor: resident, configuration: {{port: {port}}}}}
"""


def write_stack(folder: Path, name: str, *, path: str = "", port: int = 0) -> str:
    """Write a stack file with a port, and with an artifact store in a folder of its own."""
    where = f"{{path: {path}}}" if path else "{}"
    file = folder / f"{name}.yaml"
    store = name if path else "local"
    file.write_text(STACK.format(name=name, store=store, path=where, port=port), encoding="utf-8")
    return str(file)


def test_a_port_that_is_taken_is_named(place: Workplace, tmp_path: Path, taken: int) -> None:
    """The training stands, and what did not start leaves no record of a server."""
    words = ["--config", write_config(tmp_path, "stump", STUMP)]
    words += ["--stack", write_stack(tmp_path, "fixed", port=taken)]
    check(place.run(*words), 1, f"Port {taken}", "is taken")
    moves = place.run("history", "--json", "--model", MODEL).document
    assert [move["to"] for move in moves] == ["1"]
    assert place.run("status", "--json").document == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, half of it in use."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    (disk / "filling").write_bytes(bytes(900_000))
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.nightly
@pytest.mark.fault(
    kind="disk full",
    where="the artifact store, in a training",
    promise="The path is named; nothing is registered.",
    then="the same command, with room",
)
def test_a_full_disk_is_told_and_registers_nothing(
    place: Workplace, tmp_path: Path, small_disk: Path
) -> None:
    """The path and the way on are named; with room again the same command completes."""
    stack = write_stack(tmp_path, "small", path=str(small_disk))
    words = ["--config", write_config(tmp_path, "stump", STUMP), "--stack", stack, "--no-deploy"]
    check(place.run(*words), 1, "No space left for", str(small_disk), "run again")
    check(place.run("history", "--model", MODEL), 2, f"No model '{MODEL}'", "None is known")
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    again = place.run(*words, "--json").document
    assert (again["version"], again["champion"]) == ("1", "1")
    assert "load_table" not in computed(again)
