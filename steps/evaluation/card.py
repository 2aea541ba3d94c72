"""The model card: what a run knows of its model, and what its config says besides.

Sections as in Mitchell et al., "Model Cards for Model Reporting", FAT* 2019. Nothing is invented:
what the config leaves out is told as not stated, with the key that states it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steps.data.finding import Checks
from steps.data.settings import SplitSettings
from steps.evaluation.evaluation import Evaluations
from steps.evaluation.settings import CardSettings, GateSettings

if TYPE_CHECKING:
    from steps.training.candidate import Candidate

METRICS = {
    "roc_auc": "area under the ROC curve: how often a row of the second class scores above one of "
    "the first",
    "average_precision": "area under the precision-recall curve",
    "log_loss": "log loss: the surprise at what was so, by the probabilities given",
    "brier": "Brier score: the mean squared error of the probability",
    "accuracy": "share of the rows answered rightly",
    "roc_auc_ovr": "mean area under the ROC curves of each class against the rest",
    "macro_f1": "mean F1 over the classes",
    "rmse": "root of the mean squared error",
    "mae": "mean absolute error",
    "r2": "share of the variance that is explained",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card.

    Args:
        key: Of the run config, where nothing is stated.
    """

    name: str
    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a card."""

    title: str
    facts: tuple[Fact, ...]


def model_card(
    model: str,
    candidate: Candidate,
    evaluations: Evaluations,
    checks: Checks,
    lineage: Mapping[str, str],
    card: CardSettings,
    gate: GateSettings,
    split: SplitSettings,
) -> list[Section]:
    """The nine sections, in their order."""
    said = _Said(card)
    return [
        Section("Model details", (*_details(model, candidate), *said("owner", "licence"))),
        Section("Intended use", said("uses", "users", "out_of_scope")),
        Section("Factors", tuple(_factors(checks, gate))),
        Section("Metrics", tuple(_metrics(evaluations, gate))),
        Section("Evaluation data", tuple(_held_out(evaluations, split))),
        Section("Training data", (*_trained(candidate, checks, lineage), *said("data"))),
        Section("Quantitative analyses", tuple(_analyses(evaluations))),
        Section("Ethical considerations", (*_guarded(checks), *said("ethics"))),
        Section("Caveats and recommendations", (*_warned(checks), *said("caveats"))),
    ]


NAMES = {
    "owner": "Owner",
    "licence": "Licence",
    "uses": "Intended uses",
    "users": "Intended users",
    "out_of_scope": "Out of scope",
    "data": "Origin of the data",
    "ethics": "Considered",
    "caveats": "Caveats",
}


class _Said:
    """What the config says."""

    def __init__(self, card: CardSettings) -> None:
        self._card = card

    def __call__(self, *keys: str) -> tuple[Fact, ...]:
        """These keys, stated or not."""
        held = [(key, str(getattr(self._card, key)).strip()) for key in keys]
        return tuple(Fact(NAMES[key], text, "" if text else f"card.{key}") for key, text in held)


def _details(model: str, candidate: Candidate) -> list[Fact]:
    told = ", ".join(f"{key} {value}" for key, value in candidate.parameters.items())
    schema = candidate.schema
    answers = ", ".join(schema.classes) if schema.classes else "a number"
    return [
        Fact("Name", model),
        Fact("Kind", f"{candidate.kind}, candidate '{candidate.name}'"),
        *([Fact("Parameters", told)] if told else []),
        *([Fact("Note", candidate.note)] if candidate.note else []),
        Fact("Answers", f"{schema.target} ({schema.task}): {answers}"),
        Fact("Reads", f"{len(schema.columns):,} columns"),
        Fact("Form", f"ONNX, {len(candidate.onnx) / 1024:,.0f} KB"),
        Fact("Digest", candidate.onnx_digest),
    ]


def _factors(checks: Checks, gate: GateSettings) -> list[Fact]:
    sliced = [*gate.slices, *(name for name in checks.sensitive if name not in gate.slices)]
    told = ", ".join(sliced)
    return [
        Fact("Evaluated over", told, "" if told else "gate.slices"),
        Fact("Smallest slice", f"{gate.min_slice_rows:,} rows"),
    ]


def _metrics(evaluations: Evaluations, gate: GateSettings) -> list[Fact]:
    name = evaluations.metric
    others = [s.metric for s in evaluations.candidates[0].scores if s.metric != name]
    answer = "the class of the highest score" if evaluations.task != "regression" else "the number"
    return [
        Fact("Decides", f"{name}: {METRICS.get(name, name)}"),
        Fact("Told besides", ", ".join(others)),
        Fact("Answer", answer),
        Fact("Uncertainty", f"{gate.confidence:.0%} bootstrap, {gate.resamples:,} resamples"),
    ]


def _held_out(evaluations: Evaluations, split: SplitSettings) -> list[Fact]:
    return [
        Fact("Rows", f"{evaluations.rows:,}, held out {split.told}"),
        Fact("Digest", evaluations.rows_digest or "-"),
    ]


def _trained(candidate: Candidate, checks: Checks, lineage: Mapping[str, str]) -> list[Fact]:
    rows = f"{len(candidate.oof):,} of the {checks.rows:,} rows that have a target"
    digest = lineage.get("Data", "")
    return [Fact("Rows", rows), *([Fact("Digest of the table", digest)] if digest else [])]


def _analyses(evaluations: Evaluations) -> list[Fact]:
    slices: Sequence[object] = evaluations.of(evaluations.challenger).slices
    return [
        Fact("Unitary results", f"{len(slices):,} slices, above" if slices else "none measured"),
        Fact("Intersectional results", "none measured"),
    ]


def _guarded(checks: Checks) -> list[Fact]:
    if not checks.sensitive:
        return [Fact("Sensitive columns", "none named (data.sensitive)")]
    told = "measured as slices, their values told to nobody"
    return [Fact("Sensitive columns", f"{', '.join(checks.sensitive)}: {told}")]


def _warned(checks: Checks) -> list[Fact]:
    return [Fact("Validation warns", finding.text) for finding in checks.warnings]
