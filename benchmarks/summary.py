"""The README's short table: the questions that are asked first, each beside one peer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks import batch, drift, five, network
from benchmarks.table import PICTURES, markdown, seconds
from benchmarks.tools import NAIVE, OURS

Row = dict[str, Any]
Show = Callable[[Row, str], str]
LONG = "docs/benchmarks.md"
# A smaller ratio is shown as one in so many.
SMALL = 0.2


def _seconds(row: Row, key: str) -> str:
    return f"{seconds(row[key]).partition(' ')[0]} s"


def _cpu(row: Row, key: str) -> str:
    return f"{_seconds(row, key)} of CPU"


def _in(unit: str) -> Show:
    """How whole numbers of a unit are shown: the median of a spread, or the only one."""
    return lambda row, key: f"{_middle(row[key]):,.0f} {unit}"


@dataclass(frozen=True, slots=True)
class Question:
    """One line: ours and one peer's in one section, by the names of their arms.

    Args:
        key: What is compared in both rows, and shown as `show` does.
        where: What both rows hold beside, where a section has several rows of one arm.
        called: The peer's name here, where that of its arm is long.
    """

    asked: str
    section: str
    ours: str
    peer: str
    key: str
    show: Show
    where: Mapping[str, Any] = field(default_factory=dict)
    called: str = ""

    def row(self, rows: list[Row], arm: str) -> Row | None:
        """The row of an arm; nothing where it was not measured."""
        asked = {"arm": arm, **self.where}
        fits = (row for row in rows if all(row.get(key) == asked[key] for key in asked))
        return next((row for row in fits if row.get(self.key)), None)


_FIVES = "The same five stages, from nothing"
_SERVED = "Requests answered, 16 clients"
_DRIFT = "A verdict on a million logged rows"
_FIVE, _CHAIN, _SPEED = ({"table": name} for name in ("five", "chain", "speed"))
_LINEAR = {"kind": "linear", "rows": 1_000_000}
_LINE = "To a step's first line in a container"
_NAIVE_JOB = f"{NAIVE}, {five.COLD}"
_NAIVE_IMAGE = "naive ZenML, torch for CPUs"
_BARE = "`docker run`, the imports of the next line"
_MLSERVER = "MLServer 1.7.1, scikit-learn"
_SELDON = "Seldon microservice 1.17.1, scikit-learn"
_COLD = f"{OURS}, {five.COLD}"
_ANSWERED = f"{OURS}, answered from the run record"
_SERVER = "ours, resident server, v2"

QUESTIONS = (
    Question(_FIVES, "peers", _COLD, f"{NAIVE}, {five.COLD}", "wall", _seconds, _FIVE, NAIVE),
    Question(_FIVES, "peers", _COLD, f"Metaflow, {five.COLD}", "wall", _seconds, _FIVE, "Metaflow"),
    Question(_FIVES, "peers", _COLD, f"Prefect, {five.COLD}", "wall", _seconds, _FIVE, "Prefect"),
    Question(_FIVES, "peers", _COLD, "Dagster", "wall", _seconds, _FIVE),
    Question("The same again", "peers", _ANSWERED, "Metaflow, resume", "wall", _seconds, _FIVE),
    Question("A step more", "peers", OURS, NAIVE, "slope_ms", _in("ms"), _CHAIN),
    Question(
        "The main job; ours registers, gates and deploys too",
        "job",
        _COLD,
        _NAIVE_JOB,
        "wall",
        _seconds,
        called=NAIVE,
    ),
    Question("A network trained", "torch", network.OURS, network.HAND, "wall", _seconds),
    Question(_SERVED, "serving", _SERVER, _MLSERVER, "rate", _in("a second"), called="MLServer"),
    Question(
        _SERVED, "serving", _SERVER, _SELDON, "rate", _in("a second"), called="Seldon microservice"
    ),
    Question(
        _LINE,
        "containers",
        "a step on `docker`",
        _BARE,
        "line",
        _seconds,
        called="`docker run` with the same imports",
    ),
    Question("The image of the steps", "images", "ours", _NAIVE_IMAGE, "megabytes", _in("MB")),
    Question(_DRIFT, "drift", drift.VERDICT, drift.PEER, "cpu", _cpu, _SPEED, "Evidently"),
    Question(_DRIFT, "drift", drift.VERDICT, drift.PEER, "memory", _in("MiB"), _SPEED, "Evidently"),
    Question(
        "Rows predicted from a table",
        "batch",
        batch.OURS_IS,
        batch.PEER_IS,
        "rate",
        _in("a second"),
        _LINEAR,
        "scikit-learn's `predict`",
    ),
)


def summary(results: Row) -> str:
    """The short table, and where the long ones are."""
    columns: dict[str, Callable[[Row], str]] = {
        "": lambda line: line["asked"],
        "ours": lambda line: line["ours"],
        "beside it": lambda line: line["peer"],
        "times as much": lambda line: line["times"],
    }
    table = markdown(columns, list(lines(results["sections"])))
    drawn = [f"![{PICTURES[name][1]}](docs/{PICTURES[name][0]})" for name in PICTURES]
    shown = drawn if "peers" in results["sections"] else []
    where = (
        f"On {results['header']['cores']} cores; every table, with what each arm does and does not"
    )
    return "\n\n".join([table, *shown, f"{where} do, is in [{LONG}]({LONG})."])


def lines(sections: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The lines of what was measured."""
    for each in QUESTIONS:
        rows = sections.get(each.section, {}).get("rows", [])
        ours, peer = each.row(rows, each.ours), each.row(rows, each.peer)
        if ours and peer:
            yield {
                "asked": each.asked,
                "ours": each.show(ours, each.key),
                "peer": f"{each.called or each.peer}: {each.show(peer, each.key)}",
                "times": _times(_middle(ours[each.key]) / _middle(peer[each.key])),
            }


def _middle(value: Any) -> float:
    return float(value["median"] if isinstance(value, dict) else value)


def _times(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio >= SMALL else f"1/{1 / ratio:.0f}"
