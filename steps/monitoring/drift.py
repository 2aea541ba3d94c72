"""How far two sets of rows lie apart, column by column, as Evidently measures it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import RunError
from steps.data.encoding import encode_frame
from steps.data.stored import Table, as_pandas
from steps.monitoring.lazily import import_lazily
from steps.monitoring.report import ColumnDrift, DriftReport

if TYPE_CHECKING:
    from evidently import Dataset
    from pandas import DataFrame

    from serving.schema import TableSchema
    from steps.data.stored import Table

# Its packages that import each of their modules.
LAZY = (
    "evidently",
    "evidently.legacy.calculations.stattests",
    "evidently.legacy.features",
    "evidently.legacy.metrics",
    "evidently.legacy.tests",
    "evidently.metrics",
    "evidently.tests",
)
# Where Evidently's page holds what it shows: two lines of JSON inside a script.
_DATA = re.compile(r"^ *var (?:additional_graphs_)?metric_[0-9a-f]{32} = .*$", re.MULTILINE)


def compare_rows(
    reference: Table, current: Table, schema: TableSchema, *, rows: int, seed: int
) -> tuple[DriftReport, str]:
    """Hold the current rows against the reference rows, over the model's input columns.

    Evidently chooses the measure of each column by its type and by the number of rows, with the
    threshold of its default; both are named in the report.

    Args:
        rows: At most so many rows of each side are drawn, by the seed.

    Returns:
        The verdict on each column, and Evidently's page, which needs scripts to show.
    """
    sides = [draw(side, schema, rows, seed) for side in (current, reference)]
    snapshot = _compared(sides[0], sides[1], schema)
    found = snapshot.dict()
    failed = {test["metric_config"]["metric_id"] for test in found["tests"] if _failed(test)}
    verdicts = tuple(_verdict(metric, metric["id"] in failed) for metric in found["metrics"])
    counted = DriftReport(reference=len(sides[1]), current=len(sides[0]), columns=verdicts)
    return counted, _drawn(snapshot)


def compare_encoded(
    reference: NDArray[np.float32], current: NDArray[np.float32], schema: TableSchema
) -> str:
    """Evidently's page on encoded rows [rows, columns], which needs scripts to show."""
    snapshot = _compared(decoded(current, schema), decoded(reference, schema), schema)
    return _drawn(snapshot)


def encoded_sample(
    table: Table, schema: TableSchema, *, rows: int, seed: int
) -> NDArray[np.float32]:
    """So many of a table's rows at most [rows, columns], by the seed."""
    some = table.sample(rows, random_state=seed) if len(table) > rows else table
    return encode_frame(some, schema)


def decoded(matrix: NDArray[np.float32], schema: TableSchema) -> DataFrame:
    """Encoded rows with the names of their categories, so that both sides call them alike."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for place, column in enumerate(schema.columns):
        columns[column.name] = matrix[:, place].astype(np.float64)
        if column.kind == "categorical":
            # The codes: the categories, then unseen, then missing.
            names = np.array([*column.categories, "(new)", None], dtype=object)
            columns[column.name] = names[matrix[:, place].astype(np.int64)]
    return pd.DataFrame(columns)


def import_evidently() -> None:
    """Import what a report needs of Evidently, without most of what it would import itself."""
    import_lazily(LAZY)

    import steps.monitoring.widget  # noqa: F401


def _compared(now: DataFrame, before: DataFrame, schema: TableSchema) -> Any:
    import_evidently()
    from evidently import Report

    from steps.monitoring.widget import ColumnDrift as Drift

    both = (now, before)
    columns = [name for name in schema.names if all(side[name].notna().any() for side in both)]
    report = Report([Drift(column=name) for name in columns], [], include_tests=True)
    return report.run(*(dataset(side, schema) for side in both))


def draw(frame: Table, schema: TableSchema, rows: int, seed: int) -> DataFrame:
    """So many of the rows at most, with the model's input columns alone."""
    table = frame.sample(rows, random_state=seed) if len(frame) > rows else as_pandas(frame)
    drawn = table[list(schema.names)]
    # As the model reads them, so that a time counts in days; categories keep their names.
    encoded = dict(zip(schema.names, encode_frame(drawn, schema).T, strict=True))
    names = [column.name for column in schema.columns if column.kind == "categorical"]
    named = {name: drawn[name].astype("object") for name in names}
    return drawn.assign(**{**encoded, **named}).reset_index(drop=True)


def dataset(frame: DataFrame, schema: TableSchema) -> Dataset:
    """The rows with each column's kind told, so that Evidently need not guess."""
    from evidently import DataDefinition, Dataset

    categorical = [column.name for column in schema.columns if column.kind == "categorical"]
    numeric = [column.name for column in schema.columns if column.kind != "categorical"]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
    return Dataset.from_pandas(frame, data_definition=definition)


def _drawn(snapshot: Any) -> str:
    """Evidently's page, in which a name of the table is nothing but a text.

    Evidently writes names into a script as they are, where `</script>` would end it and begin
    whatever stands behind it.

    Raises:
        RunError: The page has another form than the one that this was made for.
    """
    page, lines = _DATA.subn(lambda line: line[0].replace("<", "\\u003c"), _page(snapshot))
    if lines != 2:
        raise RunError("Evidently's page has another form: what it holds cannot be made harmless.")
    return page


def _page(snapshot: Any) -> str:
    return str(snapshot.get_html_str(as_iframe=False))


def _failed(test: dict[str, Any]) -> bool:
    return str(test["status"]).endswith("FAIL")


def _verdict(metric: dict[str, Any], drifted: bool) -> ColumnDrift:
    config = metric["config"]
    return ColumnDrift(
        column=config["column"],
        test=config["method"],
        threshold=float(config["threshold"]),
        value=float(metric["value"]),
        drifted=drifted,
    )
