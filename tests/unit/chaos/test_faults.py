"""The page on reliability against the tests that it tells of."""

from pathlib import Path

import pytest

from tests.chaos import faults
from tests.chaos.faults import KINDS, PAGE, Fault, registered, table, written

TEST = """
@pytest.mark.nightly
@pytest.mark.fault(kind="kill -9", where="Here", promise="Nothing is lost.", then="The next run")
def test_it() -> None: ...

def test_another() -> None: ...
"""


def test_the_page_has_every_fault_that_the_tests_inject() -> None:
    """Else `python -m tests.chaos` writes it anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert written(page, registered()) == page


def test_there_is_a_fault_of_each_kind() -> None:
    """What the project promises to live through is injected somewhere."""
    assert {fault.kind for fault in registered()} == set(KINDS)


def test_a_marked_test_is_a_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own words, its place, and when it runs."""
    (tmp_path / "test_here.py").write_text(TEST)
    monkeypatch.setattr(faults, "ROOT", tmp_path)
    assert registered(tmp_path) == [
        Fault("kill -9", "Here", "Nothing is lost.", "The next run", "test_here.py::test_it", True)
    ]


def test_a_line_links_to_the_test_that_holds_it() -> None:
    """By its file, relative to the page."""
    fault = Fault("disk full", "There", "It is told.", "Room", "tests/a/test_b.py::test_c", False)
    assert table([fault]).endswith(
        '| There | It is told. | Room | [b](../tests/a/test_b.py "test_c") |'
    )
