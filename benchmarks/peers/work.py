"""What both peers do: the functions that our steps call, and nothing of ZenML."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipelines.settings import RunConfig, build_config, read_config
from serving.schema import TableSchema
from steps.data.finding import Checks
from steps.data.schema import learn_schema
from steps.data.settings import SourceSettings
from steps.data.split import deal
from steps.data.stored import Table
from steps.data.streamed import read_large
from steps.data.target import check_target
from steps.data.validate import check_table
from steps.evaluation.comparison import compare_candidate
from steps.evaluation.evaluation import Decision, Evaluations
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.report import render
from steps.registry.version import Champion
from steps.training.blending import blend_candidates
from steps.training.candidate import Candidate
from steps.training.settings import CandidateSettings
from steps.training.training import prepare, train


class Rows(NamedTuple):
    """A table that was split, and what was learnt from its training rows."""

    train: pd.DataFrame
    test: pd.DataFrame
    schema: TableSchema


def read(path: str) -> RunConfig:
    """The run config."""
    return build_config(read_config(Path(path)), {})


def load(source: SourceSettings) -> Table:
    """Read the table."""
    return read_large(source)


def check(table: pd.DataFrame, config: RunConfig) -> Checks:
    """Check the table."""
    return check_table(table, config.data.columns, config.validation, None)


def split(table: pd.DataFrame, checks: Checks, config: RunConfig) -> Rows:
    """Hold rows out for the test, and learn the schema from the others."""
    labelled = check_target(table, checks.target)
    held_out = deal(labelled, config.split, checks.identity).held_out
    train_rows = labelled[~held_out].reset_index(drop=True)
    test_rows = labelled[held_out].reset_index(drop=True)
    schema = learn_schema(
        train_rows, checks.features, checks.target, checks.task, config.validation
    )
    return Rows(train_rows, test_rows, schema)


def fit(
    rows: pd.DataFrame, schema: TableSchema, candidate: CandidateSettings, config: RunConfig
) -> Candidate:
    """Tune, fit and convert one candidate."""
    data = prepare(rows, schema, config.tuning, config.seed)
    return train(candidate, data, config.tuning, config.gate.metric, config.seed)


def mix(
    candidates: list[Candidate], rows: pd.DataFrame, schema: TableSchema, config: RunConfig
) -> Candidate:
    """Blend the candidates."""
    data = prepare(rows, schema, config.tuning, config.seed)
    return blend_candidates(candidates, data, config.ensemble, config.gate.metric)


def judge(candidates: list[Candidate], test_rows: pd.DataFrame, config: RunConfig) -> Evaluations:
    """Measure every candidate on the held-out rows."""
    return evaluate_candidates(candidates, test_rows, config.gate, config.split)


def face(
    candidates: list[Candidate],
    evaluations: Evaluations,
    train_rows: pd.DataFrame,
    test_rows: pd.DataFrame,
    checks: Checks,
    config: RunConfig,
) -> tuple[Decision, str]:
    """Hold the best one against the trivial baseline, and write the page that tells why."""
    best = next(each for each in candidates if each.name == evaluations.challenger)
    nobody = Champion(model=config.model)
    decision = compare_candidate(
        best, nobody, None, train_rows, test_rows, config.gate, config.split
    ).decision
    return decision, render(config.model, decision, evaluations, checks.findings, {})
