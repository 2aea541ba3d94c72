"""Where a program's seconds go."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.clock import FILE, REST, Clock
from benchmarks.startup import COLD, FORCED, budget

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def test_time_is_charged_once_to_the_innermost() -> None:
    """A part that stands inside another is not part of it, and all add up."""
    clock = Clock()
    began = clock.since
    with clock.charging("outer"), clock.charging("inner"):
        pass
    spent = clock.close()
    assert set(spent) == {REST, "outer", "inner"}
    assert abs(sum(spent.values()) - (clock.since - began)) < 1e-9


def test_what_a_program_imports_is_charged_to_its_package(tmp_path: Path) -> None:
    """The program runs to its end, and its exit status stays."""
    program = tmp_path / "program.py"
    program.write_text("import importlib, sys\nimportlib.import_module('wave')\nsys.exit(3)\n")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.clock", str(program)],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 3
    assert {"import wave", REST} <= set(json.loads((tmp_path / FILE).read_text()))


def test_a_budget_tells_the_longest_first_and_the_short_ones_together() -> None:
    once = {COLD: {"a": 1.0, "b": 3.0, "c": 0.01}, FORCED: {"b": 0.5, "d": 0.02}}
    lines = budget([once, once])
    assert [line["arm"] for line in lines] == ["b", "a", "2 shorter ones", "all"]
    assert lines[-1]["cold"].median == 4.01
    assert lines[2]["forced"].median == 0.02
