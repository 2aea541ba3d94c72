"""Which code a step's cached result stands on."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from zenml.config.cache_policy import CachePolicy

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("steps", "serving")


def code_of(*modules: str) -> CachePolicy:
    """A cache policy under which an edit of these modules, or of any they import, ends the cache.

    ZenML looks at the text of the step function alone, so that without this a step would answer
    from the cache after its helper functions have changed. Only modules of this project are
    followed; other packages are pinned by the requirements.

    Args:
        modules: Dotted names, such as `steps.data.split` or a step module's own `__name__`.

    Raises:
        ModuleNotFoundError: A name is no module of this project.
    """
    files = sorted({path for module in modules for path in _closure(module)})
    return CachePolicy(file_dependencies=[path.relative_to(ROOT).as_posix() for path in files])


def page_of(*modules: str) -> CachePolicy:
    """The same for a step that draws a page: the templates beside these modules count as well."""
    folders = sorted({path.parent for module in modules for path in _closure(module)})
    templates = [path for folder in folders for path in sorted(folder.glob("templates/*.j2"))]
    policy = code_of(*modules)
    files = [
        *(policy.file_dependencies or ()),
        *(p.relative_to(ROOT).as_posix() for p in templates),
    ]
    return policy.model_copy(update={"file_dependencies": files})


def _closure(module: str) -> set[Path]:
    """The module's file and the files of all that it imports from this project."""
    first = _file_of(module)
    if first is None:
        raise ModuleNotFoundError(f"'{module}' is no module of {ROOT.name}: nothing to hash.")
    found, left = set[Path](), [first]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left.extend(_imports(path))
    return found


def _file_of(module: str) -> Path | None:
    """The file of a module of this project; None for any other name."""
    path = ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """The project's files that one file imports, at its top or inside a function."""
    names = _names(ast.parse(path.read_bytes()))
    files = (_file_of(name) for name in names if name.split(".")[0] in ROOMS)
    return tuple(file for file in files if file is not None)


def _names(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that may be a module in an absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
