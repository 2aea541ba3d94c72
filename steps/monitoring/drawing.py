"""Evidently's page on a window, begun while the window is still being counted where that pays."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from serving.errors import RunError
from serving.schema import TableSchema
from steps.data.stored import StoredTable, Table
from steps.monitoring.beside import Beside
from steps.monitoring.judgement import has_drifted
from steps.monitoring.profile import Profile
from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.window import Window

logger = logging.getLogger(__name__)

# Reading on from so many rows may take as long as a process takes to start and import.
FIRST_LOOK = 100_000
# MiB that must be free for it, several times what it takes.
FREE = 1024
SEED = 0


@dataclass
class Drawing:
    """The page, by a process beside this one or, where there is none, by this one.

    Args:
        trained: Finds the training rows, or raises LookupError.
        schema: The columns that are compared.
    """

    trained: Callable[[], Table]
    profile: Profile
    schema: TableSchema
    settings: MonitoringSettings
    beside: Beside | None = None
    _table: Table | None = None
    _next: int = field(default=FIRST_LOOK)

    def __enter__(self) -> Drawing:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.beside:
            self.beside.close()

    def look(self, window: Window) -> None:
        """Begin where the page will be wanted, as far as the rows so far tell.

        They are looked at when they have doubled, so that looking costs next to nothing.
        """
        if self.beside or self.settings.report == "never" or window.rows < self._next:
            return
        self._next = 2 * window.rows
        if self.settings.report == "always" or has_drifted(window, self.profile, self.settings):
            self._begin()

    def page(self, rows: NDArray[np.float32] | None) -> str:
        """The page on encoded rows of the window.

        Raises:
            LookupError: There is no row, or the training rows are not to be had here.
        """
        from steps.monitoring.drift import compare_encoded, encoded_sample

        if rows is None:
            raise LookupError("The window holds no row to report on.")
        if self.beside:
            try:
                return self.beside.draw(rows)
            except RunError as error:
                logger.info("Evidently's page is drawn here: %s", error)
        table = self._training_rows()
        some = encoded_sample(table, self.schema, rows=self.settings.report_rows, seed=SEED)
        return compare_encoded(some, rows, self.schema)

    def _begin(self) -> None:
        try:
            table = self._training_rows()
        except LookupError:  # Told when the page is drawn.
            self._next = np.iinfo(np.int64).max
            return
        if isinstance(table, StoredTable) and has_room():
            self.beside = Beside(table.file, self.schema, self.settings.report_rows, SEED)

    def _training_rows(self) -> Table:
        if self._table is None:
            self._table = self.trained()
        return self._table


def has_room() -> bool:
    """Whether a process has a core and memory of its own."""
    import psutil

    from steps.training.workers import cores

    return cores() > 1 and psutil.virtual_memory().available > FREE << 20
