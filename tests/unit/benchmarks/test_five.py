"""The tools side by side."""

import json
import subprocess
import sys
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import environments, five, plot
from benchmarks.peers import stages
from benchmarks.process import Cost, Place
from benchmarks.results import text
from benchmarks.table import PICTURES, render
from benchmarks.tools import NAIVE, OURS, STORE, TOOLS, Tool, flow_of
from tests.unit.benchmarks.test_table import results

SCORE = "0.98765432101"


def cost(wall: float) -> Cost:
    return Cost(wall, wall, f"said {SCORE} in the end")


def costs() -> five.Costs:
    """Two rounds of ours and naive: a second's start, and 10 ms a step."""
    chain = {str(count): [cost(1 + count / 100)] * 2 for count in five.COUNTS}
    ours = next(tool for tool in TOOLS if tool.name == OURS)
    return {
        OURS: {five.COLD: [cost(5.0)] * 2, **{how: [cost(0.5)] * 2 for how in ours.again}, **chain},
        NAIVE: {five.COLD: [cost(10.0)] * 2, STORE: [cost(5.0)] * 2, **chain},
    }


def test_a_line_through_the_steps_gives_slope_and_start() -> None:
    tool = next(tool for tool in TOOLS if tool.name == OURS)
    line = five.chain(tool, costs(), {})
    assert line["slope_ms"].median == pytest.approx(10.0)
    assert line["start"].median == pytest.approx(1.0)


def test_what_is_done_again_stands_beside_naive_from_nothing_or_in_the_same_way() -> None:
    tool = next(tool for tool in TOOLS if tool.name == OURS)
    lines = five.fives(tool, costs(), {})
    assert [line["ratio"].median for line in lines] == [0.5, 0.05, 0.05, 0.1]


def test_tools_that_come_to_other_scores_are_refused() -> None:
    other = costs()
    other[NAIVE][five.COLD] = [Cost(1, 1, "said 0.12345678901")]
    with pytest.raises(RuntimeError, match="disagree"):
        five.same_score(other)


def test_a_peer_that_cannot_be_installed_says_so_in_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tools are measured all the same."""
    absent = f"absent @ {(tmp_path / 'absent-1-py3-none-any.whl').as_uri()}"
    monkeypatch.setitem(environments.PEERS, "broken", absent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    broken = Tool("Broken", ("x",), "broken")
    plain = Tool("plain", ("-m", "benchmarks.peers.stages"))
    monkeypatch.setattr(five, "TOOLS", (broken, plain))
    monkeypatch.setattr(five, "COUNTS", (2, 3))
    lines = five.run(tmp_path, 1)
    assert lines[0] == {"table": "five", "arm": "Broken", "problem": "cannot be installed here"}
    assert lines[1]["wall"].median > 0
    shown = render(json.loads(text(results(peers=lines[:2]))))
    assert "| Broken | cannot be installed here |  |  |" in shown
    assert PICTURES["peers"][0] in shown


def test_a_generated_flow_has_so_many_steps(tmp_path: Path) -> None:
    flow_of(5, tmp_path)
    text = (tmp_path / "chain5.py").read_text()
    compile(text, "chain5.py", "exec")
    assert text.count("@step") == 5
    assert text.count("stages.add(") == 5


def test_the_plain_script_says_its_score(tmp_path: Path) -> None:
    """It needs nothing of this project, so that every environment can call it."""
    table = five.write_table(tmp_path)
    done = subprocess.run(
        [sys.executable, stages.__file__, "five", str(table), str(tmp_path / "saved")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert five.scored(done.stdout.strip())
    assert (tmp_path / "saved" / "score.txt").read_text() == done.stdout.strip()


def test_a_place_tells_what_it_is_called_with(tmp_path: Path) -> None:
    """Braces stand for the arm's own folder."""
    echo = Tool("echo", ("-c", "import sys; print(sys.argv[1])"), five=("{home}",))
    assert echo.run(Place(tmp_path), echo.five).output.strip() == str(tmp_path)


def test_the_picture_holds_every_tool_that_was_measured(tmp_path: Path) -> None:
    """A second drawing of the same numbers changes no byte."""
    rows = five.fives(TOOLS[1], costs(), {})
    rows = [
        *rows,
        five.chain(TOOLS[1], costs(), {}),
        {"table": "five", "arm": "x", "problem": "failed"},
    ]
    measured = json.loads(text(results(peers=rows)))
    plot.draw(measured, tmp_path)
    drawn = (tmp_path / "docs" / PICTURES["peers"][0]).read_text()
    plot.draw(measured, tmp_path)
    assert all(row["arm"].replace("`", "") in unescape(drawn) for row in rows[:-1])
    assert (tmp_path / "docs" / PICTURES["peers"][0]).read_text() == drawn


def test_the_names_of_lines_that_end_alike_stand_apart() -> None:
    """In the lines' order; one that ends alone has its name at its end."""
    places = plot.apart({"b": 7.1, "a": 7.0, "c": 7.2, "alone": 1.0})
    assert list(places) == ["alone", "a", "b", "c"]
    assert places["alone"] == 1.0
    assert all(above / below > 1.4 for below, above in pairwise(places.values()))


def test_a_tool_whose_steps_are_in_its_source_is_called_by_the_generated_one() -> None:
    """Metaflow is given one program for the five stages and another for each chain."""
    metaflow = next(tool for tool in TOOLS if tool.name == "Metaflow")
    for words in (metaflow.five, metaflow.chain, *metaflow.again.values()):
        assert [word.endswith(".py") for word in (*metaflow.program, *words)].count(True) == 1
