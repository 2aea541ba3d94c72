"""The small table, as a frame and as a file."""

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.data.tables import customers


@pytest.fixture
def table() -> pd.DataFrame:
    """A table of its own for each test."""
    return customers()


@pytest.fixture
def csv_path(table: pd.DataFrame, tmp_path: Path) -> Path:
    """The table as a CSV file."""
    path = tmp_path / "customers.csv"
    table.to_csv(path, index=False)
    return path
