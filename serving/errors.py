"""The errors that end a command, and how they are told.

SwitchyardError
├── UserError            the input is wrong: exit status 2
│   ├── DataError        the table does not hold what the run needs
│   ├── ConfigError      a run config, a stack file or an option is wrong
│   └── RequestError     a prediction request breaks the contract: a 4xx
└── RunError             the input was fine and the work failed: exit status 1
    ├── ChampionMovedError  another run promoted a version since this one compared
    ├── StepTimeoutError a step did not end in the time that it has
    ├── ModelError       a model file is missing, tampered with or does not load
    └── DeployError      a server did not start, roll or answer
        └── PortTakenError
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable


class SwitchyardError(Exception):
    """An error with a message made for the person at the terminal.

    Attributes:
        step: The step of a pipeline that it ended; empty outside of one.
        log: What that step said last.
        advice: How to go on with what finished.
    """

    exit_status = 1
    step: str = ""
    log: tuple[str, ...] = ()
    advice: str = ""

    def told(self) -> str:
        """The message with all that is known besides, a line each."""
        lines = [str(self)]
        if self.step and f"'{self.step}'" not in lines[0]:
            lines.append(f"  in the step '{self.step}'")
        if self.log:
            lines += ["  whose log ends:", *(f"    {line}" for line in self.log)]
        if self.advice:
            lines.append(f"  What finished is kept: {self.advice}.")
        return "\n".join(lines)


class UserError(SwitchyardError):
    """The input is wrong and the message says what to change."""

    exit_status = 2


class DataError(UserError):
    """The table does not hold what the run needs."""


class ConfigError(UserError):
    """A run config, a stack file or an option is wrong."""


class RequestError(UserError):
    """A prediction request breaks the contract.

    Args:
        status: The HTTP status that answers it, 400 to 499.
        column: The column at fault, where there is one.
    """

    def __init__(self, message: str, *, status: int = 400, column: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.column = column


class RunError(SwitchyardError):
    """The input was fine and the work failed."""


class ChampionMovedError(RunError):
    """Another run has promoted a version since this one compared with the champion."""


class StepTimeoutError(RunError):
    """A step did not end in the time that the run config gives it."""


class ModelError(RunError):
    """A model file is missing, tampered with or does not load."""


class DeployError(RunError):
    """A server did not start, roll or answer."""


class PortTakenError(DeployError):
    """Something else listens where a server should."""


# As greedy as it can be: a password may hold any of the signs around it.
_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):(\S*)@")


def without_passwords(text: str) -> str:
    """A text with stars for each password inside an address."""
    return _PASSWORD.sub(r"\1:***@", text)


def spoken(error: object) -> str:
    """A driver's own words without passwords, the statement that failed, and where to read on."""
    said = without_passwords(str(error)).partition("\n[SQL: ")[0].strip()
    lines = [line for line in said.splitlines() if not line.startswith("(raised as a result of")]
    return "\n".join(lines)


def near_miss(name: str, known: Iterable[str]) -> str:
    """Say which known names come closest to an unknown one, or list them all."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "Did you mean " + " or ".join(f"'{match}'" for match in close) + "?"
    if not names:
        return "None is known."
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return "Known: " + ", ".join(names[:20]) + more + "."
