"""What a run stands on: the same four give the same metrics and the same model."""

import hashlib
import json

from pydantic import Field, JsonValue

from steps.config import Settings


class Lineage(Settings):
    """The four things that decide what a run computes, and where.

    Args:
        data_digest: The digest of the table's content as it was read.
        commit: The git commit, marked where the work tree had changes.
        config: The run config's name.
        stack: The stack's name.
        settings: The whole run config, defaults included.
    """

    data_digest: str
    commit: str = ""
    config: str = ""
    stack: str = ""
    settings: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def config_digest(self) -> str:
        """The identity of the run config's values, whatever file they came from."""
        text = json.dumps(self.settings, sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def tags(self) -> dict[str, str]:
        """What runs and versions are labelled with."""
        return {
            "data_digest": self.data_digest,
            "commit": self.commit,
            "config": self.config,
            "config_digest": self.config_digest,
            "stack": self.stack,
        }

    def told(self) -> dict[str, str]:
        """The four for a person to read."""
        return {
            "Data": self.data_digest,
            "Commit": self.commit,
            "Config": f"{self.config} {self.config_digest}",
            "Stack": self.stack,
        }
