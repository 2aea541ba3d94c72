"""Our verdict on a log, as `run.py monitor` comes to it: `python -m ... FOLDER WHAT`.

WHAT is `verdict`; `page`, with the page that the dashboard shows; `report`, with Evidently's page
on a sample; or `rows`, which takes the rows from Parquet, as Evidently does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from benchmarks.process import peak_memory
from benchmarks.windows import MODEL, SCHEMA, VERSION
from steps.monitoring.part import Labels, Mask, Part, Row


def main(folder: Path, what: str) -> None:
    """Judge the window, with the page that is asked for."""
    from steps.data.stored import StoredTable
    from steps.monitoring.drawing import Drawing
    from steps.monitoring.judgement import judge
    from steps.monitoring.log import log_parts
    from steps.monitoring.profile import Profile
    from steps.monitoring.settings import MonitoringSettings
    from steps.monitoring.window import gather

    since, until = map(datetime.fromisoformat, json.loads((folder / "window.json").read_text()))
    profile = Profile.from_json((folder / "profile.json").read_bytes())
    held = str(folder / "log"), MODEL, since, until, SCHEMA
    parts = given(folder / "current.parquet") if what == "rows" else log_parts(*held)
    settings = MonitoringSettings(report="found" if what == "report" else "never")
    trained = partial(StoredTable.of, str(folder / "reference.parquet"))
    with Drawing(trained, profile, SCHEMA, settings) as drawing:
        sampled = settings.report_rows if what == "report" else 0
        window = gather(parts, profile, SCHEMA, VERSION, {}, sampled=sampled, seen=drawing.look)
        verdict = judge(window, profile, None, settings, model=MODEL, version=VERSION,
                        since=since, until=until)  # fmt: skip
        memory = peak_memory()
        if what == "report":
            page = drawing.page(window.sample.rows)
            (folder / "page.html").write_text(page, encoding="utf-8")
            memory = peak_memory() + (
                peak_memory(drawing.beside.child.pid) if drawing.beside else 0
            )
    if what == "page":
        from steps.monitoring.page import render

        page = render(verdict, profile, window, SCHEMA)
        (folder / "verdict.html").write_text(page, encoding="utf-8")
        memory = peak_memory()
    told = {"rows": verdict.rows, "blamed": list(verdict.drifted), "memory": memory}
    print(json.dumps(told))


@dataclass(frozen=True, slots=True)
class Given:
    """Rows that are there as a table, without answers."""

    features: DataFrame

    @property
    def versions(self) -> NDArray[Any]:
        """Nobody's."""
        return np.full(len(self.features), "", dtype=object)

    def scores(self, rows: Mask) -> NDArray[np.float32]:
        """None."""
        return np.empty((int(rows.sum()), 2), dtype=np.float32)

    def labelled(self, rows: Mask, labels: Labels, columns: Sequence[str]) -> Iterable[Row]:
        """None."""
        del rows, labels, columns
        return []


def given(path: Path) -> Iterator[Part]:
    """A Parquet file's rows, some at a time."""
    from pyarrow.parquet import ParquetFile

    for batch in ParquetFile(path).iter_batches(50_000):
        yield Given(batch.to_pandas())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
