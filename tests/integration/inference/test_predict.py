"""Predictions of whole tables: order, resumption, memory, and what is refused."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.errors import DataError
from steps.inference.predict import predict_table
from steps.inference.settings import Predictions, PredictionSettings
from tests.integration.data.servers import s3
from tests.unit.serving import tiny
from tests.workplace import ROOT

SCRIPT = """
import json, resource, sys
from pathlib import Path
from serving.model import Model
from steps.inference.predict import predict_table
from steps.inference.settings import PredictionSettings
model = Model.load(Path(sys.argv[1]))
done = predict_table(model, PredictionSettings(**json.loads(sys.argv[2])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({**done.model_dump(), "peak": peak}))
"""


def table(rows: int) -> pd.DataFrame:
    """Rows that the model takes, each with a number of its own written as text."""
    rng = np.random.default_rng(5)
    joined = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    return pd.DataFrame(
        {
            "order": [f"{number:09d}" for number in range(rows)],
            "age": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(50, 9, rows)),
            "visits": rng.integers(0, 40, rows),
            "joined": joined,
            "city": rng.choice(["Bonn", "Ulm", "Rome"], rows),
            "tier": rng.integers(1, 4, rows),
            "member": rng.random(rows) < 0.5,
        }
    )


def wanted(data: Path | str, out: Path | str, **more: Any) -> dict[str, Any]:
    """The settings as JSON values."""
    return {"data": str(data), "out": str(out), **more}


def predict(data: Path | str, out: Path | str, **more: Any) -> Predictions:
    """Predict with the tiny model."""
    return predict_table(tiny.model("3"), PredictionSettings(**wanted(data, out, **more)))


def start(bundle: Path, settings: dict[str, Any]) -> "subprocess.Popen[str]":
    """Predict in a process of its own."""
    tiny.bundle(bundle, "3")
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(bundle), json.dumps(settings)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz"])
def test_every_row_is_predicted_in_its_order(tmp_path: Path, suffix: str) -> None:
    """Ids are kept as they are written, and each row has what the model says of it."""
    frame, data = table(2500), tmp_path / f"rows{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(data)
    else:
        frame.to_csv(data, index=False)
    done = predict(data, tmp_path / "out.parquet", batch=400)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert (done.rows, done.version, len(found)) == (2500, "3", 2500)
    assert list(found["order"]) == list(frame["order"])
    names = ["order", "prediction", "probability_no", "probability_yes", "model_version"]
    assert list(found.columns) == names
    request = frame.drop(columns="order").astype(object).where(frame.notna(), None)
    request["joined"] = [time.isoformat() for time in frame["joined"]]
    answer = tiny.model("3").predict({name: list(request[name]) for name in tiny.schema().names})
    assert list(found["prediction"]) == answer.labels
    np.testing.assert_array_equal(found["probability_yes"], answer.scores[:, 1])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_second_run_writes_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    """And leaves nothing but the file."""
    table(900).to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / f"out{suffix}"
    first = predict(tmp_path / "rows.csv", out, batch=250)
    content = out.read_bytes()
    second = predict(tmp_path / "rows.csv", out, batch=250)
    assert (first.digest, content) == (second.digest, out.read_bytes())
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "rows.csv"]


@pytest.mark.fault(
    kind="kill -9",
    where="`run.py predict`, between two batches",
    promise="The same bytes as without the kill, no row twice.",
    then="the same command",
)
def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    """What was predicted before the kill is not predicted again, and the bytes are the same."""
    table(60_000).to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.csv"
    settings = wanted(tmp_path / "rows.parquet", out, batch=100)
    running = start(tmp_path / "bundle", settings)
    parts = tmp_path / "out.csv.parts"
    while not (parts.is_dir() and len(list(parts.glob("0*.parquet"))) > 20):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not out.exists()
    done = predict(**settings)
    assert done.resumed >= 2000
    assert done.rows == 60_000
    content = out.read_bytes()
    assert predict(**settings).resumed == 0
    assert out.read_bytes() == content


def test_another_table_takes_up_no_parts_of_the_first(tmp_path: Path) -> None:
    """Parts belong to the very bytes, model and settings that they come from."""
    parts = tmp_path / "out.parquet.parts"
    frame = table(1000)
    frame.loc[900, "age"] = np.inf
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError):
        predict(tmp_path / "rows.csv", tmp_path / "out.parquet", batch=100)
    assert len(list(parts.glob("0*.parquet"))) == 9
    frame.loc[900, "age"] = 50.0
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert predict(tmp_path / "rows.csv", tmp_path / "out.parquet", batch=100).resumed == 0


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """Forty times the rows in the same memory."""
    peaks = []
    for parts in (1, 40):
        data = tmp_path / f"{parts}.parquet"
        pd.concat([table(50_000)] * parts).to_parquet(data, row_group_size=50_000)
        settings = wanted(data, tmp_path / "out.parquet", batch=50_000)
        output, _ = start(tmp_path / "bundle", settings).communicate()
        told = json.loads(output)
        assert told["rows"] == parts * 50_000
        peaks.append(told["peak"])
    assert peaks[1] < 1.4 * peaks[0]


def test_a_folder_of_parquet_is_one_table(tmp_path: Path) -> None:
    """File after file in the order of their names, with the columns that folders add."""
    frame = table(600)
    for name, rows in (("tier=1", frame[:200]), ("tier=3", frame[200:])):
        (tmp_path / "rows" / name).mkdir(parents=True)
        rows.drop(columns="tier").to_parquet(tmp_path / "rows" / name / "part.parquet")
    predict(tmp_path / "rows", tmp_path / "out.parquet", keep="all", batch=90)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert list(found["order"]) == list(frame["order"])
    assert list(found["tier"]) == [1] * 200 + [3] * 400


def test_a_faulty_row_ends_the_run_and_is_named(tmp_path: Path) -> None:
    """By its number in the file, with the way to go on without it."""
    frame = table(1000).astype({"age": object})
    frame.loc[[733, 734], "age"] = "old"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"Row 734 .*Column 'age' holds 'old'.*--faulty mark"):
        predict(tmp_path / "rows.csv", tmp_path / "out.csv", batch=300)
    assert not (tmp_path / "out.csv").exists()


def test_a_faulty_row_can_be_written_with_its_reason(tmp_path: Path) -> None:
    """It has no prediction, and no row is dropped."""
    frame = table(1000).astype({"age": object})
    frame.loc[733, "age"] = "old"
    frame.to_csv(tmp_path / "rows.csv", index=False)
    done = predict(tmp_path / "rows.csv", tmp_path / "out.parquet", batch=300, faulty="mark")
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert (done.faulty, len(found)) == (1, 1000)
    assert found["fault"].dropna().to_dict() == {
        733: "Column 'age' holds 'old', not a finite number."
    }
    assert found["prediction"].isna().sum() == found["probability_yes"].isna().sum() == 1


def test_a_query_is_predicted_as_its_rows_come(tmp_path: Path) -> None:
    """From a database, in the order of the answer."""
    frame = table(700).assign(joined="2021-06-01", member="true")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        frame.to_sql("rows", connection, index=False)
    query = 'select * from "rows" order by "order" desc'
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    predict(url, tmp_path / "out.parquet", query=query, batch=200)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert list(found["order"]) == list(frame["order"])[::-1]


@pytest.mark.parametrize(
    ("keep", "columns"),
    [("none", []), (("tier", "order"), ["order", "tier"]), ("all", list(table(1).columns))],
)
def test_columns_are_kept_as_asked(
    tmp_path: Path, keep: str | tuple[str, ...], columns: list[str]
) -> None:
    """In the table's order, before the prediction."""
    table(50).to_csv(tmp_path / "rows.csv", index=False)
    predict(tmp_path / "rows.csv", tmp_path / "out.parquet", keep=keep)
    found = list(pd.read_parquet(tmp_path / "out.parquet").columns)
    assert found[: found.index("prediction")] == columns


def test_an_object_store_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ended halfway goes on from the parts in the store, and leaves one object."""
    import s3fs

    folder = tmp_path / "buckets" / "shop"
    folder.mkdir(parents=True)
    frame = table(1000)
    frame.loc[900, "age"] = np.inf
    frame.to_parquet(folder / "rows.parquet")
    with s3(tmp_path / "buckets", "ann", "s3cret-of-ann") as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ann")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-of-ann")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()
        with pytest.raises(DataError, match=r"Row 901 of 's3://shop/rows.parquet'"):
            predict("s3://shop/rows.parquet", "s3://shop/out.csv", batch=100)
        assert s3fs.S3FileSystem().exists("shop/out.csv.parts/000008.parquet")
        done = predict("s3://shop/rows.parquet", "s3://shop/out.csv", batch=100, faulty="mark")
        held = s3fs.S3FileSystem().find("shop")
    assert (done.rows, done.faulty) == (1000, 1)
    assert held == ["shop/out.csv", "shop/rows.parquet"]
