"""Evidently's DataDriftPreset on two tables: `python -m ... REFERENCE CURRENT`."""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.process import peak_memory
from benchmarks.windows import SCHEMA


def blamed(reference: Any, current: Any) -> list[str]:
    """The columns that the preset calls drifted.

    Args:
        reference: A data frame, as is current.
    """
    from evidently import Report
    from evidently.presets import DataDriftPreset

    from steps.monitoring.drift import dataset

    report = Report([DataDriftPreset()], include_tests=True)
    found = report.run(dataset(current, SCHEMA), dataset(reference, SCHEMA)).dict()
    failed = {
        test["metric_config"]["metric_id"]
        for test in found["tests"]
        if str(test["status"]).endswith("FAIL")
    }
    metrics = [each for each in found["metrics"] if "column" in each["config"]]
    return [each["config"]["column"] for each in metrics if each["id"] in failed]


def main(reference: str, current: str) -> None:
    """Compare two Parquet files, and say what was found and what it took."""
    import pandas as pd

    found = blamed(pd.read_parquet(reference), pd.read_parquet(current))
    print(json.dumps({"blamed": found, "memory": peak_memory()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
