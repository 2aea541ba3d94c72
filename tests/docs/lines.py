"""The command lines that the README and the pages of docs/ show in their blocks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELLS = ("sh", "bash", "console")
COMMENT = re.compile(r"\s+#\s.*$")
HEREDOC = re.compile(r"<<'?(\w+)'?")


@dataclass(frozen=True)
class Line:
    """A command line, where it stands."""

    page: str
    number: int
    text: str

    @property
    def place(self) -> str:
        """As an editor opens it."""
        return f"{self.page}:{self.number}"


def lines_of(page: Path) -> Iterator[Line]:
    """The command lines of a page; in a console's block those behind the prompt."""
    name = page.relative_to(ROOT).as_posix()
    kind, until, begun, held = "", "", 0, ""
    for number, raw in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if raw.startswith("```"):
            kind = "" if kind else raw.removeprefix("```").strip() or "text"
            continue
        if kind not in SHELLS:
            continue
        if until:
            until = "" if raw.strip() == until else until
            continue
        if not held:
            if kind == "console" and not raw.startswith("$ "):
                continue
            begun = number
        text = held + (raw.removeprefix("$ ") if kind == "console" else raw)
        if found := HEREDOC.search(raw):
            until = found[1]
        if text.endswith("\\"):
            held = text.removesuffix("\\")
            continue
        held = ""
        if text := COMMENT.sub("", text).strip():
            yield Line(name, begun, " ".join(text.split()))


def every_line() -> list[Line]:
    """Those of all pages."""
    return [line for page in PAGES for line in lines_of(page)]
