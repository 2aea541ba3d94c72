"""The commands that the pages show, carried out: as a script, as a person and by `--json`.

They are told in their order, in one folder and one process, and each stands on those before.
"""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from commands.parser import COMMANDS
from serving.resident import serve, stop
from serving.spec import Endpoint, ServiceSpec
from tests.docs.lines import Line, every_line
from tests.integration.documented import CARRIED_OUT, HOUSES, INCOMPLETE
from tests.session import Session, session_in
from tests.unit.serving.tiny import bundle
from tests.workplace import Finished, Workplace

LINES = every_line()
CODE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")
ROWS, ASKED = 400, 120
ID = "order-1"
# What ZenML's log says in every run.
NOISE = ("Using a build", "Initiating a new run", "Using user", "has started.")
# A verdict on so few rows may be any.
FINE = {0, 3}
# With the words that make each command cheap; the last word is a model's, a request's or a stack's.
CALLS: dict[str, list[str]] = {
    "train": ["--stack", "local", *HOUSES],
    "predict": ["predict", "--data", "new.parquet", "--out", "again.parquet"],
    "monitor": ["monitor", "--since", "1h"],
    "explain-prediction": ["explain-prediction", ID],
    "label-queue": ["label-queue", "--from-feedback", "--since", "1h"],
    "history": ["history"],
    "status": ["status"],
    "stop": ["stop"],
    "stack": ["stack", "list"],
    "stack show": ["stack", "show", "local"],
    "stack plan": ["stack", "plan", "local"],
    "stack apply": ["stack", "apply", "local"],
    "stack check": ["stack", "check", "local"],
    "stack set": ["stack", "set", "local"],
    "stack export": ["stack", "export", "local", "-o", "mine.yaml"],
    "completion": ["completion", "bash"],
}
# Those of them that run a pipeline.
RUNS = ("predict", "monitor", "label-queue")
# What takes minutes, or a server of its own, is asked for its document by its own tests.
ELSEWHERE = {
    "resume": "failures/test_killed.py",
    "compare": "../conformance/stacks/test_compare.py",
    "doctor": "stacks/doctor/test_examination.py",
    "loop": "monitoring/test_loop.py",
    "demo": "test_demo.py",
    "rollback": "main_job/test_main_job.py",
    "unschedule": "kubeflow/test_loop.py",
    "dashboard": "dashboard/test_dashboard.py",
}


def houses(rows: int, seed: int) -> pd.DataFrame:
    """Houses with what they were sold for."""
    rng = np.random.default_rng(seed)
    area = rng.normal(120, 30, rows).round(1)
    district = rng.choice(["north", "south"], rows)
    price = area * 2000 + (district == "north") * 30_000 + rng.normal(0, 9000, rows)
    columns = {"area": area, "rooms": rng.integers(1, 8, rows), "district": district}
    return pd.DataFrame({**columns, "price": price.round(-2)})


