"""What a comparison of two sets of rows came to."""

from steps.config import Settings

# Their names in the MLflow run of a training.
DATA_REPORT, EVIDENTLY_REPORT = "data_report.html", "drift.html"


class ColumnDrift(Settings):
    """How far one column lies apart.

    Args:
        test: The measure, by the name that Evidently gives it.
        value: A distance, or a p-value, as the test has it.
    """

    column: str
    test: str
    threshold: float
    value: float
    drifted: bool


class DriftReport(Settings):
    """Each column of the current rows against the reference rows.

    Args:
        reference: How many reference rows were compared.
        current: How many current rows were compared.
        report: Where Evidently's own page lies, which needs scripts to show.
    """

    reference: int
    current: int
    columns: tuple[ColumnDrift, ...]
    report: str = ""

    @property
    def drifted(self) -> tuple[str, ...]:
        """The columns that lie further apart than their threshold."""
        return tuple(column.column for column in self.columns if column.drifted)
