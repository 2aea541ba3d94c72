"""The windows whose truth is known, and how what was found in them is told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.detection import counted, ours
from benchmarks.windows import MISSING, MODEL, PLANTS, SCHEMA, draw, scores, write_log
from steps.data.encoding import encode_frame
from steps.inference.rows import encode_rows
from steps.monitoring.drift import decoded
from steps.monitoring.log import log_parts
from tests.unit.benchmarks.test_table import results


def column(name: str, *, shifted: bool) -> np.ndarray:
    """One column of a window."""
    values: np.ndarray = draw(20_000, 1, shifted=shifted)[:, SCHEMA.names.index(name)]
    return values


def test_each_plant_moves_its_column_as_far_as_it_says() -> None:
    """A mean, a spread, a share of missing values and a category."""
    before, after = (column("mean +0.5 sd", shifted=shifted) for shifted in (False, True))
    assert np.nanmean(after) - np.nanmean(before) == pytest.approx(0.5, abs=0.05)
    assert np.nanstd(column("sd times 1.5", shifted=True)) == pytest.approx(1.5, abs=0.05)
    gaps = np.isnan(column("missing +15 points", shifted=True)).mean()
    assert gaps == pytest.approx(MISSING + 0.15, abs=0.02)
    names = [column("a category +20 points", shifted=shifted) for shifted in (False, True)]
    shares = [(codes == 1).sum() / (codes < 6).sum() for codes in names]
    assert shares[1] - shares[0] == pytest.approx(0.2, abs=0.03)


def test_a_window_without_plants_is_like_the_reference() -> None:
    """So that whatever is found in it is a false alarm."""
    for name in SCHEMA.names:
        one, other = (draw(20_000, seed)[:, SCHEMA.names.index(name)] for seed in (1, 2))
        assert np.nanmedian(one) == pytest.approx(np.nanmedian(other), abs=0.06), name


def test_both_detectors_are_handed_the_same_rows(tmp_path: Path) -> None:
    """As a log, as a frame and as a matrix."""
    matrix = draw(500, 3, shifted=True)
    since, until = write_log(tmp_path, matrix, scores(500, 3))
    (part,) = log_parts(str(tmp_path), MODEL, since, until, SCHEMA)
    np.testing.assert_allclose(encode_rows(part.features, SCHEMA)[0], matrix, atol=1e-4)
    np.testing.assert_array_equal(encode_frame(decoded(matrix, SCHEMA), SCHEMA), matrix)


def test_what_is_found_is_counted_window_by_window() -> None:
    """Large plants in every window, and a detector that blames all is told of false alarms."""
    found = counted(ours(), 2_000, 2)
    assert found["mean +0.5 sd"] == found["a category +20 points"] == 2
    assert found["nothing"] == 0
    assert counted(lambda _: list(SCHEMA.names), 50, 3) == dict.fromkeys(("nothing", *PLANTS), 3)


def test_both_tables_of_the_section_are_written() -> None:
    """Shares of the windows that each detector judged, and the false alarms as they were."""
    from benchmarks.table import render

    counts = {"ours": [1, 20, 200], "evidently": [2, 10, 20]}
    about = {"table": "alarms", "windows": {"ours": 200, "evidently": 20}, **counts}
    one = {"median": 30.0, "low": 30.0, "high": 30.0}
    speed = {"table": "speed", "arm": "ours", "logged": 1_000_000, "cpu": one, "wall": one,
             "memory": one, "ratio": one, "lighter": one, "faster": one,
             "blamed": ["age"]}  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"arm": "nothing", **about}, {"arm": "mean +0.5 sd", **about}, speed
    ]  # fmt: skip
    text = render(results(drift=rows))
    assert "| 1 of 200 | 20 of 200 | 200 of 200 | 2 of 20 | 10 of 20 | 20 of 20 |" in text
    assert "| mean +0.5 sd | 0% | 10% | 100% | 10% | 50% | 100% |" in text
    assert "| ours | 1,000,000 | 30.0 | 30.0 | 30 | 30 times | 30 times | 30 times | 1 |" in text
