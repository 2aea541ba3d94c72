"""How a new champion takes over from the version that serves."""

from typing import Literal, Self

from pydantic import Field, model_validator

from serving.spec import Traffic
from steps.config import Settings

Strategy = Literal["immediate", "canary", "shadow"]


class WindowSettings(Settings):
    """How long a version is on trial: until the first of both is reached.

    Args:
        requests: Requests that the version on trial has met.
        seconds: Time since it began to meet them.
        least: Fewer requests than this decide nothing; `rollout.quiet` says what then.
    """

    requests: int = Field(default=1000, ge=1)
    seconds: float = Field(default=600.0, gt=0)
    least: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _least_can_be_reached(self) -> Self:
        """A window that ends before it may decide could never finish."""
        if self.least > self.requests:
            raise ValueError(f"least ({self.least}) lies above requests ({self.requests})")
        return self


class LimitSettings(Settings):
    """What a version on trial must keep.

    Args:
        max_error_rate: By how much its share of failed requests may lie above that of the version
            that serves, 0 to 1.
        max_latency_ratio: How many times the other version's p99 latency its own may be.
        latency_floor_ms: A p99 up to this many milliseconds is never too slow.
        min_agreement: The share of compared rows on which both versions must agree, 0 to 1; none
            asks for no agreement.
        tolerance: In a regression: how far apart two values may lie and still agree, in the
            target's unit.
    """

    max_error_rate: float = Field(default=0.01, ge=0, le=1)
    max_latency_ratio: float = Field(default=2.0, gt=0)
    latency_floor_ms: float = Field(default=10.0, ge=0)
    min_agreement: float | None = Field(default=None, ge=0, le=1)
    tolerance: float = Field(default=0.0, ge=0)


class RolloutSettings(Settings):
    """How a new champion takes over.

    Args:
        strategy: At once, as a canary that answers a share of the requests, or as a shadow that is
            asked beside and never answers. A model that nothing serves yet takes over at once.
        share: Of the requests that the version on trial meets, above 0 and at most 1.
        sticky: Requests of the same id always meet the same version.
        quiet: What becomes of a trial that met too few requests to decide on.
    """

    strategy: Strategy = "immediate"
    share: float = Field(default=0.1, gt=0, le=1)
    sticky: bool = False
    window: WindowSettings = WindowSettings()
    quiet: Literal["finish", "rollback"] = "rollback"
    limits: LimitSettings = LimitSettings()

    @property
    def traffic(self) -> Traffic | None:
        """What a deployer is told; None where nothing is tried.

        The lease outlasts the window: it ends only what nobody watches any more.
        """
        if self.strategy == "immediate":
            return None
        lease = self.window.seconds + 120.0
        return Traffic(self.strategy, self.share, self.sticky, self.limits.tolerance, lease)
