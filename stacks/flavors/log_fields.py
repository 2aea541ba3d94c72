"""What a stack file says of the prediction log of a deployer's servers."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from serving.shipping.settings import LogSettings


class LogFields(BaseModel):
    """The settings of a deployer that are about its prediction log."""

    log_uri: str | None = Field(
        default=None,
        description="Where whole segments of the prediction log are shipped to. Default: "
        "`predictions` in the artifact store of the active stack; empty: nowhere. A store other "
        "than the stack's takes its credentials from the environment.",
    )
    log_sensitive: Literal["hash", "omit"] = Field(
        default="hash", description="Whether the log hashes sensitive columns or leaves them out."
    )
    log_segment_mb: float = Field(
        default=64, gt=0, description="Megabytes after which a new segment is begun."
    )
    log_segment_seconds: float = Field(
        default=300, gt=0, le=3600, description="Seconds after which a segment is shipped."
    )
    log_keep_mb: float = Field(
        default=1024,
        gt=0,
        description="Megabytes of segments that are kept where the server runs; the oldest go.",
    )

    def kept(self, uri: str, options: Mapping[str, object]) -> LogSettings:
        """What a server is told.

        Args:
            uri: Where segments go; empty for nowhere.
            options: What the driver of that store takes.
        """
        return LogSettings(
            uri=uri,
            options=options,
            sensitive=self.log_sensitive,
            segment=int(self.log_segment_mb * 2**20),
            seconds=self.log_segment_seconds,
            keep=int(self.log_keep_mb * 2**20),
        )
