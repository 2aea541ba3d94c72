"""`run.py predict`, from a training to a file."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.data.tables import customers
from tests.workplace import Workplace

CHEAP = ("--set", "candidates=[{name: linear, kind: linear}]", "--set", "report.enabled=false")


@pytest.fixture(scope="module")
def folder(shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rows lie that a champion was trained for."""
    found = tmp_path_factory.mktemp("rows")
    customers().to_csv(found / "known.csv", index=False)
    words = ["--data", str(found / "known.csv"), "--target", "bought", *CHEAP]
    done = shared_workplace.run("--stack", "local", *words, "--no-deploy", "--json")
    assert done.status == 0, done.errors
    rows = customers().drop(columns="bought")
    rows.insert(0, "customer", [f"{number:04d}" for number in range(len(rows))])
    rows.to_csv(found / "new.csv", index=False)
    return found


def test_the_champion_predicts_a_table(shared_workplace: Workplace, folder: Path) -> None:
    """Its registered version is in each row, and the run's answer says where the file is."""
    out = folder / "out.csv"
    done = shared_workplace.run("predict", "--data", str(folder / "new.csv"), "--out", str(out))
    assert done.status == 0, done.errors
    found = pd.read_csv(out, dtype=str)
    assert list(found["customer"]) == [f"{number:04d}" for number in range(400)]
    assert set(found["model_version"]) == {"1"}
    assert str(out) in done.output
    assert "known-bought version 1" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "{}/new.csv", "--out", "{}/out.xlsx"], "must end in .csv or .parquet"),
        (["--data", "{}/nev.csv", "--out", "{}/out.csv"], "new.csv"),
        (["--data", "{}/new.csv", "--out", "{}/no/out.csv"], "is absent"),
        (["--data", "{}/new.csv", "--out", "{}/o.csv", "--version", "7"], "no version '7'"),
        (["--data", "{}/new.csv", "--out", "{}/o.csv", "--keep", "custom"], "'customer'"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    shared_workplace: Workplace, folder: Path, words: list[str], said: str
) -> None:
    """With status 2, and nothing is written."""
    done = shared_workplace.run("predict", *[word.format(folder) for word in words])
    assert done.status == 2
    assert said in done.errors
    assert done.errors.count("\n") == 1
    assert not (folder / "o.csv").exists()


def test_the_document_tells_what_was_written(shared_workplace: Workplace, folder: Path) -> None:
    """For a script: rows, version and digest."""
    out = folder / "out.parquet"
    words = ["--data", str(folder / "new.csv"), "--out", str(out), "--json"]
    told: dict[str, Any] = json.loads(shared_workplace.run("predict", *words).output)
    assert (told["rows"], told["version"], told["faulty"]) == (400, "1", 0)
    assert told["digest"].startswith("sha256:")
