"""What a run stands on: the same four give the same metrics and the same model."""

from steps.config import Settings


class Lineage(Settings):
    """The four things that decide what a run computes, and where.

    Args:
        data_digest: The digest of the table's content as it was read.
        commit: The git commit, marked where the work tree had changes.
        config: The run config's name.
        stack: The stack's name.
    """

    data_digest: str
    commit: str = ""
    config: str = ""
    stack: str = ""

    def told(self) -> dict[str, str]:
        """The four for a person to read."""
        return {
            "Data": self.data_digest,
            "Commit": self.commit,
            "Config": self.config,
            "Stack": self.stack,
        }
