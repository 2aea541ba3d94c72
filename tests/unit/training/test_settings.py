"""What a run config may say about candidates."""

import pytest
from pydantic import ValidationError

from steps.training.settings import (
    CandidateSettings,
    TuningSettings,
    default_candidates,
    spare_packages,
)


def test_the_defaults_are_three_scikit_learn_models_and_a_network() -> None:
    kinds = [candidate.kind for candidate in default_candidates()]
    assert kinds.count("network") == 1
    assert len(set(kinds)) >= 4


def test_no_default_trial_is_made_twice() -> None:
    for candidate in default_candidates():
        own = dict(candidate.parameters)
        assert set(candidate.search) <= set(own), "a default left unsaid would be tried again"


def test_no_candidate_may_take_the_name_of_the_blend() -> None:
    with pytest.raises(ValidationError, match="name of the ensemble"):
        CandidateSettings(name="blend", kind="linear")


def test_a_search_without_values_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"search\.C lists no value"):
        CandidateSettings(name="linear", kind="linear", search={"C": ()})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        CandidateSettings.model_validate({"name": "a", "kind": "forrest"})


def test_a_list_of_widths_stays_a_list_of_widths() -> None:
    settings = CandidateSettings.model_validate(
        {"name": "n", "kind": "network", "search": {"hidden": [[64], [128, 64]]}}
    )
    assert settings.search["hidden"] == ((64,), (128, 64))


def test_cross_validation_takes_two_folds_at_least() -> None:
    with pytest.raises(ValidationError, match="folds"):
        TuningSettings(folds=1)


def test_only_a_network_needs_torch() -> None:
    """An image without it has half the size."""
    assert spare_packages(default_candidates()) == set()
    others = [each for each in default_candidates() if each.kind != "network"]
    assert spare_packages(others) == {"torch"}
