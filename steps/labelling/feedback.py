"""The labels that servers were sent, with the rows that they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from serving.schema import TableSchema
from steps.inference.rows import encode_rows
from steps.labelling.intake import blanks, lenient
from steps.labelling.label import Label
from steps.labelling.sheet import text_of
from steps.monitoring.part import Labels, Row, chunks


@dataclass
class Joined:
    """Labels that found their row.

    Args:
        faulty: Rows that break the contract, as rows that an older model was asked may.
        differing: Rows that were labelled otherwise by hand, which counts.
    """

    labels: dict[tuple[str, int], Label] = field(default_factory=dict)
    faulty: int = 0
    differing: int = 0


def join(
    log: Iterable[Row], sent: Labels, schema: TableSchema, held: Mapping[tuple[str, int], Label]
) -> Joined:
    """Look for the row of every label that was sent.

    Args:
        sent: By request id and row.
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
    if known is not None and known.label != label.label:
        found.differing += 1
    else:
        # A request that was tried again is logged twice under one id.
        found.labels.setdefault(label.key, label)


def _label(row: Row, sent: Labels, schema: TableSchema) -> Label:
    name, place = row["id"], row["row"]
    values = _features(row, schema)
    text = repr(float(str(sent[name, place]))) if not schema.classes else str(sent[name, place])
    return Label(name, place, text, values, blanks(values, schema), "feedback")


def _features(row: Row, schema: TableSchema) -> dict[str, str | None]:
    """A logged row as texts; of a sensitive column the log holds a hash at most."""
    return {
        column.name: None if column.sensitive else text_of(row["features"].get(column.name)) or None
        for column in schema.columns
    }
