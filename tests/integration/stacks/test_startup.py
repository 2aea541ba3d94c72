"""A pipeline that ZenML compiles without importing the frameworks that are installed."""

import inspect
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacks.startup import FRAMEWORKS, LOGGED
from tests.integration.stacks.conftest import ROOT

# The last artifact has no materializer of its own: ZenML's general one takes it.
SCRIPT = """
import sys
from typing import Annotated, Any

from stacks.startup import leave_frameworks_out, loading

with loading():
    import numpy as np
    import pandas as pd
    from zenml import pipeline, step
    from zenml.client import Client
    from zenml.integrations.registry import integration_registry

    leave_frameworks_out()
    known = set(integration_registry.integrations)


@step(enable_cache=False)
def make() -> tuple[Annotated[pd.DataFrame, "frame"], Annotated[np.ndarray, "array"]]:
    return pd.DataFrame({"a": [1, 2]}), np.ones(2)


@step(enable_cache=False)
def fit(frame: pd.DataFrame, array: np.ndarray) -> Any:
    assert not {"torch", "sklearn"} & set(sys.modules)
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(frame, array)


@step(enable_cache=False)
def use(model: Any) -> None:
    assert model.predict([[1]]) == [1.0]


@pipeline
def three() -> None:
    use(fit(*make()))


three()
assert set(integration_registry.integrations) == known
print(Client().get_pipeline("three").last_successful_run.status)
"""


def test_a_run_needs_no_framework_and_still_stores_its_objects(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "three.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(path)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout + done.stderr


@pytest.mark.usefixtures("zenml")
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_activating_what_is_left_out_does_nothing_but_import_materializers(name: str) -> None:
    from zenml.integrations.registry import integration_registry

    source = inspect.getsource(integration_registry.integrations[name].activate)
    imports = [line for line in source.splitlines() if "import " in line]
    assert [line for line in imports if "materializer" not in line] == []


def test_the_logs_that_are_ended_are_those_that_zenml_ends() -> None:
    from zenml.integrations.mlflow.experiment_trackers import MLFlowExperimentTracker

    source = inspect.getsource(MLFlowExperimentTracker.disable_autologging)
    (listed,) = re.findall(r"\[([^]]+)\]", source.partition("failed_frameworks")[0])
    assert set(re.findall(r"\w+", listed)) == set(LOGGED)
    assert "disable_autologging" in inspect.getsource(MLFlowExperimentTracker.cleanup_step_run)
