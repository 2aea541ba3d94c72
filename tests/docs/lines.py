"""The command lines that the README and the pages of docs/ show in their blocks."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s+#\s.*$")
HEREDOC = re.compile(r"<<'?(\w+)'?")
PROMPT = "$ "


@dataclass(frozen=True)
class Line:
    """A command line, where it stands, and what is shown below it.

    Args:
        text: Without what a comment says, on one line.
    """

    page: str
    number: int
    text: str
    answer: str = ""

    @property
    def place(self) -> str:
        """As an editor opens it."""
        return f"{self.page}:{self.number}"


def every_line() -> list[Line]:
    """Those of all pages."""
    return [line for page in PAGES for line in lines_of(page)]


def lines_of(page: Path) -> Iterator[Line]:
    """The command lines of a page."""
    text, name = page.read_text(encoding="utf-8"), page.relative_to(ROOT).as_posix()
    for block in BLOCK.finditer(text):
        first = text[: block.start()].count("\n") + 2
        part = _of_console if block[1] == "console" else _of_shell
        for number, command, answer in part(block[2].splitlines()):
            yield Line(name, first + number, command, answer)


def _of_shell(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Every line of a shell's block, but what goes to a command as its input."""
    number = 0
    while number < len(lines):
        begun = number
        command, number = _whole(lines, number)
        if command:
            yield begun, command, ""


def _of_console(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """What stands behind a prompt, and the lines up to the next one."""
    prompts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    for begun, end in zip(prompts, [*prompts[1:], len(lines)], strict=True):
        command, after = _whole([line.removeprefix(PROMPT) for line in lines[:end]], begun)
        yield begun, command, "\n".join(lines[after:end]).strip()


def _whole(lines: list[str], number: int) -> tuple[str, int]:
    """The command that begins on this line, and the number of the line after it."""
    command = ""
    while number < len(lines):
        line = COMMENT.sub("", lines[number])
        number += 1
        command += line.removesuffix("\\")
        if not line.endswith("\\") and _is_closed(command):
            break
        command += " "
    if found := HEREDOC.search(command):
        while lines[number].strip() != found[1]:
            number += 1
        number += 1
    return " ".join(command.split()), number


def _is_closed(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True
