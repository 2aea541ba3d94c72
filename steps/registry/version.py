"""What the registry knows of a model, as artifacts."""

import json
from datetime import datetime

from pydantic import Field

from steps.config import Settings


class Version(Settings):
    """One registered version of a model.

    Args:
        version: The registry's number of it.
        digest: The digest of its ONNX model and schema.
        bundle_uri: Where its bundle lies: a local path or an fsspec URI.
        tags: What its run recorded: data_digest, commit, config, stack, split and the like.
    """

    model: str
    version: str
    digest: str
    run_id: str
    created: datetime
    bundle_uri: str
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def data_digest(self) -> str:
        """The digest of the table that it was trained on."""
        return self.tags.get("data_digest", "")

    @property
    def commit(self) -> str:
        """The git commit that trained it."""
        return self.tags.get("commit", "")

    @property
    def environment(self) -> dict[str, str]:
        """Python, the digest of the pins and the packages that trained it."""
        found: dict[str, str] = json.loads(self.tags.get("environment", "{}"))
        return found

    @property
    def split(self) -> str:
        """Its split settings as JSON: they tell which rows it has never seen."""
        return self.tags.get("split", "")

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns whose values said which side of its split a row was on."""
        return tuple(json.loads(self.tags.get("identity", "[]")))

    @property
    def trained_until(self) -> str:
        """The latest time among its training rows; empty unless they were split by time."""
        return self.tags.get("trained_until", "")

    @property
    def zenml_version(self) -> str:
        """The ZenML model version that belongs to it."""
        return self.tags.get("zenml_version", "")


class Champion(Settings):
    """The version under the alias `champion`, and what a comparison with it must know.

    Args:
        registry: Which registry was asked; another one's champion is another champion.
        moves: How many moves of the alias there were. A rollback and the way back to it leave the
            same version but not the same history, and must not be answered from the cache.
        withdrawn: The digests of versions that a rollback took out of service.
        version: None where there is no champion.
    """

    model: str
    registry: str = ""
    moves: int = 0
    withdrawn: tuple[str, ...] = ()
    version: Version | None = None
