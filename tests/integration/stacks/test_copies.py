"""A retraining reads a table as it is by then, or tells that its rows are older."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from commands.act import again, told
from commands.reach import within_reach
from commands.watch import fresh
from pipelines.settings import RunConfig, build_config
from stacks.schema import StackFile
from steps.data.copies import ORIGIN, as_it_is_now
from steps.data.source import read_table

pytestmark = pytest.mark.usefixtures("elsewhere")
STACK = {
    "stack_name": "elsewhere",
    "components": {
        "orchestrator": [{"name": "elsewhere", "flavor": "kubeflow_rehearsal"}],
        "artifact_store": [{"name": "elsewhere", "flavor": "local"}],
        "container_registry": [
            {"name": "elsewhere", "flavor": "default", "configuration": {"uri": "localhost:5000"}}
        ],
        "image_builder": [{"name": "elsewhere", "flavor": "local"}],
    },
}
OLD, NEW = "rooms,sold\n1,yes\n2,no\n", "rooms,sold\n1,yes\n2,no\n3,no\n"


@pytest.fixture(scope="module")
def elsewhere(zenml: None) -> None:
    """A stack whose steps see no disk of this machine."""
    from stacks.apply import apply

    assert zenml is None
    apply(StackFile.model_validate(STACK), active=True)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file of this machine."""
    path = tmp_path / "houses.csv"
    path.write_text(OLD)
    return path


def trained(table: Path) -> RunConfig:
    """What a training says of its table, which was copied for its steps."""
    data = within_reach(str(table), "", Console(file=StringIO())).data
    assert data.startswith("artifacts://tables/")
    return build_config({"model": "houses", "data": {"data": data, "target": "sold"}}, {})


def origin(config: RunConfig) -> Path:
    """Where it is written down of what a copy was made."""
    from zenml.client import Client

    root = Path(Client().active_stack.artifact_store.path)
    return root / Path(config.data.data.removeprefix("artifacts://")).parent / ORIGIN


def test_a_retraining_reads_the_file_as_it_is_where_it_is_still_here(table: Path) -> None:
    """And is told of no age."""
    config = trained(table)
    table.write_text(NEW)
    content, age = again(config, "degraded")
    assert (content["data"]["data"], age) == (str(table), "")


@pytest.mark.parametrize("gone", ["file", "machine", "note"])
def test_a_retraining_from_an_old_copy_says_so(table: Path, gone: str) -> None:
    """Where the file is gone, is another machine's, or an older release noted nothing."""
    config = trained(table)
    note = origin(config)
    if gone == "file":
        table.unlink()
    elif gone == "machine":
        note.write_text(json.dumps({**json.loads(note.read_text()), "host": "another"}))
    else:
        note.unlink()
    content, age = again(config, "drift")
    assert content["data"]["data"] == config.data.data
    assert ("a file that was copied" if gone == "note" else f"'{table}' on ") in age
    done = {"version": "2", "outcome": "promote", "rollout": None, "champion": "2", "age": age}
    assert told(done).endswith(f"the champion is version 2. {age}")


@pytest.mark.parametrize("data", ["s3://bucket/houses.csv", "artifacts://houses.csv", "flights"])
def test_a_table_that_is_no_copy_is_read_anew_where_it_lies(data: str) -> None:
    assert as_it_is_now(data) == (data, "")


def test_a_schedule_begins_with_a_new_copy_and_says_what_it_reads(table: Path) -> None:
    """Of the file as it is when the schedule is made, which no tick can see."""
    config = trained(table)
    table.write_text(NEW)
    said = StringIO()
    made = fresh(config, Console(file=said, width=1000))
    assert made.data.data != config.data.data
    assert len(read_table(made.data)) == 3
    assert f"'{table}' on " in said.getvalue()
    assert "none that came since" in said.getvalue()
