"""The same question on several stacks comes to the same, and `compare` shows it."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.workplace import ROOT, Workplace

WORDS = [
    "--config",
    "breast_cancer",
    "--set",
    "candidates=[{name: linear, kind: linear}, {name: forest, kind: forest}]",
    "--set",
    "gate.resamples=200",
    *("--set", "report.enabled=false", "--set", "tuning.folds=2", "--set", "tuning.trials=1"),
]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack with stores, tracker and deployer of its own."""
    path = tmp_path_factory.mktemp("stacks") / "elsewhere.yaml"
    text = (ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8")
    path.write_text(
        text.replace("stack_name: local", "stack_name: elsewhere").replace(
            "- name: ", "- name: elsewhere-"
        ),
        encoding="utf-8",
    )
    return path


def step_states(place: Workplace) -> set[str]:
    """How the steps of every run ended."""
    store = place.home / "stores" / "default_zen_store" / "zenml.db"
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        return {str(row[0]) for row in connection.execute("select distinct status from step_run")}


@pytest.fixture(scope="module")
def compared(shared_workplace: Workplace, elsewhere: Path) -> Any:
    """What the comparison came to."""
    shared_workplace.run("stack", "set", "local")
    done = shared_workplace.run("compare", "--stacks", f"local,{elsewhere}", *WORDS, "--json")
    assert done.status == 0, done.errors
    return done.document


def test_two_stacks_come_to_the_same_bit_for_bit(compared: Any) -> None:
    """Data, split, every model's digest, every score and the served answer."""
    assert [fact["name"] for fact in compared["facts"] if not fact["same"]] == []
    names = {fact["name"] for fact in compared["facts"]}
    assert {"data", "held-out rows", "forest: ONNX", "blend: ONNX", "served answer"} <= names


def test_every_step_was_computed_on_each_stack(shared_workplace: Workplace, compared: Any) -> None:
    """An answer from the first stack's cache would prove nothing."""
    assert compared
    assert step_states(shared_workplace) == {"completed"}


def test_nothing_is_left_behind(shared_workplace: Workplace, compared: Any) -> None:
    """The active stack is the one it was, and nothing goes on being served."""
    assert compared
    stacks = shared_workplace.run("stack", "list", "--json").document
    assert [each["name"] for each in stacks if each["active"]] == ["local"]
    served = shared_workplace.run("status", "--json").document
    assert [each["status"] for each in served] == ["stopped"]


def test_a_stack_that_cannot_run_is_told_before_the_first_is_trained_on(
    shared_workplace: Workplace, compared: Any
) -> None:
    """A minute of training is not spent on a comparison that cannot be."""
    assert compared
    runs = shared_workplace.runs()
    done = shared_workplace.run("compare", "--stacks", "local,lokal", *WORDS)
    assert (done.status, shared_workplace.runs()) == (2, runs)
    assert "Did you mean 'local'" in done.errors
