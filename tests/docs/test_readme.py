"""What the README and CONTRIBUTING say is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.parser import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "CONTRIBUTING.md")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
LINKED = re.compile(r"\]\((?!https?://|#)([^)#]+)")
# A path from the root of the project: words with slashes between, or a file with a known suffix.
LOCAL = re.compile(r"\.?\w[\w.*-]*(/[\w.*-]*)+|[\w.*-]+\.(md|toml|txt|in|ya?ml|py)")


def prose(page: str) -> str:
    """A page without its blocks of code, in which names are examples."""
    return FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))


def paths_in(page: str) -> Iterator[str]:
    """The local paths that a page names."""
    text = prose(page)
    yield from LINKED.findall(text)
    yield from (word for word in QUOTED.findall(text) if LOCAL.fullmatch(word))


def test_a_newcomer_finds_the_first_command_at_once() -> None:
    """What it is in two sentences, then what to type."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert "$ make run" in "\n".join(lines[:15])
    said = next(line for line in lines[1:] if line)
    assert len(re.findall(r"\.(?: |$)", said)) == 2


def test_the_pictures_are_small() -> None:
    """A page that is read on a phone; `make pictures` takes them anew."""
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert {path.name for path in pictures} == {"dashboard.png", "report.png"}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in pictures if f"docs/pictures/{path.name}" not in text] == []
    assert max(path.stat().st_size for path in pictures) < 150_000


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody finds might as well not be there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    known = [name for name in COMMANDS if not re.search(rf"run\.py \[?{name}\b|`{name}`", text)]
    assert known == [], f"not documented in README.md: {', '.join(known)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_on_a_page_exists(page: str) -> None:
    """A page that names a file names one that is there."""
    named = list(paths_in(page))
    assert named
    absent = sorted({path for path in named if not list(ROOT.glob(path))})
    assert absent == [], f"{page} names what does not exist: {', '.join(absent)}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_on_a_page_exists(page: str) -> None:
    """A page that says `make X` names a target of the Makefile."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    said = re.findall(r"(?:`|\$ )make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"))
    assert said
    assert sorted(set(said) - set(targets)) == []


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_example_of_a_config_is_one_that_comes_with_it(command: str) -> None:
    """What `--help` shows can be copied: its configs and stacks are there."""
    shown = COMMANDS[command]().format_help()
    for name in re.findall(r"--config ([a-z]\w*)", shown):
        assert (ROOT / "configs" / f"{name}.yaml").is_file()
    for name in re.findall(r"(?:--stack|stack (?:plan|apply|set)) ([a-z]\w*)$", shown, re.M):
        assert (ROOT / "stacks" / f"{name}.yaml").is_file()
