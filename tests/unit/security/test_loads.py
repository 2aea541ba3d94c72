"""Nothing is read back in a way that lets a file choose what runs, but for what is listed here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("run.py", "commands", "pipelines", "steps", "stacks", "serving")
PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "shelve"}
# What a call must say to be harmless; None: nothing makes it so.
CALLS = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "skops.io.load": ("trusted", None),
    "skops.io.loads": ("trusted", None),
    "pd.read_pickle": None,
    "pd.read_hdf": None,
    "pandas.read_pickle": None,
    "yaml.load": None,
    "yaml.load_all": None,
    "yaml.full_load": None,
    "yaml.unsafe_load": None,
    "torch.hub.load": None,
    "torch.package.PackageImporter": None,
    "torch.jit.load": None,
    "onnx.load_model": None,
    "mlflow.pyfunc.load_model": None,
    "mlflow.sklearn.load_model": None,
    "mlflow.pytorch.load_model": None,
    "mlflow.onnx.load_model": None,
    "eval": None,
    "exec": None,
    "compile": None,
    "__import__": None,
    "source_utils.load": None,
}
ALLOWED = {
    # For the name of the error that torch raises.
    "steps/training/checkpoint.py": {"import pickle"},
    # For processes of its own, which it talks to through pipes: no file is read with it.
    "steps/training/workers.py": {"import joblib", "import joblib.externals.loky"},
}


def sources() -> list[Path]:
    """Every module of the program."""
    found = [ROOT / name for name in ROOMS]
    return sorted(
        path for each in found for path in ([each] if each.is_file() else each.rglob("*.py"))
    )


def unsafe(tree: ast.AST) -> Iterator[str]:
    """What a module does that could run what a file holds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (f"import {name}" for name in names if name.split(".")[0] in PICKLES)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            yield f"import {node.module}"
        if isinstance(node, ast.Call) and not harmless(node):
            yield ast.unparse(node.func)
        if isinstance(node, ast.keyword) and node.arg == "shell" and said(node.value) is not False:
            yield "shell=True"


def harmless(call: ast.Call) -> bool:
    """Whether a call is none of those above, or says what makes it safe."""
    name = ast.unparse(call.func)
    if name not in CALLS:
        return True
    wanted = CALLS[name]
    if wanted is None:
        return False
    given = {word.arg: word.value for word in call.keywords}
    if wanted[0] == "trusted":
        # A list of types; `True` would trust them all.
        return wanted[0] not in given or said(given[wanted[0]]) is not True
    return wanted[0] in given and said(given[wanted[0]]) is wanted[1]


def said(node: ast.expr) -> object:
    """The value of a constant."""
    return node.value if isinstance(node, ast.Constant) else node


def test_no_module_loads_what_could_run() -> None:
    """A new unsafe load has to be argued for above."""
    found = {
        str(path.relative_to(ROOT)): set(unsafe(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sources()
    }
    assert len(found) > 200
    assert {name: loads for name, loads in found.items() if loads} == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "import cloudpickle",
        "from joblib import load",
        "torch.load(x)",
        "torch.load(x, weights_only=False)",
        "np.load(x)",
        "np.load(x, allow_pickle=True)",
        "skops.io.loads(x, trusted=True)",
        "yaml.load(x, Loader)",
        "mlflow.sklearn.load_model(x)",
        "subprocess.run(x, shell=True)",
        "eval(x)",
    ],
)
def test_what_is_looked_for_is_found(text: str) -> None:
    """The test above can fail."""
    assert list(unsafe(ast.parse(text)))


def test_the_allowed_pickle_names_an_error_and_loads_nothing() -> None:
    """One name of the module is used."""
    tree = ast.parse((ROOT / "steps/training/checkpoint.py").read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "pickle"
    }
    assert used == {"UnpicklingError"}
