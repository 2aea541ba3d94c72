"""The results' file."""

from pathlib import Path

from benchmarks.machine import header, moment
from benchmarks.results import merge, read

HERE = {"cores": 2}
OLD = {"header": HERE, "sections": {"startup": {"rows": [1]}, "job": {"rows": [2]}}}


def test_a_section_measured_anew_leaves_the_others() -> None:
    merged = merge(OLD, HERE, {"job": {"rows": [3]}})
    assert merged["sections"] == {"startup": {"rows": [1]}, "job": {"rows": [3]}}


def test_what_another_machine_measured_is_dropped() -> None:
    """One table never mixes two machines or two sets of versions."""
    assert merge(OLD, {"cores": 8}, {"job": {}})["sections"] == {"job": {}}


def test_nothing_was_measured_where_there_is_no_file(tmp_path: Path) -> None:
    assert read(tmp_path / "results.json") == {"header": {}, "sections": {}}


def test_the_header_tells_the_kind_of_machine_and_not_its_name() -> None:
    assert set(header()) == {"system", "cores", "memory_gib", "python", "versions"}
    assert set(moment()) == {"date", "load"}
