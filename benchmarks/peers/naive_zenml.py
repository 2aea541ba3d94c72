"""The training as a first ZenML pipeline: plain steps, default materializers, default stack."""

import sys
from typing import Annotated

import pandas as pd
from zenml import pipeline, step

from benchmarks.peers import work
from pipelines.settings import RunConfig
from serving.schema import TableSchema
from steps.data.finding import Checks
from steps.data.settings import SourceSettings
from steps.evaluation.evaluation import Decision, Evaluations
from steps.training.candidate import Candidate
from steps.training.settings import CandidateSettings


@step
def load_table(source: SourceSettings) -> pd.DataFrame:
    """Read the table."""
    return work.load(source)


@step
def validate(table: pd.DataFrame, config: RunConfig) -> Checks:
    """Check the table."""
    return work.check(table, config)


@step
def split_rows(
    table: pd.DataFrame, checks: Checks, config: RunConfig
) -> tuple[
    Annotated[pd.DataFrame, "train_rows"],
    Annotated[pd.DataFrame, "test_rows"],
    Annotated[TableSchema, "schema"],
]:
    """Hold rows out for the test, and learn the schema from the others."""
    rows = work.split(table, checks, config)
    return rows.train, rows.test, rows.schema


@step
def train_candidate(
    train_rows: pd.DataFrame, schema: TableSchema, candidate: CandidateSettings, config: RunConfig
) -> Candidate:
    """Tune, fit and convert one candidate."""
    return work.fit(train_rows, schema, candidate, config)


@step
def blend(
    candidates: list[Candidate], train_rows: pd.DataFrame, schema: TableSchema, config: RunConfig
) -> Candidate:
    """Blend the candidates."""
    return work.mix(candidates, train_rows, schema, config)


@step
def evaluate(
    candidates: list[Candidate], test_rows: pd.DataFrame, config: RunConfig
) -> Evaluations:
    """Measure every candidate on the held-out rows."""
    return work.judge(candidates, test_rows, config)


@step
def compare(
    candidates: list[Candidate],
    evaluations: Evaluations,
    train_rows: pd.DataFrame,
    test_rows: pd.DataFrame,
    checks: Checks,
    config: RunConfig,
) -> tuple[Annotated[Decision, "decision"], Annotated[str, "page"]]:
    """Hold the best one against the trivial baseline."""
    decision, page = work.face(candidates, evaluations, train_rows, test_rows, checks, config)
    print(decision.challenger_digest)
    return decision, page


@pipeline
def training(config: RunConfig) -> None:
    """Train every candidate, evaluate and compare."""
    table = load_table(config.data)
    checks = validate(table, config)
    train_rows, test_rows, schema = split_rows(table, checks, config)
    candidates = [
        train_candidate(train_rows, schema, each, config, id=f"train_{each.name}")
        for each in config.candidates
    ]
    candidates = [*candidates, blend(candidates, train_rows, schema, config)]
    evaluations = evaluate(candidates, test_rows, config)
    compare(candidates, evaluations, train_rows, test_rows, checks, config)


if __name__ == "__main__":
    training(work.read(sys.argv[1]))
