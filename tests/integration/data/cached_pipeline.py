"""A pipeline of this room's steps on a store of its own, run again and again; prints what it saw.

python -m tests.integration.data.cached_pipeline FOLDER
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from zenml import pipeline
from zenml.client import Client

from steps.data.fingerprint import fingerprint
from steps.data.settings import SourceSettings, SplitSettings, ValidationSettings
from steps.data.steps import load_table, split_rows, validate
from tests.unit.data.tables import customers


@pipeline(enable_cache=True)
def preparing(source: SourceSettings, mark: str, contract: str = "") -> None:
    """From the source to the rows to train and test on."""
    table = load_table(source, mark)
    checks = validate(table, source.columns, ValidationSettings(), contract)
    split_rows(table, checks, ValidationSettings(), SplitSettings())


def run(path: str | Path, contract: str = "") -> dict[str, str]:
    """The status of each step of one run."""
    source = SourceSettings(data=str(path), target="bought")
    done: Any = preparing(source, fingerprint(source) or "", contract)
    return {name: str(step.status.value) for name, step in done.steps.items()}


def artifact(name: str) -> Any:
    """The newest version of an artifact."""
    return Client().get_artifact_version(name)


def stored_address() -> str:
    """The address of the data as the store keeps it of the last run."""
    last = Client().list_pipeline_runs(size=1, sort_by="desc:created", hydrate=True).items[0]
    return str(last.steps["load_table"].config.parameters["source"]["data"])


def main(folder: Path) -> None:
    """Run on a file, on it again, on its content in another format, and on other content."""
    table = customers()
    csv, parquet, other = (folder / name for name in ("a.csv", "a.parquet", "b.csv"))
    table.to_csv(csv, index=False)
    table.to_parquet(parquet)
    table.assign(age=table["age"] + 1).to_csv(other, index=False)
    runs = {"first": run(csv), "again": run(csv), "other format": run(parquet)}
    pd.testing.assert_frame_equal(artifact("table").load(), table)
    schema = artifact("schema").load()
    runs["contract"] = run(csv, schema.to_json().decode())
    runs["other content"] = run(other)
    os.environ["TABLES"] = str(folder)
    run("${TABLES}/a.csv")
    facts = {
        "address": stored_address(),
        "names": list(schema.names),
        "split": artifact("test_rows").run_metadata["split"],
        "digest": artifact("table").content_hash,
    }
    print(json.dumps({"runs": runs, **facts}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
