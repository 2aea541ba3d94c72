"""The matrix of faults, read from the tests that inject them.

A test registers itself by the marker `fault`, with plain words: what fails, where, what is promised
of it, and how it is gone on from. Nothing is imported to read them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: written by `python -m tests.chaos` -->", "<!-- end of faults -->"
# In the order of the page.
KINDS = (
    "kill -9",
    "disk full",
    "store locked",
    "store broken",
    "server down",
    "Docker",
    "clock jumped",
    "at once",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell of the matrix.

    Args:
        kind: What fails, one of KINDS.
        where: At which place of which work.
        promise: What holds all the same; the test asserts it.
        then: How it is gone on from; the test does so.
        test: The test's name, with its path.
        nightly: Whether it is too long for each change.
    """

    kind: str
    where: str
    promise: str
    then: str
    test: str
    nightly: bool

    def line(self) -> str:
        """The cell as a line of the page's table."""
        path, _, name = self.test.partition("::")
        link = f'[{Path(path).stem.removeprefix("test_")}](../{path} "{name}")'
        when = ", nightly" if self.nightly else ""
        return f"| {self.where} | {self.promise} | {self.then} | {link}{when} |"


def registered(root: Path = ROOT / "tests") -> list[Fault]:
    """Every fault that a test injects, in the order of the page."""
    found = [each for path in sorted(root.rglob("test_*.py")) for each in _of_file(path)]
    return sorted(found, key=lambda fault: KINDS.index(fault.kind))


def table(faults: list[Fault]) -> str:
    """The matrix as Markdown, a table for each kind of fault."""
    parts = []
    for kind, some in groupby(faults, key=lambda fault: fault.kind):
        head = ["| Where | What holds | What goes on from it | Test |", "|---|---|---|---|"]
        parts.append("\n".join([f"### {kind[:1].upper()}{kind[1:]}", *head, *_lines(some)]))
    return "\n\n".join(parts)


def written(page: str, faults: list[Fault]) -> str:
    """The page with the matrix in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(faults)}\n{END}{after}"


def _lines(faults: Iterator[Fault]) -> list[str]:
    return [fault.line() for fault in faults]


def _of_file(path: Path) -> Iterator[Fault]:
    text = path.read_text(encoding="utf-8")
    if "mark.fault(" not in text:
        return
    tree = ast.parse(text)
    all_nightly = any("pytestmark" in ast.unparse(each) and _nightly(each) for each in tree.body)
    for held in tree.body:
        if not isinstance(held, ast.FunctionDef):
            continue
        nightly = all_nightly or any(_nightly(each) for each in held.decorator_list)
        for mark in held.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                words = {str(word.arg): ast.literal_eval(word.value) for word in mark.keywords}
                test = f"{path.relative_to(ROOT).as_posix()}::{held.name}"
                yield Fault(**words, test=test, nightly=nightly)


def _nightly(node: ast.AST) -> bool:
    return "pytest.mark.nightly" in ast.unparse(node)
