"""A table held against the columns that the champion was trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from serving.errors import DataError
from serving.schema import Column, TableSchema, Task
from steps.data.dtypes import as_text, dtype_name
from steps.data.encoding import days_since, fits
from steps.data.finding import Finding, note, share, warn
from steps.data.renames import likely_renames
from steps.data.settings import ValidationSettings
from steps.data.stored import Table, parts
from steps.data.values import distinct, missing_share, present

_ADVICE = (
    "Bring the table back to what it was, or train on what it is with validation.accept_schema."
)
_HELD = {"numeric": "numbers", "datetime": "times"}


def check_contract(
    frame: Table,
    contract: TableSchema | None,
    settings: ValidationSettings,
    features: Collection[str] | None = None,
) -> list[Finding]:
    """What has changed in a table since the champion was trained.

    Args:
        features: The columns a model would be trained on now; one that the champion does not know
            counts as added. None where columns beyond the contract do not matter.

    Raises:
        DataError: A column was added, dropped, renamed or holds another type, and the settings do
            not accept that.
    """
    if contract is None:
        return []
    broken = _names(frame, contract, features)
    known = [column for column in contract.columns if column.name in frame.columns]
    mistyped = {column.name: text for column in known if (text := _mistyped(column, frame))}
    broken.extend(mistyped.values())
    if broken and not settings.accept_schema:
        raise DataError(" ".join(["The columns changed since the champion:", *broken, _ADVICE]))
    findings = [warn("schema", f"{text} Accepted.") for text in broken]
    for column in known:
        if column.name not in mistyped:
            findings.extend(_values(column, frame, settings))
    return findings


def check_target_contract(
    labelled: Table, target: str, task: Task, contract: TableSchema | None, accept: bool
) -> list[Finding]:
    """What has changed in the target since the champion was trained.

    Raises:
        DataError: It is another column, another task, or holds a class that the champion does not
            know, and that is not accepted.
    """
    if contract is None:
        return []
    now, then = (target, task), (contract.target, contract.task)
    texts = []
    if now != then:
        texts.append(f"The champion predicts '{then[0]}' ({then[1]}), not '{target}' ({task}).")
    elif task != "regression":
        new = sorted(set(as_text(distinct(labelled, target))) - set(contract.classes))
        texts.extend(
            f"The target has a class the champion does not know: '{name}'." for name in new
        )
    if texts and not accept:
        raise DataError(" ".join([*texts, _ADVICE]))
    return [warn("schema", f"{text} Accepted.", target) for text in texts]


def _names(frame: Table, contract: TableSchema, features: Collection[str] | None) -> list[str]:
    """Which columns came, went or have another name."""
    dropped = [name for name in contract.names if name not in frame.columns]
    new = frame.columns if features is None else features
    added = [name for name in new if name not in contract.names and name != contract.target]
    renamed = likely_renames(frame, contract, dropped, added)
    texts = [f"'{old}' looks renamed to '{new}'." for old, new in renamed.items()]
    texts.extend(f"'{name}' was dropped." for name in dropped if name not in renamed)
    if features is not None:
        texts.extend(f"'{name}' was added." for name in added if name not in renamed.values())
    return texts


def _mistyped(column: Column, frame: Table) -> str:
    """What to say of a column that holds another type than it did; empty when it does not."""
    name = column.name
    if all(fits(part, column) for part in parts(frame, name)) or not present(frame, name):
        return ""
    series = frame[name]
    held = _HELD.get(column.kind, "text" if column.dtype == "str" else "categories")
    now = {"str": "text", "datetime64": "times"}.get(dtype_name(series), dtype_name(series))
    text = f"'{column.name}' held {held} ({column.dtype}) and now holds {now}"
    return f"{text}{_first_odd(column, series)}."


def _first_odd(column: Column, series: pd.Series) -> str:
    """Where the first value stands that spoilt a column's type, if single values did."""
    if series.dtype != "str" or column.kind == "categorical":
        return ""
    convert = pd.to_numeric if column.kind == "numeric" else pd.to_datetime
    odd = series[convert(series, errors="coerce").isna() & series.notna()]
    if odd.empty:
        return ""
    value = "" if column.sensitive else f" '{odd.iloc[0]}'"
    return f", the first{value} in row {int(odd.index[0]) + 1}"


def _values(column: Column, frame: Table, settings: ValidationSettings) -> list[Finding]:
    """What has changed in the values of one column."""
    findings, name = [], column.name
    rows, held = len(frame), present(frame, column.name)
    missing = missing_share(held, rows)
    if missing > column.missing_share + settings.missing_growth:
        grown = f"from {100 * column.missing_share:.1f}% to {100 * missing:.1f}%"
        findings.append(warn("missing", f"The missing share of '{name}' grew {grown}.", name))
    elif missing and not column.missing_share:
        part = share(missing * rows, rows)
        text = f"'{name}' was never missing and now is in {part} of rows."
        findings.append(note("missing", text, name))
    check = _new_categories if column.kind == "categorical" else _out_of_range
    return [*findings, *check(column, frame, held, settings)] if held else findings


def _new_categories(
    column: Column, frame: Table, held: int, settings: ValidationSettings
) -> Sequence[Finding]:
    """Categories that training did not hold.

    Args:
        held: Rows that have a value.
    """
    texts = (as_text(part.dropna(), column.dtype) for part in parts(frame, column.name))
    new = pd.concat([each[~each.isin(column.categories)] for each in texts])
    if new.empty:
        return ()
    some = ", ".join(f"'{value}'" for value in new.value_counts().index[:3])
    shown = "" if column.sensitive else f" ({some})"
    text = (
        f"'{column.name}' has {new.nunique()} categories the champion has no code for{shown}, "
        f"in {share(len(new), held)} of rows."
    )
    tolerated = len(new) <= settings.tolerated_share * held
    return ((note if tolerated else warn)("category", text, column.name),)


def _out_of_range(
    column: Column, frame: Table, held: int, settings: ValidationSettings
) -> Sequence[Finding]:
    """Values below the smallest or above the largest of training.

    Args:
        held: Rows that have a value.
    """
    if column.minimum is None or column.maximum is None:
        return ()
    outside = 0
    for part in parts(frame, column.name):
        values = days_since(part, column) if column.kind == "datetime" else part
        outside += int(((values < column.minimum) | (values > column.maximum)).sum())
    if not outside:
        return ()
    text = (
        f"'{column.name}' leaves the range of training ({column.minimum:g} to {column.maximum:g}) "
        f"in {share(outside, held)} of rows."
    )
    tolerated = outside <= settings.tolerated_share * held
    return ((note if tolerated else warn)("range", text, column.name),)
