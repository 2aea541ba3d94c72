"""One answer of the prediction log, traced back to what gave it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import DataError
from serving.model import Model
from steps.monitoring.contribution import Contribution, contributions
from steps.monitoring.part import scores_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steps.monitoring.part import Row
    from steps.monitoring.profile import Profile
    from steps.registry.version import Version


def find(log: Iterable[Row], request: str, row: int) -> Row:
    """The row of a request in the log.

    Raises:
        DataError: The window holds no such request, or it had fewer rows.
    """
    held = {each["row"]: each for each in log if each["id"] == request}
    if not held:
        raise DataError(
            f"The prediction log holds no request '{request}' in this window. Take a longer one "
            "with --since; the last seconds may not be shipped yet."
        )
    if row not in held:
        raise DataError(f"Request '{request}' has no row {row}: its rows are 0 to {max(held)}.")
    return held[row]


def explain(row: Row, model: Model, profile: Profile, version: Version) -> dict[str, Any]:
    """What was answered, by what, and what each column contributed.

    Args:
        model: The version's own, loaded anew.
        profile: What the version's training rows looked like.
    """
    told = {
        "request": row["id"],
        "row": row["row"],
        "time": row["time"],
        "ms": row.get("ms"),
        "answer": row.get("label", row.get("prediction")),
        "scores": row.get("scores"),
        "features": row["features"],
        "version": trace(version),
    }
    if model.schema.sensitive:
        hidden = ", ".join(sorted(model.schema.sensitive))
        why = f"The log does not hold {hidden} in clear, so that nothing can be computed from it."
        return {**told, "reproduced": None, "contributions": None, "unexplained": why}
    matrix = model.encode({name: [row["features"].get(name)] for name in model.schema.names})
    scores = model.score(matrix)
    base, found = _contributions(model, profile, matrix[0], int(scores[0].argmax()))
    return {
        **told,
        "reproduced": bool(np.array_equal(scores, scores_of([row], model.schema))),
        "mean_score": base,
        "contributions": [asdict(each) for each in found],
    }


def trace(version: Version) -> dict[str, Any]:
    """What a version stands on, for who wants to train it again."""
    return {
        "model": version.model,
        "version": version.version,
        "digest": version.digest,
        "trained": version.created.isoformat(),
        "run": version.run_id,
        "zenml_run": version.tags.get("zenml_run", ""),
        "data_digest": version.data_digest,
        "commit": version.commit,
        "config": version.tags.get("config", ""),
        "stack": version.tags.get("stack", ""),
        "environment": version.environment,
    }


def _contributions(
    model: Model, profile: Profile, row: NDArray[np.float32], place: int
) -> tuple[float, list[Contribution]]:
    """Of the score that decided: the answered class's, or a regression's only one."""
    column = place if model.schema.classes else 0

    def score(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return model.score(rows)[:, column].astype(np.float64)

    return contributions(score, row, profile)
