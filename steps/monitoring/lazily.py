"""Packages whose `__init__` imports much that is not wanted, imported as they are asked for.

Evidently's own `__init__` imports its service, its language models and each of its metrics, and
those most of what is installed: three times what a page on drifted columns needs. Such a package is
a module here that knows from its source where each name comes from, and imports that when the name
is first taken: whoever uses the package otherwise sees what was always there, only later.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

# By name in a package: the module that it comes from, and its name there.
Sources = dict[str, tuple[str, str]]
SOURCES = "__sources__"


def import_lazily(packages: Collection[str]) -> None:
    """Have these packages imported lazily, unless the first of them is imported already."""
    if not any(name in sys.modules for name in packages):
        sys.meta_path.insert(0, LazyFinder(frozenset(packages)))


def stand_in(package: str) -> None:
    """Have empty modules in a package's place, where all that is taken from them is never used."""
    if package not in sys.modules:
        sys.meta_path.insert(0, StandInFinder(package))


class StandInFinder(MetaPathFinder, Loader):
    """Finds empty modules for a package and all below it."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A package that lies nowhere."""
        del path, target
        if name.partition(".")[0] != self.package:
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """One that has a class of any name."""
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing."""


class StandIn(ModuleType):
    """A module of any names."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class LazyFinder(MetaPathFinder):
    """Finds the packages that are imported lazily, and leaves all others to those behind it."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The package as it lies on the disk, with a loader of its own."""
        if name not in self.packages:
            return None
        found = PathFinder.find_spec(name, path, target)
        if found is None or not (found.origin or "").endswith(".py"):
            return found  # Without its source, it is imported as ever.
        tree = ast.parse(Path(str(found.origin)).read_text(encoding="utf-8"))
        # One that does something besides is imported as ever.
        if all(isinstance(node, ast.ImportFrom) or _is_plain(node) for node in tree.body):
            found.loader = LazyLoader(dict(_sources(tree, name)))
        return found


class LazyLoader(Loader):
    """Makes a package of the names in its source, and runs none of it."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one."""
        return LazyPackage(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Note where each name comes from."""
        module.__dict__[SOURCES] = self.sources


class LazyPackage(ModuleType):
    """A package whose names are imported when they are first taken."""

    def __getattr__(self, name: str) -> object:
        sources: Sources = self.__dict__.get(SOURCES, {})
        if name not in sources:
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        module, its_name = sources[name]
        found = _taken(module, its_name, self.__name__)
        setattr(self, name, found)
        return found


def _is_plain(node: ast.stmt) -> bool:
    """A docstring, or the list of all names."""
    if isinstance(node, ast.Assign):
        return [ast.unparse(each) for each in node.targets] == ["__all__"]
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _sources(tree: ast.Module, package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            for each in node.names:
                yield each.asname or each.name, (module, each.name)


def _taken(module: str, name: str, package: str) -> object:
    """A name of a module; of the package itself the module below it that is called so."""
    if module == package:
        return import_module(f"{module}.{name}")
    found = import_module(module)
    return getattr(found, name) if hasattr(found, name) else import_module(f"{module}.{name}")
