"""What a run may say about its table, with nothing heavy imported."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from serving.errors import ConfigError, near_miss
from steps.config import Settings
from steps.data.location import DEMO_TARGETS, deferred, refuse_password

AskedTask = Literal["auto", "classification", "binary", "multiclass", "regression"]
FindingKind = Literal[
    "labelled",
    "unlabelled",
    "left_out",
    "mixed",
    "identifier",
    "constant",
    "duplicates",
    "leak",
    "missing",
    "range",
    "category",
    "schema",
]


class SourceSettings(Settings):
    """Which table is read and which of its columns is to be predicted.

    Args:
        data: A demo table's name, a file, a folder of Parquet files, an object store's URI or a
            database's URL. A variable in it, in braces or parentheses behind a dollar sign, is
            filled in when the table is read and never stored.
        target: The column to predict; only a demo table brings its own.
        query: The SQL to run where `data` is a database.
        task: What kind of prediction, where the target does not say it well enough.
        drop: Columns to leave unread.
        categorical: Columns of numbers that are names of categories.
        sensitive: Columns whose values must be served equally well and told to nobody: evaluation
            slices by them without naming the groups, and the server's log hashes them.
    """

    data: str = "flights"
    target: str = ""
    query: str | None = None
    task: AskedTask = "auto"
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()

    @field_validator("data")
    @classmethod
    def _holds_no_password(cls, data: str) -> str:
        refuse_password(data)
        return deferred(data)

    @property
    def columns(self) -> "ColumnSettings":
        """The part that is about columns, with a demo table's own target filled in.

        Raises:
            ConfigError: No target is named, and the table is no demo.
        """
        target = self.target or DEMO_TARGETS.get(self.data)
        if not target:
            raise ConfigError("Say which column to predict with --target.")
        return ColumnSettings(
            target=target,
            task=self.task,
            categorical=self.categorical,
            sensitive=self.sensitive,
        )

    @model_validator(mode="after")
    def _keeps_its_target(self) -> "SourceSettings":
        if self.target and self.target in self.drop:
            raise ConfigError(f"The target '{self.target}' is among the columns to drop.")
        return self


class ColumnSettings(Settings):
    """What a run says about a table's columns, wherever the table lies.

    Steps behind the reading take these alone, so that the same content stays cached when it is
    read from another place.
    """

    target: str
    task: AskedTask = "auto"
    categorical: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()


class ValidationSettings(Settings):
    """What a table must be like.

    Args:
        accept_schema: Let columns differ from those of the champion.
        min_rows: Fewer rows with a target than this are refused.
        min_class_rows: A class with fewer rows than this is refused.
        max_categories: The most frequent values a column is encoded by; the rest are "other".
        missing_growth: How much a column's missing share may grow, 0 to 1, before it is reported.
        tolerated_share: The share of values out of range, or of new categories, that is only noted.
        leak_score: A column that alone predicts the target this well, 0 to 1, is reported.
        refuse: Kinds of findings that end the run instead of being reported.
        unseen: What the model does with a category that training did not hold.
    """

    accept_schema: bool = False
    min_rows: int = Field(default=100, ge=1)
    min_class_rows: int = Field(default=10, ge=1)
    max_categories: int = Field(default=100, ge=2)
    missing_growth: float = Field(default=0.1, ge=0, le=1)
    tolerated_share: float = Field(default=0.01, ge=0, le=1)
    leak_score: float = Field(default=0.995, gt=0, le=1)
    refuse: tuple[FindingKind, ...] = ()
    unseen: Literal["other", "refuse"] = "other"


class SplitSettings(Settings):
    """How rows are held out for the test.

    Args:
        by: A hash of the row, a hash of its group, or its time (the last rows are held out).
        column: The group's or the time's column.
        test_share: The share of rows, or of groups, that is held out.
    """

    by: Literal["row", "group", "time"] = "row"
    column: str | None = None
    test_share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 0

    @property
    def told(self) -> str:
        """How rows are held out, in words."""
        how = {
            "row": "by a seeded hash of the row",
            "group": f"by a seeded hash of '{self.column}'",
            "time": f"by time: the last rows of '{self.column}'",
        }
        return f"{how[self.by]}, {100 * self.test_share:g}% of all"

    @model_validator(mode="after")
    def _names_its_column(self) -> "SplitSettings":
        if self.by != "row" and not self.column:
            raise ConfigError(f"A split by {self.by} needs split.column: the {self.by}'s column.")
        return self


def refuse_absent(names: Iterable[str], columns: Sequence[str], option: str) -> None:
    """Refuse settings that name a column the table does not hold.

    Raises:
        ConfigError: They do.
    """
    for name in names:
        if name not in columns:
            raise ConfigError(
                f"The table has no column '{name}' ({option}). {near_miss(name, columns)}"
            )
