"""A model's predictions of a whole table, in its order and with every row of it."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from serving.errors import ConfigError, DataError
from serving.model import Model
from serving.schema import TableSchema
from steps.data.fingerprint import fingerprint
from steps.data.settings import SourceSettings
from steps.inference.batches import Batch, batches, rows_of
from steps.inference.parts import REASON, Parts
from steps.inference.rows import Faults, encode_rows
from steps.inference.settings import Predictions, PredictionSettings
from steps.progress import Tell, nobody

PREDICTION, VERSION = "prediction", "model_version"


def predict_table(model: Model, settings: PredictionSettings, tell: Tell = nobody) -> Predictions:
    """Predict every row and write the predictions, going on where an interrupted run ended.

    Args:
        tell: Is told how many rows are written, and of how many where that is known.

    Raises:
        DataError: The table is unreadable or empty, or a row breaks the contract and none may.
        ConfigError: A kept column has the name of one of the predictions'.
    """
    started = time.monotonic()
    parts = Parts.beside(settings.out, identity(model, settings))
    count = rows = faulty = resumed = 0
    total = rows_of(settings)
    with closing(batches(settings, model.schema)) as read:
        for batch in read:
            held = parts.held(count)
            if held is None:
                table, wrong = predicted(model, batch, settings, rows)
                parts.write(count, table)
                held = table.num_rows, wrong
            else:
                resumed += held[0]
            count, rows, faulty = count + 1, rows + held[0], faulty + held[1]
            tell(rows, total)
    if not rows:
        raise DataError(f"'{settings.data}' holds no rows.")
    return Predictions(
        out=settings.out,
        digest=parts.join(count, settings.suffix),
        rows=rows,
        faulty=faulty,
        resumed=resumed,
        model=model.name,
        version=model.version,
        model_digest=model.digest,
        seconds=time.monotonic() - started,
    )


def identity(model: Model, settings: PredictionSettings) -> str:
    """What the parts of an output come from; of its own where the table's order is not known."""
    source = fingerprint(SourceSettings(data=settings.data))
    known = source or f"at {time.time_ns()}"
    parts = (known, model.digest, model.version, settings.model_dump_json())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def predicted(
    model: Model, batch: Batch, settings: PredictionSettings, before: int
) -> tuple[Any, int]:
    """A batch as a table of predictions, and how many of its rows have none.

    Args:
        before: How many rows came before the batch, for the messages.
    """
    matrix, faults = encode_rows(batch.frame, model.schema)
    scores = model.score(matrix)
    endless = np.logical_not(np.isfinite(scores).all(axis=1), dtype=np.bool_)
    faults.add(endless, lambda _: "The model has no finite answer: the values lie too far out.")
    if settings.faulty == "refuse" and faults.mask.any():
        raise DataError(_refusal(faults, settings, before))
    table = batch.kept
    for name, values in columns_of(scores, faults, model, settings):
        if name in table.column_names:
            raise ConfigError(f"--keep: the table has a column '{name}' of its own. Leave it out.")
        table = table.append_column(name, values)
    return table, int(faults.mask.sum())


def columns_of(
    scores: NDArray[np.float32], faults: Faults, model: Model, settings: PredictionSettings
) -> list[tuple[str, Any]]:
    """The columns that a prediction consists of."""
    import pyarrow as pa

    columns = [
        *_answers(scores, faults.mask, model.schema),
        (VERSION, pa.array([model.version] * len(scores), pa.string())),
    ]
    if settings.faulty == "mark":
        columns.append((REASON, pa.array(faults.reasons, pa.string())))
    return columns


def _answers(
    scores: NDArray[np.float32], without: NDArray[np.bool_], schema: TableSchema
) -> list[tuple[str, Any]]:
    import pyarrow as pa

    if not schema.classes:
        return [(PREDICTION, pa.array(scores[:, 0], mask=without))]
    labels = np.asarray(schema.classes, dtype=object)[scores.argmax(axis=1)]
    return [
        (PREDICTION, pa.array(labels, pa.string(), mask=without)),
        *(
            (f"probability_{name}", pa.array(scores[:, place], mask=without))
            for place, name in enumerate(schema.classes)
        ),
    ]


def _refusal(faults: Faults, settings: PredictionSettings, before: int) -> str:
    first = int(faults.mask.argmax())
    wrong = pd.Series(faults.reasons[faults.mask]).map(lambda text: text.split(" holds ")[0])
    more = len(wrong) - 1
    others = f" So do {more:,} more of the {len(faults.mask):,} rows read with it." if more else ""
    return (
        f"Row {before + first + 1:,} of '{settings.data}' breaks the model's contract. "
        f"{faults.reasons[first]}{others} Correct the table, or write such rows without a "
        "prediction and with the reason: --faulty mark."
    )
