"""Packages that the lock has only because another one declares them, and that no step imports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

# By package: those that declare it and import it nowhere, or only in what no step starts (a server,
# a command line, the plots of an automatic log).
NEVER_IMPORTED = {
    "faker": {"polyfactory"},
    # `run.py demo` draws with it, where it is called.
    "matplotlib": {"mlflow", "-r requirements.in"},
    "statsmodels": {"evidently"},
}


def unused(texts: Iterable[str], spare: Collection[str] = ()) -> list[str]:
    """The packages of lock files that a step's image can be without, and what only they need.

    One that something else asks for is never among them: a package that a step comes to import
    is there once it is written into `requirements.in`, or for matplotlib once it is taken out of
    the list above.

    Args:
        spare: Packages that go although they are named: the steps at hand do without them.
    """
    needed_by = parents(texts)
    found: set[str] = set()
    while more := {
        package
        for package, above in needed_by.items()
        if package not in found
        and (package in spare or above <= found | NEVER_IMPORTED.get(package, set()))
    }:
        found |= more
    return sorted(found)


def parents(texts: Iterable[str]) -> Mapping[str, set[str]]:
    """What asks for each package, as lock files tell it: packages, or `-r` and a file.

    A lock that builds on another one asks for all of it, which is no reason of its own.
    """
    found: dict[str, set[str]] = {}
    for text in texts:
        package = ""
        for line in text.splitlines():
            if pin := re.match(r"([\w.-]+)(\[[^]]*\])?==", line):
                package = pin[1]
                found.setdefault(package, set())
            elif above := re.match(r"\s+#\s+(?:via\s+)?(?!via$|-r .*\.txt$)(\S.*)", line):
                found[package].add(above[1])
    return found
