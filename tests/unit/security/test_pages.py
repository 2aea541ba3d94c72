"""What comes from data is text on every page, however it is written."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Pictures that matplotlib drew, which escapes what it writes.
UNESCAPED = {"commands/demo/templates/story.html.j2": ["plot.wide", "plot.svg"]}


def test_one_place_fills_templates_and_it_escapes() -> None:
    """Whoever makes a page of a template goes through `steps.pages.page`."""
    made = [
        path
        for room in ("commands", "pipelines", "steps", "stacks", "serving")
        for path in sorted((ROOT / room).rglob("*.py"))
        if re.search(r"\bEnvironment\(|jinja2\.Template\(|Markup\(", path.read_text("utf-8"))
    ]
    assert made == [ROOT / "steps/pages/page.py"]
    assert "autoescape=True" in made[0].read_text("utf-8")


def test_no_template_leaves_a_value_as_it_is() -> None:
    """But for those above."""
    templates = [
        path for room in ("commands", "steps") for path in sorted((ROOT / room).rglob("*.j2"))
    ]
    assert len(templates) > 5
    for path in templates:
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"\{\{\s*([\w.]+)\s*\|\s*safe\b", text)
        assert found == UNESCAPED.get(str(path.relative_to(ROOT)), []), path
        assert "autoescape" not in text, path
