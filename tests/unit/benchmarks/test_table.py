"""The README's table."""

from typing import Any

import pytest

from benchmarks.spread import Spread
from benchmarks.table import BEGIN, END, put, render, seconds, times

HEADER = {
    "system": "Linux x86_64",
    "cores": 2,
    "memory_gib": 24,
    "python": "3.11.7",
    "versions": {"zenml": "0.98.0"},
}


def plain(low: float, middle: float, high: float) -> dict[str, float]:
    return {"median": middle, "low": low, "high": high}


def results(**sections: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"date": "2026-11-22", "load": 0.1, "repeats": 3}
    return {
        "header": HEADER,
        "sections": {name: {**about, "rows": rows} for name, rows in sections.items()},
    }


def test_the_table_takes_the_place_of_what_is_between_the_markers() -> None:
    document = f"# Title\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    assert put(document, "new") == f"# Title\n\n{BEGIN}\nnew\n{END}\n\nafter\n"


def test_putting_a_table_twice_changes_nothing_more() -> None:
    once = put(f"a\n{BEGIN}\n{END}\nb\n", "| x |")
    assert put(once, "| x |") == once


def test_a_document_without_markers_gets_them_at_its_end() -> None:
    assert put("# Title\n", "new") == f"# Title\n\n{BEGIN}\nnew\n{END}\n"


@pytest.mark.parametrize("document", [BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_markers_that_do_not_pair_are_refused(document: str) -> None:
    """Otherwise a part of the document could be lost."""
    with pytest.raises(ValueError, match="are needed"):
        put(document, "new")


def test_a_section_shows_a_line_an_arm_with_its_ratio() -> None:
    row = {
        "arm": "ours",
        "cpu": plain(4.9, 5.0, 5.2),
        "wall": plain(6.0, 6.0, 6.0),
        "of": "naive",
        "ratio": plain(0.4, 0.5, 0.6),
    }
    assert "| ours | 5.0 (4.9 to 5.2) | 6.0 | 0.50 |" in render(results(job=[row]))


def test_a_server_is_shown_beside_the_floor_and_ours() -> None:
    one = plain(1.0, 1.0, 1.0)
    row = {name: plain(1.9, 2.0, 2.1) for name in ("alone", "p50", "rate", "p99", "row_us")}
    peer = {**row, "arm": "peer", "of_floor": plain(0.1, 0.12, 0.2), "ratio": plain(4.0, 5.0, 6.0)}
    ours = {**row, "arm": "ours", "of_floor": plain(0.5, 0.6, 0.7), "ratio": one}
    floor = {**row, "arm": "floor", "of_floor": one, "ratio": plain(0.5, 0.6, 0.7)}
    shown = render(results(serving=[peer, ours, floor]))
    assert "| peer | 2 | 2.00 | 2 | 2.0 | 12% | 5.00 times as many | 2.0 |" in shown
    assert "| 60% |  |" in shown
    assert "| 100% |  |" in shown


def test_a_section_that_was_not_measured_is_left_out() -> None:
    assert "Server" not in render(results(startup=[]))


def test_the_header_tells_the_machine_and_the_versions() -> None:
    shown = render(results(startup=[]))
    assert "2 cores" in shown
    assert "zenml 0.98.0" in shown


def test_a_time_below_a_second_has_two_decimals() -> None:
    assert seconds(plain(0.02, 0.03, 0.04)) == "0.03 (0.02 to 0.04)"


@pytest.mark.parametrize(("value", "shown"), [(0.034, "0.03"), (2.5, "2.50"), (22.31, "22")])
def test_a_ratio_has_as_many_digits_as_tell_something(value: float, shown: str) -> None:
    assert times(plain(value, value, value)) == shown


def test_the_results_file_takes_spreads() -> None:
    from benchmarks.results import text

    assert '"median": 1.0' in text({"cpu": Spread.of([1.0])})
