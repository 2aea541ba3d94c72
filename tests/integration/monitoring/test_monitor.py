"""`run.py monitor` over what a real server answered and shipped."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import yaml

from steps.data.dtypes import normalise
from tests.unit.data.tables import customers
from tests.workplace import ROOT, Workplace

QUERY = "select id, row, became from outcomes"
CHEAP = ("--set", "candidates=[{name: linear, kind: linear}]", "--set", "report.enabled=false")
Ask = Callable[[pd.DataFrame, str], None]


@pytest.fixture(scope="module")
def served(shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A champion that answers on a stack which ships its log at once."""
    folder = tmp_path_factory.mktemp("watched")
    stack = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
    stack["stack_name"] = "watched"
    deployer = {"name": "watched", "flavor": "resident"}
    stack["components"]["model_deployer"] = [
        {**deployer, "configuration": {"log_segment_seconds": 0.5}}
    ]
    (folder / "watched.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")
    table = pd.concat([customers()] * 3).assign(income=incomes(1200, 0))
    normalise(table).to_csv(folder / "customers.csv", index=False)
    words = ["--data", str(folder / "customers.csv"), "--target", "bought", *CHEAP]
    words += ["--set", "gate.slices=[city]"]
    done = shared_workplace.run("--stack", str(folder / "watched.yaml"), *words, "--json")
    assert done.status == 0, done.errors
    return done.document


def incomes(rows: int, seed: int) -> Any:
    """Incomes, of which some are missing."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(rows) < 0.1, np.nan, rng.normal(3000, 900, rows))


@pytest.fixture(scope="module")
def ask(served: Any) -> Ask:
    """Send rows as one request under an id."""

    def send(frame: pd.DataFrame, name: str) -> None:
        inputs = frame.drop(columns="bought")
        rows = json.loads(inputs.to_json(orient="values", date_format="iso"))
        data = {"names": list(inputs.columns), "ndarray": rows}
        said = httpx.post(
            served["endpoint"]["seldon_url"], json={"data": data, "meta": {"puid": name}}
        )
        assert said.status_code == 200, said.text

    return send


def verdict(
    place: Workplace, since: str, rows: int, *words: str, labels: int = 0
) -> tuple[int, Any]:
    """The exit status and the verdict, once so much of the log has been shipped."""
    for _ in range(100):
        done = place.run("monitor", "--since", since, *words, "--json")
        if done.document["rows"] >= rows and done.document["labelled"] >= labels:
            return done.status, done.document
        time.sleep(0.2)
    raise AssertionError(done.output)


def now() -> str:
    """A time between two windows."""
    time.sleep(0.01)
    return str(pd.Timestamp.now("UTC").isoformat())


def test_rows_like_those_of_the_training_are_ok(shared_workplace: Workplace, ask: Ask) -> None:
    """Status 0, and every column is told with its test."""
    since = now()
    ask(customers().assign(income=incomes(400, 1)), "first")
    status, told = verdict(shared_workplace, since, 400)
    assert (status, told["outcome"], told["version"]) == (0, "ok", "1")
    assert {each["column"] for each in told["columns"]} == {
        "age",
        "income",
        "city",
        "member",
        "since",
    }
    assert {each["column"] for each in told["answers"]} == {"label", "score yes"}


def test_a_planted_shift_is_found_and_named(shared_workplace: Workplace, ask: Ask) -> None:
    """Status 3, and no other column is blamed."""
    since = now()
    ask(customers().assign(income=incomes(400, 2) + 900), "second")
    status, told = verdict(shared_workplace, since, 400)
    assert (status, told["outcome"]) == (3, "drift")
    assert [each["column"] for each in told["columns"] if each["drifted"]] == ["income"]
    page = Path(told["report"]).read_text(encoding="utf-8")
    assert "income" in page
    assert told["unreported"] == ""


def test_labels_that_come_later_show_a_model_that_degraded(
    shared_workplace: Workplace, ask: Ask, tmp_path: Path
) -> None:
    """They come from a database, are joined by the request's id and row, and count by slice."""
    since = now()
    frame = customers().assign(income=incomes(400, 3))
    ask(frame, "third")
    other = {"yes": "no", "no": "yes"}
    turned = frame["bought"].map(other).where(np.arange(400) % 2 == 0, frame["bought"])
    labels = pd.DataFrame({"id": "third", "row": range(400), "became": turned})
    with closing(sqlite3.connect(tmp_path / "labels.db")) as base:
        labels.to_sql("outcomes", base, index=False)
    words = ["--labels", f"sqlite:///{tmp_path / 'labels.db'}", "--query", QUERY]
    words += ["--label", "became", "--set", "monitoring.report=never"]
    status, told = verdict(shared_workplace, since, 400, *words)
    assert (status, told["outcome"]) == (3, "degraded")
    assert (told["labelled"], told["unmatched"]) == (400, 0)
    assert told["performance"]["drop"]["low"] > 0
    slices = told["performance"]["slices"]
    assert {each["value"] for each in slices} <= set(frame["city"].dropna())
    assert all(each["score"]["low"] < each["score"]["high"] for each in slices)
    assert slices
    assert told["report"] == told["unreported"] == ""


