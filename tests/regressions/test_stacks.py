"""Defects around stacks and ZenML's client in this field's templates."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.workplace import Workplace

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("run.py", "commands", "pipelines", "steps", "stacks", "serving")
ASKING = ("pipelines", "steps", "commands")

IMPORTS = """
import importlib, pkgutil, sys
from zenml.client import Client
made = []
before = Client.__init__
def noted(self, *words, **options):
    made.append(sys._getframe(1).f_code.co_filename)
    before(self, *words, **options)
Client.__init__ = noted
for name in NAMES:
    importlib.import_module(name)
    assert not made, f"{name} makes a Client when it is imported"
print(len(NAMES))
"""

ELSEWHERE = """
from stacks.apply import apply
from stacks.schema import Component, StackFile
from steps.deployment.deployer import active_deployer
one = lambda name, flavor: (Component(name=name, flavor=flavor),)
apply(StackFile(stack_name="elsewhere", components={
    "orchestrator": one("elsewhere", "local_docker"),
    "artifact_store": one("elsewhere", "local"),
    "model_deployer": one("elsewhere", "resident"),
}), active=True)
print(type(active_deployer()).__name__)
"""


def sources(*rooms: str) -> Iterator[Path]:
    """The Python files of these rooms."""
    for room in rooms:
        path = ROOT / room
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def words_of(path: Path) -> Iterator[str]:
    """Every name, attribute, keyword and text in a file's code, without its docstrings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
        for field in ("id", "attr", "arg", "value", "name"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                yield word


def test_no_code_asks_which_orchestrator_it_is_on() -> None:
    """Defect: a deployment was skipped on any orchestrator but the local one."""
    asking = {
        module_of(path): word
        for path in sources(*ASKING)
        for word in words_of(path)
        if "orchestrator" in word.lower()
    }
    assert asking == {}


def test_a_stack_with_another_orchestrator_deploys_too(tmp_path: Path) -> None:
    """Defect: the same, on a real stack: the deployer is the stack's, whatever runs the steps."""
    place = Workplace(tmp_path)
    done = place.call(sys.executable, "-c", ELSEWHERE, ZENML_CUSTOM_SOURCE_ROOT=str(ROOT))
    assert done.status == 0, done.errors
    assert done.output.split()[-1] == "ResidentDeployer"


def test_importing_any_module_makes_no_client_and_writes_nothing(tmp_path: Path) -> None:
    """Defect: `Client()` ran at import, so that an import wrote a store and chose a stack."""
    names = sorted({module_of(path) for path in sources(*ROOMS)})
    place = Workplace(tmp_path)
    code = IMPORTS.replace("NAMES", repr(names))
    # onnxruntime's telemetry writes below the home at its import, unless it is told not to.
    quiet = {"ZENML_CUSTOM_SOURCE_ROOT": str(ROOT), "ORT_DISABLE_TELEMETRY": "1"}
    done = place.call(sys.executable, "-c", code, **quiet)
    assert done.status == 0, done.errors
    assert int(done.output.split()[-1]) > 50
    assert list(tmp_path.rglob("*")) == []


def test_an_unknown_stack_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    """Defect: an unknown `--stack` fell back to the active one without a word."""
    place = Workplace(tmp_path)
    assert place.run("stack", "set", "local").status == 0
    done = place.run("--stack", "lokal")
    assert done.status == 2
    assert "There is no stack 'lokal'. Did you mean 'local'" in done.errors
    assert place.runs() == 0
    listed = place.run("stack", "list", "--json").document
    assert [each["name"] for each in listed if each["active"]] == ["local"]
