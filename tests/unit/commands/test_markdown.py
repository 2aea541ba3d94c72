"""The report of a run as Markdown."""

from pathlib import Path
from typing import Any

import pytest

from commands.markdown import plain, report, require_place
from serving.errors import ConfigError


def evaluation(candidate: str) -> dict[str, Any]:
    score = {"metric": "roc_auc", "value": 0.75, "low": 0.7, "high": 0.8}
    return {"candidate": candidate, "cv_scores": [0.7, 0.8], "scores": [score]}


ANSWER = {
    "model": "flights_late",
    "decision": {"outcome": "refuse", "reasons": ["Its roc_auc | is not\nbetter."]},
    "evaluations": {
        "metric": "roc_auc",
        "confidence": 0.95,
        "challenger": "b|d",
        "candidates": [evaluation("linear"), evaluation("b|d")],
    },
    "data": {
        "source": "a_b.csv",
        "digest": "sha256:0123456789abcdef",
        "rows": 1000,
        "held_out": 200,
        "findings": [
            {"level": "warning", "text": "<img src=x>"},
            {"level": "note", "text": "quiet"},
        ],
    },
    "config": "demo.yaml",
    "commit": None,
    "stack": "local",
    "version": "3",
    "champion": "2",
}


def test_the_decision_comes_first_with_its_reasons_on_one_line_each() -> None:
    lines = report(ANSWER).splitlines()
    assert lines[0] == r"## flights\_late: refused"
    assert r"- Its roc\_auc \| is not better." in lines


def test_the_challenger_stands_out_and_every_line_of_a_table_has_its_cells() -> None:
    lines = report(ANSWER).splitlines()
    (challenger,) = (line for line in lines if line.startswith("| **"))
    assert challenger == r"| **b\|d** | 0.7500 | 0.7500 | 0.7000 to 0.8000 |"
    rows = [line.replace(r"\|", "") for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {5, 3}


def test_what_comes_from_the_data_is_no_markup() -> None:
    text = report(ANSWER)
    assert r"\<img src=x\>" in text
    assert "quiet" not in text
    assert plain("@someone `x`") == r"\@someone \`x\`"


def test_a_report_that_could_not_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    require_place(tmp_path / "report.md")
    for path in (tmp_path, tmp_path / "absent" / "report.md"):
        with pytest.raises(ConfigError, match="--summary"):
            require_place(path)
