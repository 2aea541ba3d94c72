"""The steps that measure the candidates and compare the best one with the champion."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from zenml import step
from zenml.logger import get_logger
from zenml.types import HTMLString

from serving.bundle import ONNX, SCHEMA
from steps.caching import code_of, page_of
from steps.data.finding import Checks
from steps.data.settings import SplitSettings
from steps.data.stored import StoredTable
from steps.evaluation.card import model_card
from steps.evaluation.comparison import Files, compare_candidate
from steps.evaluation.description import try_to_describe
from steps.evaluation.evaluation import Decision, Evaluations
from steps.evaluation.measure import evaluate_candidates
from steps.evaluation.report import render
from steps.evaluation.settings import CardSettings, GateSettings
from steps.registry.lineage import Lineage
from steps.registry.tracking import open_registry
from steps.registry.version import Champion
from steps.training.candidate import Candidate

NO_CARD = CardSettings()
logger = get_logger(__name__)


@step(cache_policy=code_of("steps.evaluation.measure"))
def evaluate(
    candidates: list[Candidate],
    test_rows: StoredTable,
    gate: GateSettings,
    split: SplitSettings,
    sensitive: tuple[str, ...] = (),
) -> Annotated[Evaluations, "evaluations"]:
    """Measure every candidate on the held-out rows, with intervals and slices."""
    return evaluate_candidates(candidates, test_rows, gate, split, sensitive)


@step(
    cache_policy=page_of(
        "steps.evaluation.comparison", "steps.evaluation.description", "steps.evaluation.report"
    )
)
def compare(
    candidates: list[Candidate],
    evaluations: Evaluations,
    champion: Champion,
    train_rows: StoredTable,
    test_rows: StoredTable,
    checks: Checks,
    gate: GateSettings,
    split: SplitSettings,
    lineage: Lineage,
    sensitive: tuple[str, ...] = (),
    card: CardSettings = NO_CARD,
) -> tuple[Annotated[Decision, "decision"], Annotated[HTMLString, "model_report"]]:
    """Decide whether the challenger becomes champion, and tell why and of what model on one page.

    Args:
        card: What the page's model card says in its owner's words.
    """
    challenger = next(each for each in candidates if each.name == evaluations.challenger)
    compared = compare_candidate(
        challenger,
        champion,
        champion_files(champion),
        train_rows,
        test_rows,
        gate,
        split,
        sensitive,
    )
    told, name = lineage.told(), champion.model
    described, undrawn = try_to_describe(challenger, compared, gate.metric, train_rows, test_rows)
    if undrawn:
        logger.warning("How '%s' answers could not be drawn: %s", challenger.name, undrawn)
    said = model_card(name, challenger, evaluations, checks, told, card, gate, split)
    findings = checks.findings
    page = render(name, compared.decision, evaluations, findings, told, described, said, undrawn)
    return compared.decision, HTMLString(page)


def champion_files(champion: Champion) -> Files | None:
    """The champion's ONNX model and schema, their digest checked; None without a champion."""
    if champion.version is None:
        return None
    with TemporaryDirectory() as scratch:
        bundle = open_registry().fetch(champion.version, Path(scratch))
        return Files((bundle / ONNX).read_bytes(), (bundle / SCHEMA).read_bytes())
