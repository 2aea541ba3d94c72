"""Evidently's page, drawn by a process beside the one that counts the window."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from serving.errors import RunError
from steps.data.stored import StoredTable, save_table
from steps.monitoring import drawing
from steps.monitoring.beside import Beside
from steps.monitoring.drawing import Drawing
from steps.monitoring.drift import decoded
from steps.monitoring.profile import count
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.window import Window
from tests.unit.monitoring.spread import SCHEMA, draw, profile

SHIFTED = draw(3000, 3, shift=0.5)


@pytest.fixture
def begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[NDArray[np.float32]], Drawing]]:
    """Shows a window of so many times its rows to a drawing, on a machine that has room."""
    monkeypatch.setattr(drawing, "has_room", lambda: True)
    with (tmp_path / "table.parquet").open("wb") as stream:
        save_table(decoded(draw(4000, 1), SCHEMA), stream)
    trained = StoredTable.of(str(tmp_path / "table.parquet"))
    opened = []

    def show(rows: NDArray[np.float32]) -> Drawing:
        found = Drawing(lambda: trained, profile(), SCHEMA, MonitoringSettings(report_rows=2000))
        opened.append(found)
        window = Window([50 * each for each in count(profile().columns, rows)])
        window.versions.update({"4": 50 * len(rows)})
        found.look(window)
        return found

    yield show
    for each in opened:
        each.__exit__(None, None, None)


def scores(page: str) -> list[str]:
    """What the page says of each column."""
    return re.findall(r"Drift detection method: [^\"]*", page)


def test_the_page_beside_is_the_page_drawn_here(
    begun: Callable[[NDArray[np.float32]], Drawing],
) -> None:
    """It is begun by a window that drifts, says the same, and is drawn here if the process died."""
    started = begun(SHIFTED)
    assert started.beside is not None
    beside = started.page(SHIFTED)
    assert len(scores(beside)) == len(SCHEMA.columns)
    assert started.beside.child.poll() is None
    started.beside.child.kill()
    assert scores(started.page(SHIFTED)) == scores(beside)


def test_no_process_is_started_for_a_window_without_a_drift(
    begun: Callable[[NDArray[np.float32]], Drawing],
) -> None:
    """Nor for one that is small, whose page is sooner drawn here."""
    assert begun(draw(3000, 4)).beside is None
    assert begun(draw(1000, 3, shift=0.5)).beside is None


def test_what_goes_wrong_beside_is_told(tmp_path: Path) -> None:
    """By the error's own words; and the process ends with whoever asked."""
    pd.DataFrame({"other": [1.0]}).to_parquet(tmp_path / "table.parquet")
    beside = Beside(str(tmp_path / "table.parquet"), SCHEMA, 100, 0)
    try:
        with pytest.raises(RunError, match=r"DataError: .*'normal'"):
            beside.draw(SHIFTED)
        assert beside.child.stdin is not None
        beside.child.stdin.close()
        assert beside.child.wait(60) == 0
    finally:
        beside.close()
