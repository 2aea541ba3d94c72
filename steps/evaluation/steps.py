"""The steps that measure the candidates and compare the best one with the champion."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import pandas as pd
from zenml import step
from zenml.config.cache_policy import CachePolicy
from zenml.types import HTMLString

from serving.bundle import ONNX, SCHEMA
from steps.caching import ROOT, code_of
from steps.data.finding import Checks
from steps.data.settings import SplitSettings
from steps.evaluation.comparison import Files, compare_candidate
from steps.evaluation.evaluation import Decision, Evaluations
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.report import TEMPLATES, render
from steps.evaluation.settings import GateSettings
from steps.registry.lineage import Lineage
from steps.registry.tracking import open_registry
from steps.registry.version import Champion
from steps.training.candidate import Candidate


def _comparing() -> CachePolicy:
    """The comparison's code and the page's templates."""
    policy = code_of("steps.evaluation.comparison", "steps.evaluation.report")
    templates = [path.relative_to(ROOT).as_posix() for path in sorted(TEMPLATES.glob("*.j2"))]
    files = [*(policy.file_dependencies or ()), *templates]
    return policy.model_copy(update={"file_dependencies": files})


@step(cache_policy=code_of("steps.evaluation.measure"))
def evaluate(
    candidates: list[Candidate],
    test_rows: pd.DataFrame,
    gate: GateSettings,
    split: SplitSettings,
    sensitive: tuple[str, ...] = (),
) -> Annotated[Evaluations, "evaluations"]:
    """Measure every candidate on the held-out rows, with intervals and slices."""
    return evaluate_candidates(candidates, test_rows, gate, split, sensitive)


@step(cache_policy=_comparing())
def compare(
    candidates: list[Candidate],
    evaluations: Evaluations,
    champion: Champion,
    train_rows: pd.DataFrame,
    test_rows: pd.DataFrame,
    checks: Checks,
    gate: GateSettings,
    split: SplitSettings,
    lineage: Lineage,
    sensitive: tuple[str, ...] = (),
) -> tuple[Annotated[Decision, "decision"], Annotated[HTMLString, "decision_report"]]:
    """Decide whether the challenger becomes champion, and tell why on one page."""
    challenger = next(each for each in candidates if each.name == evaluations.challenger)
    decision = compare_candidate(
        challenger,
        champion,
        champion_files(champion),
        train_rows,
        test_rows,
        gate,
        split,
        sensitive,
    )
    page = render(champion.model, decision, evaluations, checks.findings, lineage.told())
    return decision, HTMLString(page)


def champion_files(champion: Champion) -> Files | None:
    """The champion's ONNX model and schema, their digest checked; None without a champion."""
    if champion.version is None:
        return None
    with TemporaryDirectory() as scratch:
        bundle = open_registry().fetch(champion.version, Path(scratch))
        return Files((bundle / ONNX).read_bytes(), (bundle / SCHEMA).read_bytes())
