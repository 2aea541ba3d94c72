"""How often a step is tried and for how long, as a run config says it."""

import ast
from pathlib import Path
from typing import Any

import pytest

from pipelines.attempts import DEPLOYMENT, TRAINING
from pipelines.settings import RunConfig, build_config
from serving.errors import ConfigError

PIPELINES = Path(__file__).resolve().parents[3] / "pipelines"
CONTENT: dict[str, Any] = {"model": "m", "data": {"data": "flights"}}


def config(**groups: Any) -> RunConfig:
    """A run config with these groups over the smallest one."""
    return build_config({**CONTENT, **groups}, {})


@pytest.mark.parametrize("name", ["training", "deployment"])
def test_every_step_of_a_pipeline_can_be_named(name: str) -> None:
    """A step that a pipeline takes from a room of steps is known to the policies."""
    tree = ast.parse((PIPELINES / f"{name}.py").read_bytes())
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("steps.")
        for alias in node.names
        if alias.name[0].islower()
    }
    assert taken
    # One step a candidate, named for it.
    assert taken - {"train_candidate"} <= {*TRAINING, *DEPLOYMENT}


def test_a_policy_reaches_its_step_and_the_default_all_others() -> None:
    """ZenML counts retries where a config counts tries."""
    asked = config(
        retry={"load_table": {"tries": 4, "wait": 9, "backoff": 3}, "default": {"tries": 2}},
        timeout={"train_forest": 60},
    ).attempts
    assert asked["load_table"]["retry"] == {"max_retries": 3, "delay": 9, "backoff": 3}
    assert asked["promote"] == {"retry": {"max_retries": 1, "delay": 5, "backoff": 2}}
    assert asked["train_forest"]["extra"] == {"timeout": 60}
    assert "extra" not in asked["train_linear"]
    # The pipeline of a schedule asks for the champion twice.
    assert asked["resolve_champion_2"] == asked["resolve_champion"]


def test_without_a_policy_zenml_is_told_nothing() -> None:
    """Neither is one try, which is what every step has."""
    assert config().attempts == {}
    assert config(retry={"default": {"tries": 1}}).attempts == {}


@pytest.mark.parametrize("group", ["retry", "timeout"])
def test_a_step_that_is_not_there_is_told_with_its_near_miss(group: str) -> None:
    """So is a candidate's, which is named for it."""
    value = {"tries": 2} if group == "retry" else 5
    for wrong, right in {"load_tabel": "load_table", "train_forrest": "train_forest"}.items():
        with pytest.raises(ConfigError, match=rf"'{group}.{wrong}'.*'{right}'"):
            config(**{group: {wrong: value}})


def test_a_wrong_word_inside_a_policy_is_told_with_its_near_miss() -> None:
    """The key names the step too."""
    with pytest.raises(ConfigError, match=r"'retry.promote.tris' is unknown.*'tries'"):
        config(retry={"promote": {"tris": 2}})
    with pytest.raises(ConfigError, match=r"'timeout.promote'.*greater than 0"):
        config(timeout={"promote": 0})


def test_how_often_it_is_tried_is_no_part_of_what_a_run_computes() -> None:
    """Lineage, digests and cache keys are made of the values without it."""
    asked = config(retry={"default": {"tries": 2}}, timeout={"default": 5})
    assert asked.computed == config().computed
