"""Run configs over the tumours, from a weak model to a strong one."""

import json
from pathlib import Path
from typing import Any

MODEL = "tumours"
Candidate = dict[str, Any]

STUMP: Candidate = {
    "name": "stump",
    "kind": "forest",
    "parameters": {"n_estimators": 2, "max_depth": 1, "max_features": 1},
}
BUSH: Candidate = {
    "name": "bush",
    "kind": "forest",
    "parameters": {"n_estimators": 3, "max_depth": 1, "max_features": 1},
}
LINEAR: Candidate = {"name": "linear", "kind": "linear"}
NETWORK: Candidate = {
    "name": "network",
    "kind": "network",
    "parameters": {"hidden": [8], "epochs": 2},
}
# Takes some seconds, and comes after the stump: ZenML takes steps of one level by their names.
SLOW: Candidate = {"name": "thorough", "kind": "forest", "parameters": {"n_estimators": 400}}


def write_config(folder: Path, name: str, *candidates: Candidate, **groups: Any) -> str:
    """Write a run config with these candidates, and no data report, and return its path."""
    content = {
        "model": MODEL,
        "data": {"data": "breast_cancer"},
        "candidates": list(candidates),
        "tuning": {"folds": 2, "trials": 1},
        "gate": {"resamples": 200},
        "report": {"enabled": False},
        **groups,
    }
    path = folder / f"{name}.yaml"
    # JSON is YAML too.
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)
