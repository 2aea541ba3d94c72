"""Troubleshooting goes by messages, and quotes those that the project prints."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"^### `([^`]+)`", PAGE, re.MULTILINE)
ROOMS = ("commands", "pipelines", "serving", "stacks", "steps")


def texts(path: Path) -> Iterator[str]:
    """The strings of a module as they are printed; `...` stands for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            parts = (v.value if isinstance(v, ast.Constant) else "..." for v in node.values)
            yield "".join(map(str, parts))


@cache
def printed() -> str:
    return "\n".join(
        text for room in ROOMS for path in (ROOT / room).rglob("*.py") for text in texts(path)
    )


@pytest.mark.parametrize("message", QUOTED)
def test_every_quoted_message_is_one_that_is_printed(message: str) -> None:
    assert message in printed(), f"docs/troubleshooting.md quotes what nothing prints: {message}"


def test_the_page_quotes_messages() -> None:
    assert len(QUOTED) > 10
    settings = re.findall(r"`(?:--set )?(monitoring\.\w+|validation\.\w+|split\.\w+)", PAGE)
    source = "\n".join(path.read_text() for path in (ROOT / "steps").rglob("settings.py"))
    absent = [name for name in settings if not re.search(rf"\b{name.split('.')[1]}:", source)]
    assert absent == []
