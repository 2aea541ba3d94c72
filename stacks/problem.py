"""What would stop a run on a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.errors import ConfigError
from stacks.schema import Component

# How long a service is given to answer a question.
SECONDS = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that would stop a run, with what mends it.

    Args:
        place: The component, such as "artifact_store 's3'", or "stack".
        remedy: A command to paste, or what to change in the file.
        mistake: Mended by whoever wrote or set up the stack; False for a service that is down.
    """

    place: str
    text: str
    remedy: str
    mistake: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.text}\n    {self.remedy}"


def place(type_: str, component: Component) -> str:
    """How a component is named in a problem."""
    return f"{type_} '{component.name}'"


def exit_status(problems: Sequence[Problem]) -> int:
    """0 without a problem, 2 for a mistake of the user's, 1 where only a service is down."""
    if not problems:
        return 0
    return 2 if any(problem.mistake for problem in problems) else 1


def refuse(name: str, problems: Sequence[Problem]) -> None:
    """Stop before any work is done.

    Raises:
        ConfigError: There is a problem.
    """
    if problems:
        listed = "\n".join(map(str, problems))
        raise ConfigError(f"The stack '{name}' cannot run:\n{listed}")
