"""What docs/kubeflow.md says is there, and what is there it says."""

import re
from pathlib import Path

import pytest

from stacks.doctor.examination import INSTALL as PIPELINES
from stacks.doctor.seldon import INSTALL as SELDON
from stacks.schema import read_stack, unset_in
from stacks.values import leaves
from tests.docs.test_links import anchors

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "kubeflow.md"
VARIABLE = re.compile(r"\$\{(SWITCHYARD_\w+)")


@pytest.mark.parametrize("name", ["kubeflow", "seldon"])
def test_every_variable_of_the_stack_file_is_on_the_page(name: str) -> None:
    """Those with a default too."""
    file = read_stack(name)
    values = [each.configuration for group in file.components.values() for each in group]
    named = {found for _, leaf in leaves(values) for found in VARIABLE.findall(str(leaf))}
    assert named >= set(unset_in(file, {}))
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(each for each in named if f"| `{each}` |" not in text) == []


@pytest.mark.parametrize("remedy", [PIPELINES, SELDON])
def test_what_the_doctor_sends_to_is_there(remedy: str) -> None:
    """A remedy is a page and a place on it."""
    page, _, anchor = remedy.partition("#")
    assert anchor in anchors(ROOT / page)
