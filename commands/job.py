"""What a training was asked to do: all that another process needs to go on with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipelines.settings import RunConfig, build_config


@dataclass(frozen=True)
class Job:
    """The main job with its words read.

    Args:
        fingerprint: The identity of the table's source; empty where it has none.
        origin: Where the config comes from.
        stack: The stack asked for; None for the active one.
        deploys: Whether what is champion in the end is deployed.
        cache: Whether ZenML may answer a step that it has run before.
        question: What `commands/record.py` keeps the answer under.
        identity: What that answer stands on; empty where it cannot be kept.
        stack_file: The digest of what the stack's file asked for.
    """

    config: RunConfig
    fingerprint: str
    origin: str
    stack: str | None
    deploys: bool
    cache: bool
    question: str
    identity: str
    stack_file: str

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        plain = asdict(self) | {"config": self.config.model_dump(mode="json")}
        return {**plain, "model": self.config.model}


def job_of(told: dict[str, Any]) -> Job:
    """The job that a journal's entry holds."""
    names = set(Job.__dataclass_fields__) - {"config"}
    return Job(build_config(told["config"], {}), **{name: told[name] for name in names})
