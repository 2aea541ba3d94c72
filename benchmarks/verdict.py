"""Our verdict on a log, as `run.py monitor` comes to it: `python -m ... FOLDER WHAT`.

WHAT is `verdict`; `page`, with the page that the dashboard shows; `report`, with Evidently's page
on a sample; or `rows`, which takes the rows from Parquet, as Evidently does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

from benchmarks.process import peak_memory
from benchmarks.windows import MODEL, SCHEMA, VERSION
from steps.monitoring.part import Labels, Mask, Part, Row

SAMPLED = 5000


def main(folder: Path, what: str) -> None:
    """Judge the window, with the page that is asked for."""
    from steps.monitoring.judgement import judge
    from steps.monitoring.log import log_parts
    from steps.monitoring.profile import Profile
    from steps.monitoring.settings import MonitoringSettings
    from steps.monitoring.window import gather

    since, until = map(datetime.fromisoformat, json.loads((folder / "window.json").read_text()))
    profile = Profile.from_json((folder / "profile.json").read_bytes())
    held = str(folder / "log"), MODEL, since, until, SCHEMA
    parts = given(folder / "current.parquet") if what == "rows" else log_parts(*held)
    sampled = SAMPLED if what == "report" else 0
    window = gather(parts, profile, SCHEMA, VERSION, {}, sampled=sampled)
    verdict = judge(window, profile, None, MonitoringSettings(), model=MODEL, version=VERSION,
                    since=since, until=until)  # fmt: skip
    if what == "page":
        from steps.monitoring.page import render

        page = render(verdict, profile, window, SCHEMA)
        (folder / "verdict.html").write_text(page, encoding="utf-8")
    if window.sample.rows is not None:
        import pandas as pd

        from steps.data.encoding import encode_frame
        from steps.monitoring.drift import compare_encoded

        trained = pd.read_parquet(folder / "reference.parquet").sample(SAMPLED, random_state=0)
        page = compare_encoded(encode_frame(trained, SCHEMA), window.sample.rows, SCHEMA)
        (folder / "page.html").write_text(page, encoding="utf-8")
    told = {"rows": verdict.rows, "blamed": list(verdict.drifted), "memory": peak_memory()}
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

    def labelled(self, rows: Mask, labels: Labels) -> Iterable[Row]:
        """None."""
        del rows, labels
        return []


def given(path: Path) -> Iterator[Part]:
    """A Parquet file's rows, some at a time."""
    from pyarrow.parquet import ParquetFile

    for batch in ParquetFile(path).iter_batches(50_000):
        yield Given(batch.to_pandas())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
