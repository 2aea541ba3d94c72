"""Why a run has ended whose pods can no longer tell it themselves."""

from __future__ import annotations

from stacks.flavors.dealing.watch import ENDED, OVER, SUCCEEDED, Look


def outcome_of(seen: Look) -> str:
    """Why a run that has failed has failed."""
    said = f" ({seen.reason})" if seen.reason else ""
    open_steps = sorted(name for name, status in seen.steps.items() if status not in OVER)
    if seen.there in ENDED and seen.zenml not in OVER:
        which = f" while {', '.join(open_steps)} was at work" if open_steps else ""
        ended = "ended the run" if seen.there == SUCCEEDED else f"says {seen.there}"
        died = f"a {seen.unit} died{which}"
        return f"{seen.where} {ended}{said} and ZenML heard nothing of it: {died}."
    return f"The run failed: {seen.where} says {seen.there}{said}, ZenML says {seen.zenml}."
