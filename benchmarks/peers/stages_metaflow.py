"""The stages as a Metaflow flow: `run --table T --folder F`, then `resume`."""

import stages  # type: ignore[import-not-found]
from metaflow import FlowSpec, Parameter, step  # type: ignore[import-not-found]


class Five(FlowSpec):
    """The five stages."""

    table = Parameter("table")
    folder = Parameter("folder")

    @step
    def start(self) -> None:
        """Read the table."""
        self.rows = stages.load(self.table)
        self.next(self.split)

    @step
    def split(self) -> None:
        """Training rows and held-out rows."""
        self.train, self.test = stages.split(self.rows)
        self.next(self.fit)

    @step
    def fit(self) -> None:
        """Fit a model."""
        self.model = stages.fit(self.train)
        self.next(self.evaluate)

    @step
    def evaluate(self) -> None:
        """Measure it."""
        self.score = stages.evaluate(self.model, self.test)
        self.next(self.end)

    @step
    def end(self) -> None:
        """Write both."""
        print(stages.save(self.model, self.score, self.folder))


if __name__ == "__main__":
    Five()
