"""What is compared, and from how many rows."""

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator, model_validator

from serving.errors import ConfigError
from steps.config import Settings
from steps.data.location import deferred, refuse_password
from steps.monitoring.span import moment

Act = Literal["nothing", "alert", "retrain"]


class ReportSettings(Settings):
    """The report that holds the held-out rows against the training rows.

    Args:
        rows: At most so many rows of each side, drawn by the run's seed; the report's cost and
            size are bounded by it.
    """

    enabled: bool = True
    rows: int = Field(default=5000, ge=100)


class PolicySettings(Settings):
    """What a verdict leads to.

    Args:
        drift: What follows a drift. A retraining then has to be shown not to be worse.
        degraded: What follows a degraded model. A retraining then has to pass the gate as it is.
        cooldown_hours: So long after a retraining began no other begins.
        cap: So many retrainings may begin in `cap_days`.
    """

    drift: Act = "alert"
    degraded: Act = "retrain"
    cooldown_hours: float = Field(default=24.0, ge=0)
    cap: int = Field(default=3, ge=0)
    cap_days: float = Field(default=7.0, gt=0)


class MonitoringSettings(Settings):
    """When a window of served rows says that the model should be looked at.

    Args:
        alpha: The chance of any false alarm among all columns of a window, 0 to 1.
        psi: The population stability index above which a change of a column matters.
        wasserstein: The Wasserstein distance of a number, in standard deviations of the training
            rows, above which a change matters.
        missing: The change of a column's share of missing values, 0 to 1, above which it matters,
            in windows of any size.
        category: The change of a category's share, 0 to 1, above which it matters.
        small: Windows below this many rows are told by a p-value, larger ones by size.
        tests: By column a test of its own, whatever the rows: psi, wasserstein, ks or chi-square.
        min_rows: A window of fewer rows says nothing.
        min_labelled: Fewer labelled rows say nothing of the metric.
        max_drop: In the metric's unit: how much worse it may be than on the held-out rows.
        min_drifted: So many columns must have drifted before the verdict is drift.
        policy: What `monitor --act` and `loop` do about a verdict.
        report: When Evidently's page is drawn: where something was found, always or never.
        report_rows: At most so many rows of each side are on it.
    """

    alpha: float = Field(default=0.01, gt=0, lt=0.5)
    psi: float = Field(default=0.1, gt=0)
    wasserstein: float = Field(default=0.1, gt=0)
    missing: float = Field(default=0.03, gt=0, le=1)
    category: float = Field(default=0.04, gt=0, le=1)
    tests: dict[str, Literal["auto", "psi", "wasserstein", "ks", "chi-square"]] = Field(
        default_factory=dict
    )
    small: int = Field(default=1000, ge=1)
    min_rows: int = Field(default=200, ge=20)
    min_labelled: int = Field(default=100, ge=20)
    max_drop: float = Field(default=0.0, ge=0)
    min_drifted: int = Field(default=1, ge=1)
    policy: PolicySettings = PolicySettings()
    report: Literal["found", "always", "never"] = "found"
    report_rows: int = Field(default=5000, ge=100)


class LabelSource(Settings):
    """Where labels that came later are.

    Args:
        labels: A table of labels: a file, a URI or a database's URL; empty where none have come.
        query: The SQL to run where `labels` is a database.
        label: The column of the labels; empty means the name of the model's target.
    """

    labels: str = ""
    query: str | None = None
    label: str = ""

    @field_validator("labels")
    @classmethod
    def _holds_no_password(cls, labels: str) -> str:
        refuse_password(labels)
        return deferred(labels)


class WindowSettings(LabelSource):
    """Which rows of the prediction log are looked at, and where their labels are."""

    since: datetime
    until: datetime

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "WindowSettings":
        if self.since >= self.until:
            raise ConfigError(f"The window ends ({self.until}) before it begins ({self.since}).")
        return self


class SpanSettings(LabelSource):
    """A window that moves with the time: where it begins, and where its labels are.

    Args:
        since: A span back from each look, such as 24h, or a time that stays.
    """

    since: str

    def window(self, now: datetime) -> WindowSettings:
        """The window that ends now."""
        begun = moment(self.since, now, "--since")
        return WindowSettings(**{**self.model_dump(), "since": begun, "until": now})
