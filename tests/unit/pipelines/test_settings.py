"""A run config: what it takes, and what it says of what it does not take."""

from pathlib import Path

import pytest

from pipelines.settings import (
    RunConfig,
    build_config,
    config_path,
    known_configs,
    model_name,
    overlay,
    parse_overrides,
    read_config,
)
from serving.errors import ConfigError

MINIMAL = {"model": "m", "data": {"data": "flights"}}


@pytest.mark.parametrize("name", known_configs())
def test_every_config_of_the_project_is_valid(name: str) -> None:
    """A file in configs/ builds without an error."""
    assert isinstance(build_config(read_config(config_path(name)), {}), RunConfig)


def test_the_default_trains_three_scikit_learn_candidates_and_a_network() -> None:
    """A config that names no candidate gets a fair field."""
    kinds = [candidate.kind for candidate in build_config(MINIMAL, {}).candidates]
    assert "network" in kinds
    assert len([kind for kind in kinds if kind != "network"]) >= 3


def test_an_unknown_config_names_its_near_miss() -> None:
    """A typo in --config is answered with the name that was meant."""
    with pytest.raises(ConfigError, match="Did you mean 'demo'"):
        config_path("dmeo")


def test_an_unknown_key_names_its_place_and_near_miss() -> None:
    """A typo inside a group is found with its whole path."""
    with pytest.raises(ConfigError, match=r"'tuning\.trails' is unknown\. Did you mean 'trials'"):
        build_config(MINIMAL, {"tuning.trails": 3})


def test_a_wrong_value_names_its_key() -> None:
    """A value of the wrong type is told by its key."""
    with pytest.raises(ConfigError, match=r"'split\.test_share'"):
        build_config(MINIMAL, {"split.test_share": "half"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", "3"),
        ("seed", True),
        ("seed", 3.0),
        ("gate.accept_incomparable", "yes"),
        ("gate.accept_incomparable", 1),
        ("split.test_share", "0.3"),
        ("gate.slices", "origin"),
        ("tuning.order", 1),
        ("candidates", {"name": "a", "kind": "linear"}),
    ],
)
def test_a_value_is_never_taken_for_one_of_another_type(key: str, value: object) -> None:
    """What would have to be converted is refused by its key."""
    with pytest.raises(ConfigError, match=f"'{key}': Input should be") as caught:
        build_config(MINIMAL, {key: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "größe", "a\n", ".a", "a" * 101])
def test_a_name_that_cannot_be_served_is_refused_before_anything_is_trained(name: str) -> None:
    """A model's name is a folder's, a part of URLs and a registry's."""
    with pytest.raises(ConfigError, match="'model': String should"):
        build_config(MINIMAL, {"model": name})


def test_a_value_of_several_types_is_told_once() -> None:
    """A wrong parameter is one line, under its own key."""
    with pytest.raises(ConfigError) as caught:
        build_config(
            MINIMAL, {"candidates": [{"name": "a", "kind": "linear", "parameters": {"C": [0.5]}}]}
        )
    assert str(caught.value).count("\n") == 0
    assert "'candidates.0.parameters.C': Input should be a valid boolean, or" in str(caught.value)


def test_an_entry_that_is_wrong_is_not_told_as_a_list_that_is_empty() -> None:
    """Only the entry itself is."""
    with pytest.raises(ConfigError) as caught:
        build_config(MINIMAL, {"candidates": [{"name": "a", "kind": "linear", "wndow": 1}]})
    assert "at least 1 item" not in str(caught.value)
    assert "'candidates.0.wndow' is unknown. Did you mean 'window'?" in str(caught.value)


def test_a_key_of_infrastructure_is_refused() -> None:
    """A run config never names where it runs."""
    with pytest.raises(ConfigError, match="'stack' is unknown"):
        build_config({**MINIMAL, "stack": "local"}, {})


def test_an_override_keeps_its_type_and_leaves_the_rest() -> None:
    """--set values are YAML, laid over one key."""
    config = build_config(MINIMAL, parse_overrides(["tuning.trials=2", "gate.slices=[origin]"]))
    assert config.tuning.trials == 2
    assert config.gate.slices == ("origin",)
    assert config.data.data == "flights"


@pytest.mark.parametrize("pair", ["tuning.trials", "=3", "tuning.=3", "tuning..trials=3"])
def test_a_malformed_override_says_its_form(pair: str) -> None:
    """--set without KEY=VALUE is refused."""
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        parse_overrides([pair])


def test_overlay_does_not_change_its_input() -> None:
    """The config that was read stays as it was."""
    base = {"a": {"b": 1}}
    assert overlay(base, "a.c", 2) == {"a": {"b": 1, "c": 2}}
    assert base == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "complaint"), [("- a\n- b\n", "mapping"), ("a: [\n", "not YAML"), ("", "mapping")]
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """Broken YAML, a list and an empty file are told apart from a config."""
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=complaint):
        read_config(path)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("s3://bucket/Sales 2024.parquet", "sales-2024-price"),
        ("folder/", "folder-price"),
        ("postgresql://reader@db/orders", "orders-price"),
    ],
)
def test_own_data_gives_the_model_a_name_that_can_be_served(data: str, name: str) -> None:
    """Lower case, digits and dashes."""
    assert model_name(data, "price") == name


@pytest.mark.parametrize(
    ("candidates", "complaint"),
    [
        ([], "at least 1 item"),
        ([{"name": "a", "kind": "linear"}, {"name": "a", "kind": "forest"}], "are named 'a'"),
    ],
)
def test_candidates_that_no_run_could_train_are_refused(candidates: object, complaint: str) -> None:
    """None at all, or two of one name, is told before a step begins."""
    with pytest.raises(ConfigError, match=f"'candidates': .*{complaint}"):
        build_config(MINIMAL, {"candidates": candidates})


def test_a_rollout_is_immediate_unless_the_config_says_otherwise() -> None:
    """A trial has bounds for its window and limits, and no unknown key."""
    assert build_config(MINIMAL, {}).rollout.strategy == "immediate"
    canary = build_config(MINIMAL, {"rollout.strategy": "canary", "rollout.share": 0.2}).rollout
    assert (canary.strategy, canary.share) == ("canary", 0.2)
    with pytest.raises(ConfigError, match="Did you mean 'strategy'"):
        build_config(MINIMAL, {"rollout.strategi": "canary"})
    with pytest.raises(ConfigError, match=r"'rollout\.window': least \(50\) lies above requests"):
        build_config(MINIMAL, {"rollout.window.requests": 10})
    with pytest.raises(ConfigError, match=r"'rollout\.share'"):
        build_config(MINIMAL, {"rollout.share": 0})
