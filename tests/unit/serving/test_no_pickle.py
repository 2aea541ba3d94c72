"""Nothing that serving loads can run code of a file's choosing."""

import ast
from pathlib import Path

import serving

ROOT = Path(serving.__file__).parent
UNSAFE = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch"}
CALLS = {"eval", "exec", "compile", "__import__"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def called(tree: ast.AST) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_serving_imports_no_pickle_and_evaluates_nothing() -> None:
    paths = sorted(ROOT.rglob("*.py"))
    assert len(paths) > 20
    for path in paths:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert not imported(tree) & UNSAFE, path
        assert not called(tree) & CALLS, path
        assert "allow_pickle" not in text, path
