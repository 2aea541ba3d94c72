"""What is trained, how it is tuned, and what is blended."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from steps.config import Settings

Value = bool | int | float | str | None | tuple[int, ...]
Parameters = dict[str, Value]
Share = Annotated[float, Field(gt=0, le=1)]
CandidateKind = Literal["linear", "forest", "extra_trees", "boosting", "network"]
BLEND = "blend"
TORCH = frozenset({"torch"})


class CandidateSettings(Settings):
    """One model to be trained.

    Args:
        name: What tables and reports call it: a lower-case word.
        parameters: What scikit-learn's estimator (or `NetworkParameters`) takes; the rest keeps
            its default. `linear` takes `C` in regressions too, as one over Ridge's `alpha`.
        search: Values to choose from for each parameter that is tuned. None is tuned without it.
        window: The share of the training rows, the most recent ones, that it is fitted on; below 1
            the rows need an order (`tuning.order`).
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: CandidateKind
    parameters: Parameters = Field(default_factory=dict)
    search: dict[str, tuple[Value, ...]] = Field(default_factory=dict)
    window: Share = 1.0

    @field_validator("name")
    @classmethod
    def _not_the_blend(cls, name: str) -> str:
        if name == BLEND:
            raise ValueError(f"'{BLEND}' is the name of the ensemble; choose another one")
        return name

    @model_validator(mode="after")
    def _something_to_choose(self) -> "CandidateSettings":
        empty = [name for name, values in self.search.items() if not values]
        if empty:
            raise ValueError(f"search.{empty[0]} lists no value to choose from")
        return self

    def on(self, window: float) -> "CandidateSettings":
        """The same model on the most recent share of the training rows, under a name of its own."""
        name = f"{self.name}_last{round(100 * window)}"
        return self.model_copy(update={"name": name, "window": window})


def spare_packages(candidates: Iterable[CandidateSettings]) -> frozenset[str]:
    """The packages of the training environment that none of these candidates imports."""
    return frozenset() if any(each.kind == "network" for each in candidates) else TORCH


class TuningSettings(Settings):
    """Cross-validation inside the training rows.

    Args:
        trials: At most so many sets of parameters a candidate, its own parameters first.
        max_seconds: No further trial of a candidate starts after so many seconds; the number of
            trials, and with it the result, then depends on the machine.
        group: A column of the table whose rows of equal value stay in one fold.
        order: What says which rows are later ones: a column of times or numbers, or true where the
            table's own order does. Each fold is then scored by models of earlier rows alone.
        workers: So many fits at once, or as many as there are processors; the result is the same.
            More than one only where that saves seconds, and never under `max_seconds`.
    """

    folds: Annotated[int, Field(ge=2)] = 3
    trials: Annotated[int, Field(ge=1)] = 4
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    group: str | None = None
    order: bool | str = False
    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"

    @model_validator(mode="after")
    def _either_groups_or_an_order(self) -> "TuningSettings":
        if self.group is not None and self.order is not False:
            raise ValueError("tuning.group and tuning.order cannot be had together")
        return self


class EnsembleSettings(Settings):
    """The blend of the candidates, as one more candidate.

    Args:
        size: How many times a member is drawn: weights are multiples of one over it.
        windows: Shares of the training rows, the most recent ones, on which candidates are trained
            as well. 1, all of them, is there without being named.
        windowed: Which candidates; all where none is named.
    """

    enabled: bool = True
    size: Annotated[int, Field(ge=1)] = 20
    windows: tuple[Share, ...] = ()
    windowed: tuple[str, ...] = ()

    @field_validator("windows")
    @classmethod
    def _told_apart(cls, given: tuple[float, ...]) -> tuple[float, ...]:
        """A candidate is named for its window's per cent."""
        shares = [round(100 * share) for share in given]
        if 0 in shares or len(set(shares)) < len(shares):
            raise ValueError("windows are told apart by whole per cent: 0.5, 0.25")
        return given

    @property
    def shorter(self) -> tuple[float, ...]:
        """The windows that do not hold all rows."""
        return tuple(share for share in self.windows if round(100 * share) < 100)


class NetworkParameters(Settings):
    """What a `network` candidate takes.

    Args:
        hidden: The width of each hidden layer.
        embedding: The width of each category's embedding.
        epochs: Passes over the rows at most; `patience` passes without progress end it before.
        validation_share: The share of the training rows that tells when to stop.
        unseen_share: The share of category codes shown as "unseen" in training, so that a
            category that only a request holds meets a trained embedding.
    """

    hidden: tuple[int, ...] = (64,)
    embedding: Annotated[int, Field(ge=1)] = 4
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    learning_rate: Annotated[float, Field(gt=0)] = 4e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    batch: Annotated[int, Field(ge=1)] = 1024
    epochs: Annotated[int, Field(ge=1)] = 40
    patience: Annotated[int, Field(ge=1)] = 5
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    unseen_share: Annotated[float, Field(ge=0, lt=1)] = 0.02


def default_candidates() -> tuple[CandidateSettings, ...]:
    """Four models that differ in kind, so that a blend of them has something to gain."""
    return (
        CandidateSettings(
            name="linear", kind="linear", parameters={"C": 1.0}, search={"C": (0.01, 0.1)}
        ),
        CandidateSettings(
            name="forest",
            kind="forest",
            parameters={"min_samples_leaf": 5, "max_features": "sqrt"},
            search={"max_features": (0.4,)},
        ),
        CandidateSettings(
            name="boosting",
            kind="boosting",
            parameters={"learning_rate": 0.1, "max_leaf_nodes": 31},
            search={"learning_rate": (0.05, 0.1), "max_leaf_nodes": (15, 31)},
        ),
        CandidateSettings(
            name="network",
            kind="network",
            parameters={"hidden": (64,)},
            search={"hidden": ((128, 64),)},
        ),
    )
