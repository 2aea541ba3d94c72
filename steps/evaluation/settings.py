"""What the gate asks of a challenger."""

from typing import Literal, Self

from pydantic import Field, model_validator

from steps.config import Settings


class GateSettings(Settings):
    """What the gate asks of a challenger before it becomes champion.

    Args:
        metric: The metric that decides; empty means the task's primary one.
        margin: In the metric's unit: how much better the challenger must be, or how much worse it
            may be in the mode `not_worse`.
        confidence: The share of resamples inside an interval, 0 to 1.
        slices: The columns whose every value is measured on its own.
        slice_floor: The worst value of the metric that any slice may have.
        slice_drop: The most that any slice may lose against the champion. It vetoes when the
            paired interval of that slice also excludes chance.
        min_slice_rows: A smaller slice is not measured.
        min_rows: Fewer held-out rows than this decide nothing.
        accept_incomparable: Promote over a champion that cannot score this table, when the
            challenger beats the trivial baseline.
    """

    metric: str = ""
    margin: float = Field(default=0.0, ge=0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    resamples: int = Field(default=1000, ge=100)
    mode: Literal["better", "not_worse"] = "better"
    slices: tuple[str, ...] = ()
    slice_floor: float | None = None
    slice_drop: float | None = Field(default=None, ge=0)
    min_slice_rows: int = Field(default=50, ge=2)
    min_rows: int = Field(default=50, ge=2)
    accept_incomparable: bool = False
    seed: int = 0

    def required(self, against: str) -> float:
        """What the lower bound of the improvement must exceed, in the metric's unit.

        Being no worse than a constant is not enough, so that without a champion the mode
        `not_worse` asks for an improvement too.
        """
        if self.mode == "better":
            return self.margin
        return -self.margin if against == "champion" else 0.0

    @model_validator(mode="after")
    def _limits_have_slices(self) -> Self:
        """A limit that no slice is held to could never fail."""
        if not self.slices and (self.slice_floor is not None or self.slice_drop is not None):
            raise ValueError("slice_floor and slice_drop need the columns to slice by in 'slices'")
        return self


class CardSettings(Settings):
    """What the model card says that no run can know, in the words of whoever answers for it.

    Args:
        owner: Who made the model and can be asked about it.
        licence: Under which terms it may be used.
        uses: What it is meant for.
        users: Who is meant to use it.
        out_of_scope: What it is not to be used for.
        data: Where the rows come from and how they were collected.
        ethics: Risks, harms and what was done about them.
        caveats: What else somebody who relies on it has to know.
    """

    owner: str = ""
    licence: str = ""
    uses: str = ""
    users: str = ""
    out_of_scope: str = ""
    data: str = ""
    ethics: str = ""
    caveats: str = ""
