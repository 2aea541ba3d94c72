"""The labels that servers were sent, with the rows that they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from serving.schema import TableSchema
from steps.inference.rows import encode_rows
from steps.labelling.intake import blanks, lenient
from steps.labelling.label import Label
from steps.labelling.sheet import text_of
from steps.monitoring.part import Labels, Row, chunks

# Labels that servers were sent, by request id and row, each with the time at which it came.
Sent = Mapping[tuple[str, int], tuple[object, datetime]]


@dataclass
class Joined:
    """Labels that found their row.

    Args:
        faulty: Rows that break the contract, as rows that an older model was asked may.
        differing: Rows that were labelled otherwise since then, which counts.
    """

    labels: dict[tuple[str, int], Label] = field(default_factory=dict)
    faulty: int = 0
    differing: int = 0


def join(
    log: Iterable[Row], sent: Sent, schema: TableSchema, held: Mapping[tuple[str, int], Label]
) -> Joined:
    """Look for the row of every label that was sent.

    Args:
        sent: By request id and row, with the time at which each came.
        held: Labels that are kept already.
    """
    found, contract = Joined(), lenient(schema)
    for rows in chunks(log):
        named = [row for row in rows if (row["id"], row["row"]) in sent]
        if not named:
            continue
        frame = pd.DataFrame([_features(row, schema) for row in named], columns=list(schema.names))
        _, faults = encode_rows(frame, contract)
        found.faulty += int(faults.mask.sum())
        for row, bad in zip(named, faults.mask, strict=True):
            if not bad:
                _keep(found, _label(row, sent, schema), held)
    return found


def _keep(found: Joined, label: Label, held: Mapping[tuple[str, int], Label]) -> None:
    known = held.get(label.key)
    if known is not None and known.label != label.label and known.came >= label.came:
        found.differing += 1
    else:
        # A request that was tried again is logged twice under one id.
        found.labels.setdefault(label.key, label)


def _label(row: Row, sent: Sent, schema: TableSchema) -> Label:
    name, place = row["id"], row["row"]
    values, (said, when) = _features(row, schema), sent[name, place]
    text = str(said) if schema.classes else repr(float(str(said)))
    blank = blanks(values, schema)
    return Label(name, place, text, values, blank, "feedback", when.isoformat())


def known_labels(sent: Sent, held: Mapping[tuple[str, int], Label], schema: TableSchema) -> Labels:
    """The label of each row that came last: to a server, or by hand."""
    kept = {
        key: label.value(schema)
        for key, label in held.items()
        if key not in sent or label.came >= sent[key][1]
    }
    return {**{key: said for key, (said, _) in sent.items()}, **kept}


def _features(row: Row, schema: TableSchema) -> dict[str, str | None]:
    """A logged row as texts; of a sensitive column the log holds a hash at most."""
    return {
        column.name: None if column.sensitive else text_of(row["features"].get(column.name)) or None
        for column in schema.columns
    }
