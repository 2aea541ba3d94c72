"""Every link within the project leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.lines import PAGES, ROOT

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEAD = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What a link can lead to on a page, as GitHub makes it of the headings."""
    heads = [re.sub(r"\]\([^)]*\)", "", head) for head in HEAD.findall(prose(page))]
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A file that is there, and a heading of it; pictures too."""
    text, dead = CODE.sub("", prose(page)), []
    for path, anchor in LINK.findall(text):
        to = (page.parent / path) if path else page
        if not to.exists() or (anchor and anchor not in anchors(to)):
            line = text[: text.index(f"]({path}")].count("\n") + 1
            dead.append(f"{page.name}, near line {line}: {path}#{anchor}")
    assert dead == []


def test_every_page_of_docs_is_linked() -> None:
    """From the README, or from a page that it links."""
    linked = {path for page in PAGES for path, _ in LINK.findall(prose(page))}
    names = {Path(path).name for path in linked}
    assert sorted(page.name for page in PAGES if page.parent.name == "docs"
                  and page.name not in names) == []  # fmt: skip
