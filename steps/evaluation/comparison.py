"""The challenger against the champion, or against the trivial baseline where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.errors import DataError, ModelError
from serving.model import Model
from steps.data.encoding import encode_target
from steps.data.settings import SplitSettings
from steps.data.split import hashed_out
from steps.data.stored import Table
from steps.evaluation.contest import Contender, Contest, baseline_scores
from steps.evaluation.evaluation import Decision
from steps.evaluation.gate import decide, settle
from steps.evaluation.measure import candidate_digest, candidate_scores, group_codes, score_frame
from steps.evaluation.metrics import find_metric
from steps.evaluation.settings import GateSettings
from steps.evaluation.slices import slice_labels, within
from steps.registry.version import Champion, Version

if TYPE_CHECKING:
    from steps.training.candidate import Candidate


class Incomparable(Exception):  # noqa: N818
    """The champion cannot be measured on this table, for the reason told."""


class Files(NamedTuple):
    """What a bundle holds."""

    onnx: bytes
    schema: bytes


class Comparison(NamedTuple):
    """A decision, and the scores that it stands on; None where none were needed or to be had."""

    decision: Decision
    contest: Contest | None


def compare_candidate(
    candidate: Candidate,
    champion: Champion,
    files: Files | None,
    train_rows: Table,
    test_rows: Table,
    settings: GateSettings,
    split: SplitSettings,
    sensitive: tuple[str, ...] = (),
) -> Comparison:
    """Decide whether the candidate becomes champion.

    Args:
        files: The champion's bundle; None where there is no champion.
    """
    challenger = Contender(candidate.name, candidate_digest(candidate))
    metric = find_metric(settings.metric, candidate.schema.task).name
    rival = _contender(champion.version)
    if rival and rival.digest == challenger.digest:
        said = f"The challenger is the champion: version {rival.version} has the same digest."
        return Comparison(settle(said, "unchanged", metric, challenger, rival), None)
    if challenger.digest in champion.withdrawn:
        return Comparison(settle(_withdrawn(candidate), "refuse", metric, challenger, rival), None)
    contest = against_baseline(candidate, train_rows, test_rows, settings, split, sensitive)
    if champion.version is None or files is None:
        return Comparison(decide(contest, settings, challenger), contest)
    try:
        faced = _against(contest, candidate, champion.version, files, test_rows)
    except Incomparable as reason:
        return _without_comparison(str(reason), contest, settings, challenger, rival)
    return Comparison(decide(faced, settings, challenger, rival), faced)


def against_baseline(
    candidate: Candidate,
    train_rows: Table,
    test_rows: Table,
    settings: GateSettings,
    split: SplitSettings,
    sensitive: tuple[str, ...] = (),
) -> Contest:
    """The candidate and the training rows' class shares, or mean, on every held-out row."""
    schema = candidate.schema
    return Contest(
        metric=find_metric(settings.metric, schema.task),
        y=encode_target(test_rows, schema),
        challenger=candidate_scores(candidate, test_rows),
        rival=baseline_scores(encode_target(train_rows, schema), schema, len(test_rows)),
        against="baseline",
        labels=slice_labels(test_rows, settings.slices, sensitive),
        groups=group_codes(test_rows, split),
    )


def never_seen(frame: Table, version: Version) -> NDArray[np.bool_]:
    """The rows that were held out when that version was trained, or would have been.

    Raises:
        Incomparable: The version does not say how it was split, or the table cannot tell.
    """
    if not version.split:
        raise Incomparable(f"Champion version {version.version} does not say how it was split.")
    split = SplitSettings.model_validate_json(version.split)
    needed = {*version.identity, *([split.column] if split.column else [])}
    if missing := sorted(needed - set(frame.columns)):
        raise Incomparable(
            f"Champion version {version.version} was split by column '{missing[0]}', which the "
            "table has no more: which of these rows it was trained on cannot be told."
        )
    if split.by == "time":
        return _later(frame, str(split.column), version)
    return np.asarray(hashed_out(frame, split, version.identity), dtype=np.bool_)


def last_time(train_rows: Table, split: SplitSettings) -> str:
    """The latest time among the training rows, as text; empty unless rows are split by time."""
    if split.by != "time":
        return ""
    latest = train_rows[split.column].max()
    return json.dumps(latest.isoformat() if hasattr(latest, "isoformat") else latest, default=float)


def _later(frame: Table, column: str, version: Version) -> NDArray[np.bool_]:
    """The rows after the last one that the version was trained on."""
    import pandas as pd

    if not version.trained_until:
        raise Incomparable(f"Champion version {version.version} does not say until when it saw.")
    latest, times = json.loads(version.trained_until), frame[column]
    if pd.api.types.is_datetime64_any_dtype(times):
        latest = pd.Timestamp(latest)
    try:
        return np.asarray((times > latest).fillna(False), dtype=np.bool_)
    except TypeError as error:
        raise Incomparable(
            f"Column '{column}' is another kind of time than the champion's: {error}."
        ) from error


def _against(
    contest: Contest, candidate: Candidate, version: Version, files: Files, test_rows: Table
) -> Contest:
    """The same contest with the champion as rival, on the rows that neither has seen."""
    model = _load(files)
    order = _class_order(candidate, model)
    rows = never_seen(test_rows, version)
    try:
        scores = score_frame(model, test_rows[rows].reset_index(drop=True))
    except DataError as error:
        raise Incomparable(f"The champion cannot read this table: {error}") from error
    if not np.isfinite(scores).all():
        raise Incomparable("The champion has no finite score for some held-out rows.")
    return replace(
        contest,
        y=contest.y[rows],
        challenger=contest.challenger[rows],
        rival=scores[:, order],
        against="champion",
        labels={column: values[rows] for column, values in contest.labels.items()},
        groups=within(contest.groups, rows),
        places=np.flatnonzero(rows),
    )


def _load(files: Files) -> Model:
    try:
        return Model.from_bytes(files.onnx, files.schema)
    except ModelError as error:
        raise Incomparable(f"The champion does not load: {error}") from error


def _class_order(candidate: Candidate, model: Model) -> list[int]:
    """Where the candidate's classes are among the champion's scores."""
    ours, theirs = candidate.schema, model.schema
    if (ours.task, ours.target) != (theirs.task, theirs.target):
        raise Incomparable(
            f"The champion predicts '{theirs.target}' ({theirs.task}) and the challenger "
            f"'{ours.target}' ({ours.task})."
        )
    if changed := sorted(set(ours.classes) ^ set(theirs.classes)):
        raise Incomparable(f"Class '{changed[0]}' is known to only one of the two models.")
    return [theirs.classes.index(name) for name in ours.classes] or [0]


def _without_comparison(
    reason: str,
    contest: Contest,
    settings: GateSettings,
    challenger: Contender,
    rival: Contender | None,
) -> Comparison:
    """Refuse, or where the settings accept it fall back to the trivial baseline."""
    if not settings.accept_incomparable:
        said = f"{reason} Set gate.accept_incomparable to replace it without a comparison."
        return Comparison(settle(said, "refuse", contest.metric.name, challenger, rival), None)
    decision = decide(contest, settings, challenger, rival)
    told = decision.model_copy(update={"reasons": (*decision.reasons, reason)})
    return Comparison(told, contest)


def _contender(version: Version | None) -> Contender | None:
    return Contender(version.model, version.digest, version.version) if version else None


def _withdrawn(candidate: Candidate) -> str:
    return (
        f"The challenger '{candidate.name}' is a version that was rolled back from: it stays out "
        "until other data or settings make another model, or `rollback --to` brings it back."
    )
