"""What one check came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from stacks.problem import Problem, exit_status

State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Args:
        check: What was looked at, such as "artifact_store 's3'".
        state: `unknown` where it could not be told, which another line may explain.
        remedy: What mends a problem.
        mistake: As a problem's.
        details: For programs; no person reads them.
    """

    check: str
    state: State
    text: str
    remedy: str = ""
    mistake: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


def of_problem(problem: Problem) -> Finding:
    """A problem as a finding."""
    return Finding(problem.place, "problem", problem.text, problem.remedy, problem.mistake)


def status_of(findings: Sequence[Finding]) -> int:
    """0 without a problem, 2 for a mistake of the user's, 1 where only a service is down."""
    found = [each for each in findings if each.state == "problem"]
    return exit_status([Problem(f.check, f.text, f.remedy, f.mistake) for f in found])
