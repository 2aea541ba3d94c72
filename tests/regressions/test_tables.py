"""Defects of reading, checking and splitting tables in this field's templates."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.errors import DataError
from steps.data.settings import ValidationSettings
from steps.data.validate import check_table
from tests.unit.data.tables import CHECKED, SOURCE, customers, schema_of

ROOT = Path(__file__).resolve().parent.parent.parent


def test_drift_is_seen_on_complete_data() -> None:
    """Defect: a drift gate compared only counts of missing values: complete data always passed."""
    contract = schema_of(customers())
    shifted = customers()
    shifted["age"] += 100
    shifted["city"] = shifted["city"].replace("Oslo", "Rome")
    assert shifted[["age", "city"]].notna().all(axis=None)
    warned = check_table(shifted, SOURCE, CHECKED, contract).warnings
    assert {("range", "age"), ("category", "city")} <= {(each.kind, each.column) for each in warned}
    strict = ValidationSettings(refuse=("range", "category"))
    with pytest.raises(DataError, match="'age' leaves the range of training"):
        check_table(shifted, SOURCE, strict, contract)


TWICE = """
import hashlib, json
from pipelines.settings import build_config
from pipelines.training import training
from steps.data.settings import SplitSettings
from steps.data.split import held_out
from tests.unit.data.tables import customers

config = build_config({"model": "m", "data": {"data": "t.csv", "target": "bought"}}, {})
table = customers()
chosen = held_out(table, SplitSettings(), [name for name in table if name != "bought"])
training.prepare(config=config, fingerprint="f", commit="c", origin="o", stack="s")
parameters = {
    name: [invocation.parameters, sorted(invocation.input_artifacts)]
    for name, invocation in sorted(training.invocations.items())
}
print(json.dumps({"rows": hashlib.sha256(chosen.tobytes()).hexdigest(), "held": int(chosen.sum()),
                  "steps": parameters}, default=str))
"""


def compiled(home: Path, seed: str) -> str:
    """What a process of its own makes of the pipeline and of the split."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "HOME": str(home),
        "ZENML_CONFIG_PATH": str(home / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(home / "stores"),
        "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
        "ZENML_ANALYTICS_OPT_IN": "false",
    }
    done = subprocess.run(
        [sys.executable, "-c", TWICE], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_two_processes_compile_the_same_parameters_and_hold_the_same_rows_out(
    tmp_path: Path,
) -> None:
    """Defect: `random` at compile time defeated the cache and moved rows between the two sides."""
    first = compiled(tmp_path, "1")
    assert compiled(tmp_path, "2") == first
    seen = json.loads(first)
    assert 40 < seen["held"] < 120
    assert {"split_rows", "train_linear", "train_network"} <= set(seen["steps"])
