"""What a terminal shows below the lines while a pipeline runs: a bar for what takes long."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Column
from rich.text import Text

# Times a second that it is drawn anew: a training needs the processor more.
RATE = 4.0
NAME_WIDTH = 22


class Bar(BarColumn):
    """A bar where it is known how much there is to do, and nothing where it is not."""

    def render(self, task: Task) -> Text | object:  # type: ignore[override]
        """The bar of a task."""
        return Text("") if task.total is None else super().render(task)


class Bars:
    """A line for each step that runs, and one for the whole pipeline.

    Args:
        title: The pipeline's name.
    """

    def __init__(self, console: Console, title: str) -> None:
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(width=NAME_WIDTH, no_wrap=True)),
            Bar(bar_width=20),
            TextColumn("{task.fields[said]}", markup=False, table_column=Column(no_wrap=True)),
            Elapsed(),
            console=console,
            transient=True,
            refresh_per_second=RATE,
        )
        self.whole = self.progress.add_task(title, total=None, said="")
        self.tasks: dict[str, TaskID] = {}
        self.ended = 0

    def begin(self, step: str) -> None:
        """Show that a step runs."""
        if step not in self.tasks:
            self.tasks[step] = self.progress.add_task(step, total=None, said="")

    def say(self, step: str | None, said: str) -> None:
        """Show words of a step, or of the one that began last."""
        task = self.tasks.get(step) if step else next(reversed(self.tasks.values()), None)
        self.progress.update(self.whole if task is None else task, said=said)

    def advance(self, step: str, done: int, total: int | None, said: str) -> None:
        """Show how far a step has come."""
        self.begin(step)
        self.progress.update(self.tasks[step], completed=done, total=total, said=said, refresh=True)

    def end(self, step: str, total: int | None) -> None:
        """Show that a step is over.

        Args:
            total: How many steps the pipeline has, where that is known.
        """
        self.ended += 1
        if (task := self.tasks.pop(step, None)) is not None:
            self.progress.remove_task(task)
        of = f" of {total} steps" if total else " steps"
        self.progress.update(
            self.whole, completed=self.ended, total=total, said=f"{self.ended}{of}"
        )
