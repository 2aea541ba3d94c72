"""What the measurements in containers come to."""

import pytest

from benchmarks.containers import BARE, DOCKER, Round, Stay, changed, row
from benchmarks.images import NAIVE, NAIVE_CPU, OURS, environment, rows
from benchmarks.process import ROOT
from benchmarks.table import render
from tests.unit.benchmarks.test_table import results

ROUNDS = {
    BARE: [Round((Stay(2.0, 3.0),)), Round((Stay(4.0, 5.0),))],
    DOCKER: [
        Round((Stay(2.0, 6.0), Stay(4.0, 6.0)), 9.0),
        Round((Stay(5.0, 7.0), Stay(5.0, 9.0)), 11.0),
    ],
}


def test_a_step_is_held_against_the_bare_imports_of_its_own_round() -> None:
    """3 s of 2 s, and 5 s of 4 s."""
    found = row(DOCKER, ROUNDS)
    assert (found["line"].low, found["line"].high) == (3.0, 5.0)
    assert (found["of_bare"].low, found["of_bare"].high) == (1.25, 1.5)
    assert (found["end"].median, found["changed"].median) == (7.0, 10.0)


def test_a_container_without_a_change_of_code_shows_none() -> None:
    """The bare imports have no code."""
    assert row(BARE, ROUNDS)["changed"] is None


def test_the_code_is_changed_for_a_while_alone() -> None:
    """The work tree is as it was afterwards."""
    before = set((ROOT / "benchmarks").iterdir())
    with changed():
        assert len(set((ROOT / "benchmarks").iterdir()) - before) == 1
    assert set((ROOT / "benchmarks").iterdir()) == before


@pytest.mark.parametrize(("cpu", "shown"), [({NAIVE_CPU: (2000.0, 80.0)}, "50%"), ({}, "")])
def test_an_image_is_a_share_of_both_naive_ones(
    cpu: dict[str, tuple[float, float]], shown: str
) -> None:
    """Of the second only where torch for CPUs could be had."""
    built = rows({OURS: (1000.0, 60.0), NAIVE: (5000.0, 120.0), **cpu})
    assert f"| ours | 1,000 | 60 | 20% | {shown} |" in render(results(images=built))


def test_uv_is_told_what_pip_was_told() -> None:
    """An index, a further one and certificates, and no bytecode."""
    conf = "[global]\nindex-url = https://a/simple\nextra-index-url = https://b\ncert = /build/c\n"
    found = environment({"index/pip.conf": conf.encode()})
    assert found["UV_DEFAULT_INDEX"] == "https://a/simple"
    assert found["UV_INDEX"] == "https://b"
    assert found["SSL_CERT_FILE"] == "/ca.crt"
    assert found["UV_COMPILE_BYTECODE"] == "0"
