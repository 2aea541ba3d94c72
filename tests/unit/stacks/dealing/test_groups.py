"""Which steps share a pod."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import ConfigError
from stacks.flavors.dealing.groups import Group, grouped, together

TRAINING = {
    "resolve_champion": [],
    "load_table": [],
    "trace_lineage": ["load_table"],
    "validate": ["load_table", "resolve_champion"],
    "split_rows": ["load_table", "validate"],
    "train_linear": ["split_rows"],
    "train_forest": ["split_rows"],
    "blend": ["train_linear", "train_forest", "split_rows"],
    "evaluate": ["blend", "train_linear", "train_forest", "split_rows"],
    "promote": ["evaluate", "resolve_champion"],
}


def test_a_training_takes_a_pod_before_its_candidates_one_each_and_one_after() -> None:
    """And the candidates wait for nothing but the first."""
    first, linear, forest, last = grouped(TRAINING, ["train_*"])
    assert first.name == "resolve_champion_to_split_rows"
    assert first.steps == tuple(TRAINING)[:5]
    assert linear == Group("train_linear", ("train_linear",), (first.name,))
    assert forest == Group("train_forest", ("train_forest",), (first.name,))
    assert last.steps == ("blend", "evaluate", "promote")
    assert set(last.after) == {first.name, linear.name, forest.name}


def test_every_step_can_have_a_pod_of_its_own() -> None:
    """The graph is then the pipeline's own."""
    found = {group.name: set(group.after) for group in grouped(TRAINING, ["*"])}
    assert found == {name: set(before) for name, before in TRAINING.items()}


def test_a_pipeline_can_be_one_pod() -> None:
    """Where no pattern fits."""
    (only,) = grouped(TRAINING, [])
    assert (only.steps, only.after) == (tuple(TRAINING), ())


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Any graph whose steps are named in an order in which they can run."""
    names = [
        f"{draw(st.sampled_from(['a', 'b']))}{place}" for place in range(draw(st.integers(1, 9)))
    ]
    return {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True)) if place else []
        for place, name in enumerate(names)
    }


@given(graphs())
def test_no_step_runs_before_what_it_waits_for(upstream: dict[str, list[str]]) -> None:
    """Whatever the graph: each step once, and after its own in time."""
    done: list[str] = []
    ended: set[str] = set()
    for group in grouped(upstream, ["a*"]):
        assert ended.issuperset(group.after)
        for step in group.steps:
            assert set(upstream[step]) <= set(done)
            done.append(step)
        ended.add(group.name)
    assert sorted(done) == sorted(upstream)


@given(graphs())
def test_a_group_waits_for_all_that_its_steps_wait_for(upstream: dict[str, list[str]]) -> None:
    """Directly, so that no order of the cluster's can break it."""
    groups = grouped(upstream, ["a*"])
    of = {step: group.name for group in groups for step in group.steps}
    for group in groups:
        needed = {of[each] for step in group.steps for each in upstream[step]} - {group.name}
        assert set(group.after) == needed


def test_steps_of_one_pod_share_an_environment() -> None:
    """What two ask for differently is refused with the way out."""
    group = Group("a_to_b", ("a", "b"), ())
    assert together({"a": {"X": "1"}, "b": {"X": "1", "Y": "2"}}, group) == {"X": "1", "Y": "2"}
    with pytest.raises(ConfigError, match="different values of X: name 'b' in `alone`"):
        together({"a": {"X": "1"}, "b": {"X": "2"}}, group)