def test_labels_sent_to_the_server_are_read_without_a_file(
    shared_workplace: Workplace, ask: Ask, served: Any
) -> None:
    """The later one of a row counts, and the page of the verdict is kept beside it."""
    since = now()
    frame = customers().assign(income=incomes(400, 3))
    ask(frame, "fourth")
    labels = [{"id": "fourth", "row": row, "label": str(each)}
              for row, each in enumerate(frame["bought"])]  # fmt: skip
    with httpx.Client(base_url=served["endpoint"]["url"]) as client:
        for body in ({"id": "fourth", "row": 0, "label": "no"}, labels):
            said = client.post("/v2/models/customers-bought/feedback", json=body)
            assert said.status_code == 200, said.text
    status, told = verdict(shared_workplace, since, 400, labels=400)
    assert (status, told["outcome"], told["unmatched"]) == (0, "ok", 0)
    assert told["performance"]["rows"] == 400


def test_an_empty_window_says_so(shared_workplace: Workplace, served: Any) -> None:
    """Nothing is wrong with it: status 0; nor with a report that cannot be made."""
    assert served
    words = ["--since", "2020-01-01", "--until", "2020-01-02"]
    done = shared_workplace.run("monitor", *words, "--set", "monitoring.report=always")
    assert done.status == 0
    assert "too few rows" in done.output
    assert "report   The window holds no row to report on." in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", "yesterday"], "--since 'yesterday' is no time"),
        (["--labels", "absent.csv"], "absent.csv"),
        (["--model", "custom"], "customers-bought"),
        (["--since", "1h", "--until", "2020-01-01", "--label", "x"], "verdict"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    shared_workplace: Workplace, served: Any, words: list[str], said: str
) -> None:
    """With status 2; a window of long ago is none."""
    assert served
    done = shared_workplace.run("monitor", *words)
    assert done.status == (0 if said == "verdict" else 2)
    assert said in done.errors + done.output
    assert "Traceback" not in done.errors


def test_one_answer_is_traced_to_what_gave_it(
    shared_workplace: Workplace, served: Any, ask: Ask
) -> None:
    """The version, its training, the columns as seen, and contributions that add up."""
    ask(customers().head(3), "traced")
    for _ in range(100):
        done = shared_workplace.run("explain-prediction", "traced", "--row", "1", "--json")
        if done.status == 0:
            break
        assert "no request 'traced' in this window" in done.errors
        time.sleep(0.2)
    told = done.document
    assert told["reproduced"] is True
    assert told["version"]["version"] == served["version"]
    assert told["version"]["data_digest"] == served["data"]["digest"]
    assert told["version"]["commit"] == served["commit"]
    total = told["mean_score"] + sum(each["value"] for each in told["contributions"])
    assert total == pytest.approx(max(told["scores"]), abs=1e-5)
    assert {each["column"] for each in told["contributions"]} == set(told["features"])
    plain = shared_workplace.run("explain-prediction", "traced")
    assert plain.status == 0
    assert "yes, bit for bit" in plain.output
    assert "mean of the training" in plain.output
