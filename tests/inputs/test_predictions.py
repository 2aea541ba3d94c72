"""Any table is predicted row by row, or refused in words that name it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from serving.errors import UserError
from serving.model import Model
from steps.data.schema import learn_schema
from steps.data.settings import SourceSettings
from steps.data.source import read_table
from steps.data.validate import check_table
from steps.inference.predict import predict_table
from steps.inference.settings import PredictionSettings
from tests.inputs.cases import ask, cases
from tests.inputs.table_files import HEADER, ROWS, Written, csv_files, rows
from tests.inputs.test_tables import VALIDATION
from tests.unit.serving.tiny import onnx

SAMPLE = 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of the table that is right."""
    path = tmp_path_factory.mktemp("right") / "t.csv"
    path.write_text("\n".join(",".join(row) for row in [HEADER, *rows()]))
    source = SourceSettings(data=str(path), target="y")
    frame = read_table(source)
    checks = check_table(frame, source.columns, VALIDATION)
    schema = learn_schema(frame, checks.features, "y", checks.task, VALIDATION)
    return Model.from_bytes(onnx(len(schema.columns)), schema.to_json(), "any", "1")


@cases(SAMPLE, 3000)
def test_any_table_is_predicted_or_refused(tmp_path: Path, model: Model, count: int) -> None:
    def check(written: Written) -> None:
        (tmp_path / written.name).write_bytes(written.content)
        out = tmp_path / "out.parquet"
        out.unlink(missing_ok=True)
        settings = PredictionSettings(
            data=str(tmp_path / written.name), out=str(out), faulty="mark", batch=50
        )
        try:
            done = predict_table(model, settings)
        except UserError as error:
            assert str(error).strip()  # noqa: PT017  (most tables are refused)
            return
        assert pq.read_metadata(out).num_rows == done.rows
        if written.cells is not None and not any(
            '"' in cell for row in written.cells for cell in row
        ):
            assert done.rows == sum(any(map(str.strip, row)) for row in written.cells) - 1

    ask(count, SAMPLE, check, written=csv_files())


def test_the_right_table_is_predicted_whole(tmp_path: Path, model: Model) -> None:
    """Else the property above would hold of nothing."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(",".join(row) for row in [HEADER, *rows()]))
    settings = PredictionSettings(data=str(path), out=str(tmp_path / "out.csv"), batch=50)
    done = predict_table(model, settings)
    assert (done.rows, done.faulty) == (ROWS, 0)
