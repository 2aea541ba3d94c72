"""From answered rows to labels and into the next training, with the program itself."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import yaml

from tests.unit.data.tables import customers
from tests.workplace import ROOT, Finished, Workplace

CHEAP = ("--set", "candidates=[{name: linear, kind: linear}]", "--set", "report.enabled=false")
ASKED = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the table, the stack and the labels lie."""
    return tmp_path_factory.mktemp("labelling")


@pytest.fixture(scope="module")
def words(folder: Path) -> list[str]:
    """The words of a training on 400 customers."""
    stack = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
    stack["stack_name"] = "labelled"
    deployer = {"name": "labelled", "flavor": "resident"}
    stack["components"]["model_deployer"] = [
        {**deployer, "configuration": {"log_segment_seconds": 0.5}}
    ]
    (folder / "labelled.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")
    customers().to_csv(folder / "customers.csv", index=False)
    data = ["--data", str(folder / "customers.csv"), "--target", "bought", *CHEAP]
    return ["--stack", str(folder / "labelled.yaml"), *data, "--json"]


@pytest.fixture(scope="module")
def served(shared_workplace: Workplace, words: list[str]) -> Any:
    """A champion that has answered 300 rows which no table holds."""
    done = shared_workplace.run(*words)
    assert done.status == 0, done.errors
    inputs = newcomers().drop(columns="bought")
    rows = json.loads(inputs.to_json(orient="values", date_format="iso"))
    body = {"data": {"names": list(inputs), "ndarray": rows}, "meta": {"puid": "request"}}
    said = httpx.post(done.document["endpoint"]["seldon_url"], json=body)
    assert said.status_code == 200, said.text
    return done.document


def newcomers() -> pd.DataFrame:
    """Rows that are asked for, unlike those of the table."""
    return customers().head(ASKED).assign(age=lambda rows: rows["age"] + 1)


def queue(place: Workplace, *words: str) -> Finished:
    """The queue, once the rows have been shipped."""
    for _ in range(50):
        done = place.run("label-queue", "--json", *words)
        if "different rows" not in done.errors and "no row" not in done.errors:
            return done
        time.sleep(0.3)
    return done


def test_the_most_doubtful_rows_come_out_as_a_sheet(
    shared_workplace: Workplace, served: Any, folder: Path
) -> None:
    """One line a row with an empty column for the label."""
    out = folder / "queue.csv"
    done = queue(shared_workplace, "--count", "40", "--out", str(out))
    assert done.status == 0, done.errors
    assert done.document["rows"] >= ASKED
    sheet = pd.read_csv(out, dtype="str", keep_default_na=False)
    assert len(sheet) == 40
    assert set(sheet["bought"]) == {""}
    assert set(sheet["request_id"]) == {"request"}
    assert sheet["probability"].astype(float).median() < 0.75
    assert served["version"] == "1"


def fill_in(folder: Path, name: str, answer: pd.Series) -> str:
    """The sheet with what the rows turned out to be."""
    sheet = pd.read_csv(folder / "queue.csv", dtype="str", keep_default_na=False)
    labels = [answer.iloc[int(row)] for row in sheet["request_row"]]
    sheet.assign(bought=labels).to_csv(folder / name, index=False)
    return str(folder / name)


def test_labels_come_back_once_and_can_be_corrected(
    shared_workplace: Workplace, folder: Path
) -> None:
    """Given twice they are known; what comes later counts, and what it corrected stays on file."""
    truth = newcomers()["bought"]
    words = ["label-queue", "--json", "--labelled"]
    first = shared_workplace.run(*words, fill_in(folder, "labelled.csv", truth))
    assert first.status == 0, first.errors
    assert (first.document["new"], first.document["open"]) == (40, 0)
    second = shared_workplace.run(*words, str(folder / "labelled.csv"))
    assert (second.document["new"], second.document["known"]) == (0, 40)
    turned = fill_in(folder, "turned.csv", truth.map({"yes": "no", "no": "yes"}))
    wrong = shared_workplace.run(*words, turned)
    assert (wrong.document["new"], wrong.document["corrected"]) == (40, 40)
    mended = shared_workplace.run(*words, str(folder / "labelled.csv"))
    assert (mended.document["new"], mended.document["corrected"]) == (40, 40)
    files = list(Path(mended.document["place"]).glob("*.jsonl"))
    assert sum(len(path.read_bytes().splitlines()) for path in files) == 120


def test_labels_that_the_server_was_sent_are_kept_too(
    shared_workplace: Workplace, served: Any, folder: Path
) -> None:
    """With their rows from the log."""
    asked = pd.read_csv(folder / "queue.csv")["request_row"]
    free = [row for row in range(ASKED) if row not in set(asked)][:5]
    labels = [{"id": "request", "row": row, "label": newcomers()["bought"][row]} for row in free]
    url = f"{served['endpoint']['url']}/v2/models/customers-bought/feedback"
    assert httpx.post(url, json=labels).status_code == 200
    for _ in range(50):
        done = shared_workplace.run("label-queue", "--from-feedback", "--json")
        assert done.status == 0, done.errors
        if done.document["new"]:
            break
        time.sleep(0.3)
    assert (done.document["new"], done.document["differing"]) == (5, 0)


def test_the_next_training_takes_what_came_back(
    shared_workplace: Workplace, served: Any, words: list[str]
) -> None:
    """Under a digest of its own; without them the training is the first one again."""
    done = shared_workplace.run(*words)
    assert done.status == 0, done.errors
    data, before = done.document["data"], served["data"]
    assert (data["rows"], before["rows"]) == (445, 400)
    assert data["digest"] != before["digest"]
    assert any(each["kind"] == "labelled" for each in data["findings"])
    without = shared_workplace.run(*words, "--set", "labels.enabled=false", "--no-deploy")
    assert without.document["data"]["digest"] == before["digest"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--out", "{folder}/queue.csv"], "is there already and may hold labels"),
        (["--out", "{folder}/queue.txt"], "is no .csv file"),
        (["--count", "0"], "--count 0"),
        (["--since", "2020-01-02", "--until", "2020-01-01"], "before it begins"),
        (["--labelled", "absent.csv"], "absent.csv"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    shared_workplace: Workplace, served: Any, folder: Path, asked: list[str], said: str
) -> None:
    """With status 2."""
    assert served
    done = shared_workplace.run("label-queue", *(word.format(folder=folder) for word in asked))
    assert done.status == 2
    assert said in done.errors
    assert done.errors.count("\n") == 1
