"""How the memory of validating and splitting grows with the rows of a stored table."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steps.data import columnfile, stored
from steps.data.columns import left_out, refuse_infinite
from steps.data.hashing import table_digest
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, SplitSettings, ValidationSettings
from steps.data.split import deal
from steps.data.stored import StoredTable, save_table
from steps.data.target import check_target
from steps.data.validate import find_duplicates

ASKED, SETTINGS = ColumnSettings(target="y"), ValidationSettings()
COLUMNS = 10
FEW, MANY = 8_000, 32_000
# Of the 80 bytes that a row has; what grows are hashes and masks.
MOST = 32


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows are many here, and no column is kept."""
    for room in (columnfile, stored):
        monkeypatch.setattr(room, "PART", 4000)
        monkeypatch.setattr(room, "GROUP", 6000)


def table(folder: Path, rows: int) -> StoredTable:
    """A stored table of so many rows of numbers."""
    values = np.random.default_rng(0).normal(size=(rows, COLUMNS))
    frame = pd.DataFrame(values, columns=[f"c{place}" for place in range(COLUMNS)])
    frame["y"] = np.where(frame["c0"] > 0, "yes", "no")
    path = folder / f"{rows}.parquet"
    with path.open("wb") as stream:
        save_table(frame, stream)
    return StoredTable.of(str(path))


def check(rows: StoredTable, folder: Path) -> None:
    """What validation asks of all rows."""
    del folder
    labelled = check_target(rows, "y")
    refuse_infinite(labelled)
    assert not left_out(labelled, "y", ASKED, SETTINGS)
    assert not find_duplicates(labelled, list(rows.columns[:-1]), "y")


def split(rows: StoredTable, folder: Path) -> None:
    """Hold rows out, learn the schema, and keep the others."""
    names = list(rows.columns[:-1])
    chosen = rows[~deal(rows, SplitSettings(), names).held_out]
    learn_schema(chosen, dict.fromkeys(names, "numeric"), "y", "binary", SETTINGS)
    with (folder / "train.parquet").open("wb") as stream:
        save_table(chosen, stream)
    table_digest(chosen)


@pytest.mark.parametrize("step", [check, split])
def test_memory_hardly_grows_with_the_rows(step: object, tmp_path: Path) -> None:
    """A row more takes a few bytes more, however many columns it has."""
    assert callable(step)
    held = []
    for rows in (FEW, FEW, MANY):  # The first round imports what it needs.
        given = table(tmp_path, rows)
        tracemalloc.start()
        step(given, tmp_path)
        held.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (held[2] - held[1]) / (MANY - FEW) < MOST
