"""Any table is taken as it is written, or refused in words that name it."""

import io
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from serving.errors import DataError, UserError
from serving.schema import TableSchema
from steps.data.encoding import encode_frame
from steps.data.schema import learn_schema
from steps.data.settings import SourceSettings, SplitSettings, ValidationSettings
from steps.data.source import read_table
from steps.data.split import deal
from steps.data.target import check_target
from steps.data.validate import check_table
from tests.inputs.cases import ask, cases, ended
from tests.inputs.table_files import HEADER, Written, csv_files, parquet_files, rows

SAMPLE = 80
MISSING = {
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
}


def load(path: Path) -> pd.DataFrame:
    """What a training does with a table before any model sees it."""
    source = SourceSettings(data=str(path), target="y")
    frame = read_table(source)
    checks = check_table(frame, source.columns, VALIDATION)
    labelled = check_target(frame, checks.target)
    held = deal(labelled, SplitSettings(), checks.identity).held_out
    rows = labelled[~held].reset_index(drop=True)
    schema = learn_schema(
        rows, checks.features, checks.target, checks.task, VALIDATION, checks.sensitive
    )
    assert TableSchema.from_json(schema.to_json()) == schema
    assert len(encode_frame(labelled, schema)) == len(labelled)
    stored = io.BytesIO()
    frame.to_parquet(stored)
    pd.testing.assert_frame_equal(pd.read_parquet(stored), frame)
    return frame


VALIDATION = ValidationSettings(min_rows=2, min_class_rows=1)


def load_or_tell(path: Path) -> pd.DataFrame | None:
    """The table; or None where it is refused in one line of words."""
    try:
        return load(path)
    except UserError as error:
        if not str(error).strip() or "Traceback" in str(error):
            raise AssertionError("It is refused without a word.") from error
        return None


@cases(SAMPLE, 4000)
def test_any_csv(tmp_path: Path, count: int) -> None:
    def check(written: Written) -> None:
        path = tmp_path / written.name
        path.write_bytes(written.content)
        frame = load_or_tell(path)
        if frame is not None and written.cells is not None:
            require_same(written.cells, frame)

    ask(count, SAMPLE, check, written=csv_files())


@cases(SAMPLE, 4000)
def test_any_parquet(tmp_path: Path, count: int) -> None:
    def check(content: bytes) -> None:
        path = tmp_path / "t.parquet"
        path.write_bytes(content)
        frame = load_or_tell(path)
        if frame is not None:
            assert len(frame) == pq.read_metadata(path).num_rows

    ask(count, SAMPLE, check, content=parquet_files())


def require_same(cells: list[list[str]], frame: pd.DataFrame) -> None:
    """Each cell is in the table as it was written."""
    header, *rows = [row for row in cells if any(cell.strip() for cell in row)]
    if any('"' in cell or "\n" in cell or "\r" in cell for row in cells for cell in row):
        return  # What quotes mean is asked in the corpus.
    assert [name.strip("\ufeff ").strip() for name in header] == [*frame.columns]
    assert len(frame) == len(rows)
    for place, name in enumerate(frame.columns):
        for written, read in zip(rows, frame[name], strict=True):
            text = written[place].lstrip(" ")
            assert same(text, read), (name, text, read)


def same(text: str, read: Any) -> bool:
    """Whether a value says what a cell's text does."""
    if pd.isna(read):
        return text.strip() in MISSING
    if isinstance(read, bool | np.bool_):
        return text.lower() == str(read).lower()
    if isinstance(read, pd.Timestamp):
        told = pd.Timestamp(text)
        plain = told.tz_convert("UTC").tz_localize(None) if told.tz else told
        return bool(read == plain.as_unit("us"))
    if isinstance(read, int | float):
        return float(text) == float(read)
    return bool(text == read)


def test_a_hang_is_told() -> None:
    """The watchdog barks."""
    with pytest.raises(AssertionError, match="hangs"), ended(1):
        signal.pause()


def test_the_sample_holds_tables_that_are_taken_and_tables_that_are_refused(
    tmp_path: Path,
) -> None:
    """Else the properties above would hold of nothing."""
    path, text = tmp_path / "t.csv", "\n".join(",".join(row) for row in [HEADER, *rows()])
    path.write_text(text)
    assert load_or_tell(path) is not None
    path.write_text(text[:-2])
    with pytest.raises(DataError, match="line 121 has 4 fields where the header has 5"):
        load(path)
