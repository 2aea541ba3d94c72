"""Which table is predicted, and where the predictions go."""

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from serving.errors import ConfigError
from steps.config import Settings
from steps.data.location import deferred, refuse_password

FORMATS = (".csv", ".parquet")


class PredictionSettings(Settings):
    """A table to predict.

    Args:
        data: A file, a folder of Parquet files, an object store's URI, a database's URL or a demo
            table's name, read a batch at a time and never whole.
        query: The SQL to run where `data` is a database.
        out: Where the predictions go: a path or an object store's URI that ends in .csv or
            .parquet.
        keep: Columns to carry over: those that the model does not read, all, none, or by name.
        faulty: What becomes of a row that breaks the model's contract: the run ends, or the row
            is written without a prediction and with the reason.
        batch: Rows that are read, scored and written at a time.
    """

    data: str
    query: str | None = None
    out: str
    keep: Literal["ids", "all", "none"] | tuple[str, ...] = "ids"
    faulty: Literal["refuse", "mark"] = "refuse"
    batch: int = Field(default=100_000, ge=1)

    @field_validator("data")
    @classmethod
    def _holds_no_password(cls, data: str) -> str:
        refuse_password(data)
        return deferred(data)

    @model_validator(mode="after")
    def _writes_a_format_that_is_known(self) -> "PredictionSettings":
        if self.suffix not in FORMATS:
            known = " or ".join(FORMATS)
            raise ConfigError(f"--out '{self.out}' must end in {known}.")
        if self.out == self.data:
            raise ConfigError("--out is the table itself: name another file.")
        return self

    @property
    def suffix(self) -> str:
        """How the output's name ends."""
        return PurePosixPath(self.out.lower()).suffix


class Predictions(Settings):
    """A table of predictions.

    Args:
        digest: The digest of the file's bytes.
        faulty: How many rows have a reason in place of a prediction.
        resumed: How many rows an earlier, interrupted run had predicted.
    """

    out: str
    digest: str
    rows: int
    faulty: int
    resumed: int
    model: str
    version: str
    model_digest: str
    seconds: float
