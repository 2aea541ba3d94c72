"""The data report: what was read, what is odd about it and how it was split, on one page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from serving.schema import Column, TableSchema
from steps.data.encoding import encode_frame, encode_target
from steps.data.finding import Checks, Finding
from steps.data.settings import SplitSettings
from steps.data.stored import Table
from steps.monitoring.histogram import Histogram, histogram, told
from steps.monitoring.profile import LABEL, Reference, count, references, watched
from steps.monitoring.report import ColumnDrift, DriftReport
from steps.pages.page import fill

TEMPLATE = Path(__file__).parent / "templates" / "data.html.j2"
# A page stays readable, and small, whatever the table's width.
LISTED, DRAWN, NAMED = 200, 60, 5


@dataclass(frozen=True, slots=True)
class Line:
    """One column that a model reads.

    Args:
        missing, missing_test: Shares of the training rows and of the held-out ones, 0 to 1.
        values: Its range, or how many categories it has and which is the most frequent.
        findings: What validation found in it.
        drawn: How it is spread; None for a sensitive one.
    """

    column: Column
    missing: float
    missing_test: float
    values: str
    drift: ColumnDrift | None
    findings: tuple[Finding, ...]
    drawn: Histogram | None


def render(
    train_rows: Table,
    test_rows: Table,
    schema: TableSchema,
    checks: Checks,
    split: SplitSettings,
    drift: DriftReport,
) -> str:
    """The page; what it draws comes from counts, and it holds no row."""
    lines = _lines(train_rows, test_rows, schema, checks, drift)
    drawn = [line for line in lines if line.drawn is not None]
    return fill(
        TEMPLATE,
        page=_page(checks, drift, schema),
        checks=checks,
        task=schema.task,
        train=len(train_rows),
        test=len(test_rows),
        split=split.told,
        target=_target(train_rows, test_rows, schema),
        lines=lines[:LISTED],
        unlisted=max(len(lines) - LISTED, 0),
        drawn=drawn[:DRAWN],
        undrawn=max(len(drawn) - DRAWN, 0),
        drift=drift,
        leaks=[finding for finding in checks.findings if finding.kind == "leak"],
    )


def _page(checks: Checks, drift: DriftReport, schema: TableSchema) -> dict[str, Any]:
    warnings = [finding.text for finding in checks.warnings]
    more = len(warnings) - NAMED
    named = warnings if more <= 0 else [*warnings[:NAMED], f"{more} more warnings, below."]
    held = f"{len(schema.columns):,} columns to predict '{checks.target}' from"
    clean = "Validation found nothing to warn of."
    apart = f"Held-out and training rows lie apart in {', '.join(drift.drifted[:NAMED])}."
    even = f"Held-out and training rows are alike in all {len(drift.columns):,} columns."
    return {
        "model": "Data report",
        "word": f"{len(warnings)} warnings"
        if len(warnings) > 1
        else "One warning"
        if warnings
        else "Nothing to warn of",
        "verdict": f"{checks.rows:,} rows with {held}",
        "tone": "watch" if warnings else "promote",
        "reasons": [*(named or [clean]), apart if drift.drifted else even],
    }


def _lines(
    train_rows: Table,
    test_rows: Table,
    schema: TableSchema,
    checks: Checks,
    drift: DriftReport,
) -> list[Line]:
    """Every column: those with a warning, or that drifted, first."""
    found = defaultdict[str, list[Finding]](list)
    for finding in checks.findings:
        found[finding.column].append(finding)
    apart = {each.column: each for each in drift.columns}
    pictures = _pictures(train_rows, test_rows, schema)
    lines = [
        Line(
            column,
            float(train_rows[column.name].isna().mean()),
            float(test_rows[column.name].isna().mean()),
            _values(column, pictures.get(column.name)),
            apart.get(column.name),
            tuple(found[column.name]),
            pictures.get(column.name),
        )
        for column in schema.columns
    ]
    return sorted(lines, key=_calm)


def _calm(line: Line) -> int:
    """Where a column stands: what asks to be looked at comes first."""
    if any(finding.level == "warning" for finding in line.findings):
        return 0
    return 1 if line.drift and line.drift.drifted else 2


def _pictures(train_rows: Table, test_rows: Table, schema: TableSchema) -> dict[str, Histogram]:
    """How each column is spread on either side, but for the sensitive ones."""
    return {
        column.name: _picture(train_rows, test_rows, replace(schema, columns=(column,)))
        for column in watched(schema).columns
    }


def _picture(train_rows: Table, test_rows: Table, alone: TableSchema) -> Histogram:
    """How the only column of a schema is spread: no more of the rows is in memory."""
    (column,) = alone.columns
    (reference,) = references(encode_frame(train_rows, alone), alone)
    (held,) = count((reference,), encode_frame(test_rows, alone))
    return histogram(reference, held, column.categories, column)


def _values(column: Column, drawn: Histogram | None) -> str:
    """What a column holds, in a few words; of a sensitive one nothing."""
    if column.sensitive or drawn is None:
        return "sensitive"
    if column.kind == "categorical":
        # The most frequent ones come first, and behind them what the others share.
        most = f", most often {drawn.bars[0].label}" if drawn.bars else ""
        return f"{len(column.categories):,} categories{most}"
    if column.minimum is None or column.maximum is None:
        return "none"
    return f"{_exact(column.minimum, column)} to {_exact(column.maximum, column)}"


def _exact(number: float, column: Column) -> str:
    """A bound of a range; a whole number, such as a year, with all its digits."""
    if column.kind == "datetime" or number != int(number) or abs(number) >= 1e9:
        return told(number, column)
    return f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.0f}"


def _target(train_rows: Table, test_rows: Table, schema: TableSchema) -> Histogram:
    """How what is to be predicted is spread on either side."""
    sides = [encode_target(rows, schema) for rows in (train_rows, test_rows)]
    if schema.classes:
        width = len(schema.classes)
        before, now = (np.bincount(side.astype(np.int64), minlength=width) for side in sides)
        reference = Reference(LABEL, (), (*before.tolist(), 0))
        return histogram(reference, np.append(now, [0, 0]), schema.classes)
    column = Column(schema.target, "numeric", "float64")
    alone = TableSchema(schema.task, schema.target, (column,))
    matrices = [np.asarray(side, dtype=np.float32).reshape(-1, 1) for side in sides]
    (reference,) = references(matrices[0], alone)
    return histogram(reference, count((reference,), matrices[1])[0], (), column)
