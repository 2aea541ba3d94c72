"""Charts keep their numbers in place, and pages keep what they are given as text."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from steps.pages.chart import Line, chart, thin, ticks
from steps.pages.page import TEMPLATES, fill, share
from steps.pages.swarm import swarm

TEMPLATE = '{% from "chart.html.j2" import chart %}{{ chart(found) }}'


def drawn(tmp_path: Path, *lines: Line, **more: object) -> str:
    """The markup of a chart."""
    (tmp_path / "a.html.j2").write_text(TEMPLATE)
    found = chart(lines, label="a <label>", across="x", up="y", **more)  # type: ignore[arg-type]
    return fill(tmp_path / "a.html.j2", found=found)


def test_a_line_runs_from_the_left_bottom_to_the_right_top() -> None:
    found = chart(
        [Line("a", np.array([0.0, 10.0]), np.array([5.0, 6.0]))],
        label="", across="", up="", xs=(0, 10), ys=(5, 6),
    )  # fmt: skip
    assert found.drawn[0].path == "M0 1000L1000 0"


def test_what_lies_beyond_the_axes_lies_on_their_edge_and_nothing_is_drawn_of_what_is_not() -> None:
    x, y = np.array([-1.0, 0.5, 2.0]), np.array([0.0, np.nan, 9.0])
    found = chart([Line("a", x, y)], label="", across="", up="", xs=(0, 1), ys=(0, 1))
    assert found.drawn[0].path == "M0 1000L1000 0"


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-3.0, 7.0, ["-2", "0", "2", "4", "6"]),
        (0.0, 1.06, ["0", "0.25", "0.5", "0.75", "1"]),
        (0.1, 0.7, ["0.2", "0.4", "0.6"]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(low: float, high: float, told: list[str]) -> None:
    found = ticks(low, high, lambda number: f"{number:g}")
    assert [text for _, text in found] == told
    assert all(0 <= place <= 100 for place, _ in found)


@pytest.mark.parametrize("numbers", [[3.0], [0.0, 0.0], [1e-9, 2e-9], [1e12, 3e12], []])
def test_any_numbers_have_axes(numbers: list[float]) -> None:
    values = np.array(numbers)
    found = chart([Line("a", values, values, form="dots")], label="", across="", up="")
    assert len(found.ups) <= 7
    assert found.drawn[0].path.count("M") == len(numbers)


def test_a_thinned_curve_keeps_its_ends_and_its_corners() -> None:
    x = np.concatenate([np.zeros(5000), np.linspace(0, 1, 5000)])
    y = np.concatenate([np.linspace(0, 1, 5000), np.ones(5000)])
    short_x, short_y = thin(x, y, 100)
    assert len(short_x) <= 102
    assert (short_x[0], short_y[0], short_x[-1], short_y[-1]) == (0, 0, 1, 1)
    assert np.min(np.hypot(short_x, 1 - short_y)) < 0.02


def test_a_name_is_text_whatever_it_holds(tmp_path: Path) -> None:
    """Also inside the picture and the words for those who do not see it."""
    one, two = (
        Line(name, np.array([0.0, 1.0]), np.array([0.0, 1.0])) for name in ("<script>", "b&c")
    )
    told = drawn(tmp_path, one, two)
    assert "<script>" not in told
    assert "&lt;script&gt;" in told
    assert "b&amp;c" in told
    assert 'aria-label="a &lt;label&gt;"' in told


def test_one_line_needs_no_key(tmp_path: Path) -> None:
    line = Line("alone", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert 'class="keys"' not in drawn(tmp_path, line)
    assert drawn(tmp_path, line, line).count("sample") == 2


def test_the_first_line_lies_on_top(tmp_path: Path) -> None:
    """The one that is painted last."""
    x = np.array([0.0, 1.0])
    told = drawn(tmp_path, Line("a", x, x, "first"), Line("b", x, x, "second"))
    plane = told[told.index("viewBox") :]
    assert plane.index("curve second") < plane.index("curve first")


def test_every_tone_has_a_colour_by_day_and_by_night() -> None:
    style = (TEMPLATES / "page.html.j2").read_text()
    day, night = style.split("@media (prefers-color-scheme: dark)")[:2]
    for name in re.findall(r"--(\w+):", day[day.index(":root") :]):
        if name not in ("at", "tone"):
            assert f"--{name}:" in night, name


def test_dots_of_one_place_are_heaped_and_a_missing_value_has_no_colour() -> None:
    numbers, places = np.array([1.0, 1.0, 1.0, -1.0]), np.array([0.0, 0.5, 1.0, np.nan])
    (found,) = swarm([(numbers, places)])
    assert len({dot.up for dot in found.dots[:3]}) == 3
    assert [dot.shade for dot in found.dots] == ["v0", "v2", "v4", ""]
    assert found.dots[3].across < found.zero < found.dots[0].across


def test_a_share_is_never_rounded_down_to_nothing() -> None:
    assert [share(part) for part in (0.0, 0.0001, 0.123, 1.0)] == [
        "0.0%",
        "<0.1%",
        "12.3%",
        "100.0%",
    ]


def test_an_upright_is_drawn_whole() -> None:
    """The axis holds its lower end too."""
    x, y, low = (np.array(numbers) for numbers in ([1.0, 2.0], [5.0, 6.0], [1.0, 4.0]))
    upright = Line("", x, y, form="spans", low=low)
    found = chart([Line("a", x, y), upright], label="", across="", up="")
    assert found.ys[0] < 1.0
    assert found.drawn[1].path.count("V") == 2
