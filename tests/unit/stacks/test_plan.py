"""The difference between what is wanted and what is registered."""

from collections.abc import Mapping
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.errors import ConfigError
from stacks.plan import Change, Difference, Plan, Registration, State, applied, plan

# Few and untimed: the whole of the unit tests is to take seconds, also on a busy machine.
quickly = settings(max_examples=20, deadline=None)

K = TypeVar("K")
V = TypeVar("V")

TYPES = ("orchestrator", "artifact_store", "model_deployer")
NAMES = ("a", "b", "ab")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("xy", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("pq", max_size=1), inner),
    max_leaves=4,
)
CONFIGURATIONS = st.dictionaries(st.sampled_from(["path", "port", "token"]), JSON)


@st.composite
def states(draw: st.DrawFn) -> State:
    """States in which a component's type and name decide its flavor."""
    components = {
        key: Registration(*key, f"flavor of {key[1]}", draw(CONFIGURATIONS))
        for key in draw(st.sets(st.tuples(st.sampled_from(TYPES), st.sampled_from(NAMES))))
    }
    stacks: dict[str, dict[str, tuple[str, ...]]] = {}
    for stack in draw(st.sets(st.sampled_from(["local", "local-s3"]))):
        groups: dict[str, tuple[str, ...]] = {}
        for type_, name in draw(st.permutations(sorted(components))):
            groups[type_] = (*groups.get(type_, ()), name)
        stacks[stack] = groups
    return State(components, stacks)


def apply(wanted: State, registered: State) -> State:
    """What is registered after the plan is made true."""
    return applied(plan(wanted, registered), wanted, registered)


@quickly
@given(states(), states())
def test_after_an_apply_there_is_nothing_to_do(wanted: State, registered: State) -> None:
    assert not plan(wanted, apply(wanted, registered))


@quickly
@given(states(), states())
def test_an_apply_after_another_ends_as_if_it_were_alone(first: State, second: State) -> None:
    both = apply(second, apply(first, State()))
    assert not plan(second, both)
    for key in second.components:
        assert not plan(State({key: second.components[key]}), both)


@quickly
@given(states(), states())
def test_what_the_file_does_not_name_is_never_touched(wanted: State, registered: State) -> None:
    after = apply(wanted, registered)
    for key in registered.components.keys() - wanted.components.keys():
        assert after.components[key] == registered.components[key]
    for name in registered.stacks.keys() - wanted.stacks.keys():
        assert after.stacks[name] == registered.stacks[name]


@quickly
@given(states(), states())
def test_the_order_of_keys_never_matters(wanted: State, registered: State) -> None:
    assert plan(turned(wanted), turned(registered)) == plan(wanted, registered)


def turned(state: State) -> State:
    """The same state with every mapping's keys in the opposite order."""
    components = {
        key: Registration(c.type, c.name, c.flavor, opposite(c.configuration))
        for key, c in opposite(state.components).items()
    }
    stacks = {name: opposite(groups) for name, groups in opposite(state.stacks).items()}
    return State(components, stacks)


def opposite(mapping: Mapping[K, V]) -> dict[K, V]:
    """The same mapping with its keys in the opposite order."""
    return {key: mapping[key] for key in reversed(list(mapping))}


def component(flavor: str = "local", **configuration: object) -> Registration:
    """One artifact store."""
    return Registration("artifact_store", "store", flavor, configuration)


def change(old: Registration | None, new: Registration) -> Plan:
    """The plan that makes one component into another."""
    return plan(State({new.key: new}), State({old.key: old} if old else {}))


def test_an_update_names_every_field_with_its_old_and_new_value() -> None:
    old, new = component(path="a", gone=1, same=True), component(path="b", added=[1], same=True)
    assert change(old, new).changes == (
        Change(
            "update",
            "artifact_store",
            "store",
            (
                Difference("added", None, [1]),
                Difference("gone", 1, None),
                Difference("path", "a", "b"),
            ),
        ),
    )


@pytest.mark.parametrize(("old", "new"), [(None, {}), ((1, 2), [1, 2])])
def test_an_absent_value_and_none_are_the_same(old: object, new: object) -> None:
    registered = component() if old is None else component(key=old)
    assert not change(registered, component(key=None) if old is None else component(key=new))


def test_true_is_not_one() -> None:
    assert change(component(flag=1), component(flag=True))


def test_another_flavor_is_refused_with_the_command_that_mends_it() -> None:
    with pytest.raises(ConfigError, match="zenml artifact-store delete store"):
        change(component("local"), component("s3"))


def test_the_order_of_components_of_one_type_matters() -> None:
    wanted, registered = (
        State(stacks={"s": {"alerter": names}}) for names in (("a", "b"), ("b", "a"))
    )
    assert [str(each.action) for each in plan(wanted, registered).changes] == ["update"]


def test_components_are_made_before_the_stack_that_holds_them() -> None:
    wanted = State({component().key: component()}, {"a": {"artifact_store": ("store",)}})
    assert [each.kind for each in plan(wanted, State()).changes] == ["artifact_store", "stack"]


def test_a_plan_reads_as_one_line_for_each_field_and_shows_no_credential() -> None:
    text = str(change(component(path="a", token="hidden"), component(path="b", token="hidden2")))
    assert text.splitlines() == [
        "update artifact_store 'store'",
        '    path: "a" -> "b"',
        '    token: "***" -> "***"',
    ]


def test_an_empty_plan_says_so() -> None:
    assert str(Plan()) == "Nothing to do."