@pytest.fixture(scope="module")
def session(
    shared_workplace: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """A process that stands where the tables lie."""
    folder = tmp_path_factory.mktemp("documented")
    houses(ROWS, 1).to_csv(folder / "houses.csv", index=False)
    houses(ROWS, 2).drop(columns="price").to_parquet(folder / "new.parquet")
    sold = houses(ASKED, 3)["price"]
    labels = pd.DataFrame({"id": ID, "row": range(ASKED), "price": sold})
    labels.to_csv(folder / "outcomes.csv", index=False)
    with session_in(shared_workplace, folder) as found:
        assert found.run("stack", "set", "local", "--quiet").output == ""
        yield found


def words_of(text: str) -> list[str]:
    """The words behind `python run.py`."""
    return [*shlex.split(text)[2:], *CARRIED_OUT[text]]


@pytest.fixture(scope="module")
def done(session: Session) -> dict[str, Finished]:
    """What each documented line came to, in their order; requests come in between."""
    found = {}
    for text in CARRIED_OUT:
        if "label-queue --labelled" in text:
            fill_in(session)
        found[text] = session.run(*words_of(text))
        if text.endswith("status"):
            ask(json.loads(session.run("status", "--json").output)[0])
            # A server that ends ships what it has logged.
            assert session.run("stop", "--quiet").status == 0
    return found


def ask(served: dict[str, Any]) -> None:
    """Ask for the price of some houses, and tell that of two of them."""
    rows = houses(ASKED, 3).drop(columns="price")
    data = {"names": list(rows), "ndarray": json.loads(rows.to_json(orient="values"))}
    said = httpx.post(served["seldon_url"], json={"data": data, "meta": {"puid": ID}})
    assert said.status_code == 200, said.text
    labels = [{"id": ID, "row": row, "label": 200_000} for row in (0, 1)]
    told = httpx.post(f"{served['url']}/v2/models/{served['name']}/feedback", json=labels)
    assert told.status_code == 200, told.text


def fill_in(session: Session) -> None:
    """Write a label into each row of the sheet but the last."""
    folder = Path(f"/proc/{session.child.pid}/cwd").resolve()
    sheet = pd.read_csv(folder / "to-label.csv", dtype=str)
    sheet.assign(price=["210000"] * (len(sheet) - 1) + [None]).to_csv(
        folder / "to-label.csv", index=False
    )


@pytest.mark.parametrize("text", list(CARRIED_OUT))
def test_a_documented_command_does_what_it_says(done: dict[str, Finished], text: str) -> None:
    """It ends well, prints something, and writes no code that only a terminal understands."""
    told = done[text]
    assert told.status in ({2} if text in INCOMPLETE else FINE), told.errors
    assert told.errors == ""
    assert told.output.strip()
    assert CODE not in told.output
    assert "━" not in told.output
    assert not any(noise in told.output for noise in NOISE)


def test_a_run_ends_with_what_to_do_next(done: dict[str, Finished]) -> None:
    """Commands that can be copied."""
    first = done["python run.py --data houses.csv --target price"].output.splitlines()
    last = [line for line in first if line.startswith("next")]
    assert "run.py monitor" in last[0]
    assert first[-1].endswith("to end the server")


@pytest.mark.parametrize("name", list(CALLS))
def test_json_is_one_document_and_quiet_is_short(
    session: Session, done: dict[str, Finished], name: str
) -> None:
    """Also where ZenML's log is asked for, which goes beside it."""
    assert done
    words = CALLS[name]
    told = session.run(*words, "--json", "--verbose")
    assert told.status in FINE, told.errors
    json.loads(told.output)
    if name in RUNS:
        assert "has started." in told.errors
    again = [word.replace("again", "quiet").replace("mine", "quiet") for word in words]
    assert len(session.run(*again, "--quiet").output.splitlines()) <= 1 or name in (
        "history", "status", "stack", "stack show", "monitor", "completion"
    )  # fmt: skip


def test_every_command_is_asked_for_its_document_by_a_test() -> None:
    """Here, or where it is carried out at length."""
    assert {name.partition(" ")[0] for name in CALLS} | set(ELSEWHERE) == set(COMMANDS)
    for command, name in ELSEWHERE.items():
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        assert '"--json"' in text, f"{name} does not ask {command} for its document"


def test_a_terminal_has_colours_and_bars_unless_it_wants_none(session: Session) -> None:
    """`NO_COLOR` leaves the bars, TERM=dumb nothing that writes over a line."""
    words = ["--stack", "local", *HOUSES, "--no-deploy", "--force", "--set"]
    shown = session.run(*words, "seed=1", terminal=True)
    assert shown.status == 0, shown.output
    assert COLOUR.search(shown.output)
    assert "of 2 trials" in shown.output
    assert "━" in shown.output
    assert re.search(r"\d+ of \d+ steps", shown.output)
    plain = session.run(*words, "seed=1", terminal=True, NO_COLOR="1")
    assert not COLOUR.search(plain.output)
    dumb = session.run(*words, "seed=1", terminal=True, TERM="dumb")
    assert CODE not in dumb.output
    assert "━" not in dumb.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The server that docs/serving.md asks."""
    home = tmp_path_factory.mktemp("shop") / "home"
    made = bundle(home.parent / "bundle")
    yield serve(home, ServiceSpec("shop", "1", str(home.parent / "bundle"), made.digest))
    stop(home)


@pytest.mark.parametrize(
    "line",
    [line for line in LINES if line.text.startswith("curl -s ")],
    ids=lambda line: line.place,
)
def test_a_documented_request_gets_the_answer_beside_it(shop: Endpoint, line: Line) -> None:
    """To the last digit; but for an id that the server makes up."""
    words = shlex.split(line.text)
    url = re.sub(r"^(http://)?(127\.0\.0\.1:8080|localhost:PORT)", shop.url, words[2])
    answer = httpx.post(url, content=words[words.index("-d") + 1])
    if line.answer:
        assert without_id(answer.json()) == without_id(json.loads(line.answer))
    else:
        assert answer.status_code == 400


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of Seldon's without the id that is another each time."""
    if "meta" in answer:
        answer["meta"].pop("puid")
    return answer
