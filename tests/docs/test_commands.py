"""Every command that a page shows is carried out by a test, or it is said why not."""

import re
from pathlib import Path

import pytest

from commands.parser import COMMANDS
from tests.docs.lines import PAGES, ROOT, every_line
from tests.integration.documented import CARRIED_OUT, ELSEWHERE

TESTS = ROOT / "tests" / "integration"
LINES = every_line()
# Those that are asked of a server; tests/integration/test_documented.py asks them.
REQUESTS = ("curl -s http://127.0.0.1:8080/", "curl -s localhost:PORT/")
INLINE = re.compile(r"`(?:\.venv/bin/)?(?:python )?run\.py( [^`]*)?`")


def reason(text: str) -> str | tuple[str, str] | None:
    """What is said of a line: the most that its beginning tells."""
    starts = [start for start in ELSEWHERE if text.startswith(start)]
    return ELSEWHERE[max(starts, key=len)] if starts else None


def test_every_command_of_a_block_is_carried_out_or_has_a_reason() -> None:
    """A new one without either fails here, with the file and the line."""
    bare = [
        f"{line.place}: {line.text}"
        for line in LINES
        if line.text not in CARRIED_OUT
        and not line.text.startswith(REQUESTS)
        and reason(line.text) is None
    ]
    assert bare == [], "carried out by no test, see tests/integration/documented.py"


def test_nothing_is_carried_out_that_no_page_shows() -> None:
    """What left the pages leaves the list."""
    shown = {line.text for line in LINES}
    assert [text for text in CARRIED_OUT if text not in shown] == []
    used = [start for start in ELSEWHERE if any(text.startswith(start) for text in shown)]
    assert sorted(set(ELSEWHERE) - set(used)) == []


@pytest.mark.parametrize("start", [s for s, told in ELSEWHERE.items() if isinstance(told, tuple)])
def test_a_test_that_is_named_carries_it_out(start: str) -> None:
    """It is there, and holds the words."""
    told = ELSEWHERE[start]
    assert isinstance(told, tuple)
    name, word = told
    assert word in (TESTS / name).read_text(encoding="utf-8")


def plain(words: str) -> list[str]:
    """The words of a command line in running text, where `[X]` may be left out."""
    whole = re.sub(r"\[[^]]*\]|\.\.\.", "", words)
    return [word for word in re.findall(r"'[^']*'|\"[^\"]*\"|\S+", whole) if word != "/"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_and_option_that_is_named_exists(page: Path) -> None:
    """In the text as in the blocks: `run.py COMMAND --OPTION` is one of the grammar's."""
    text = page.read_text(encoding="utf-8")
    shown = [line.text for line in LINES if line.page == page.relative_to(ROOT).as_posix()]
    told = [found[1] or "" for found in INLINE.finditer(text)]
    told += [line.removeprefix("python run.py") for line in shown if "python run.py" in line[:13]]
    for words in map(plain, told):
        name = words[0] if words and not words[0].startswith("-") else "train"
        assert name in COMMANDS, f"{page.name} names `run.py {name}`"
        known = {each for action in COMMANDS[name]()._actions for each in action.option_strings}
        options = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert options <= known, f"{page.name}: `run.py {' '.join(words)}`"
