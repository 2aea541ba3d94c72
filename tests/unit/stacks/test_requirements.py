"""The pinned files beside the core's, and what names them."""

import re
from pathlib import Path

import pytest

from stacks.requirements import PACKAGES

ROOT = Path(__file__).resolve().parent.parent.parent.parent
CORE = "requirements.txt"
EXTRAS = sorted(path.name for path in ROOT.glob("requirements-*.txt") if "dev" not in path.name)


def pins(name: str) -> dict[str, str]:
    """The version of every package that a file pins."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_changes_no_pin_of_the_core(extra: str) -> None:
    """What it installs beside the core leaves the core's environment as it was."""
    core, found = pins(CORE), pins(extra)
    assert {name: found.get(name) for name in core} == core


def test_no_two_extras_differ() -> None:
    """A stack that needs several has one environment that fits them all."""
    together: dict[str, str] = {}
    for extra in [*EXTRAS, "requirements-dev.txt"]:
        for name, version in pins(extra).items():
            assert together.setdefault(name, version) == version, (extra, name)


@pytest.mark.parametrize(("source", "packages"), sorted(set(PACKAGES.values())))
def test_the_file_that_is_named_installs_the_packages(
    source: str, packages: tuple[str, ...]
) -> None:
    """The line that `check` tells mends what it tells."""
    assert [package for package in packages if package not in pins(source)] == []


def test_every_extra_is_needed_and_renewed() -> None:
    """A file that no flavor needs, or that `make lock` forgets, is one too many."""
    named = {source for source, _ in PACKAGES.values()} - {CORE}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    renewed = re.search(r"^EXTRAS = (.*)$", makefile, re.MULTILINE)
    assert renewed
    assert sorted(named) == EXTRAS
    assert sorted(f"requirements-{each}.txt" for each in renewed[1].split()) == EXTRAS


def test_the_core_holds_nothing_that_only_one_stack_needs() -> None:
    """The core stays small."""
    alone = {package for source, names in PACKAGES.values() if source != CORE for package in names}
    assert alone & set(pins(CORE)) == set()
