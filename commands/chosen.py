"""The registered model that a command asks about, and the pipeline that it runs over it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commands.console import console_for
from commands.environment import prepare

if TYPE_CHECKING:
    from commands.execution import Completed
    from steps.registry.registry import Registry


Mounts = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model of the active stack's registry."""

    model: str
    registry: Registry
    options: argparse.Namespace

    def run(self, pipeline: Any, mounts: Mounts | None = None, **arguments: Any) -> Completed:
        """Run a pipeline over the model to its end, with as many words as were asked for.

        Args:
            mounts: Files and folders of this machine that the steps see, as Docker is told of them.
        """
        from commands.execution import execute

        console, quiet = console_for(self.options), self.options.quiet or self.options.json
        given = {"model": self.model, **arguments}
        told: dict[str, Any] = {"console": console, "quiet": quiet, "mounts": mounts}
        return execute(pipeline, given, model=self.model, **told)


@contextmanager
def chosen_model(options: argparse.Namespace) -> Iterator[Chosen]:
    """The model that a command line names, on its stack; pipelines are imported inside."""
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        import commands.execution  # noqa: F401  (while nothing looks for garbage)
        from commands.stack import use
        from commands.versions import choose_model
        from steps.registry.tracking import open_registry

        use(options.stack)
        registry = open_registry()
        yield Chosen(choose_model(registry, options.model), registry, options)
    leave_frameworks_out()
