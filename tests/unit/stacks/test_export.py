"""A registered configuration written so that a file may hold it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.export import portable, written_in
from stacks.plan import Registration
from stacks.schema import Component, StackFile
from stacks.values import expand, literal_credentials

quickly = settings(max_examples=30, deadline=None)
TEXTS = st.text("${}:-aA@/", max_size=8)
LEAVES = st.booleans() | st.integers(-2, 2) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["path", "token"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def component(**configuration: object) -> Registration:
    """A component of which only the configuration matters."""
    return Registration("artifact_store", "s3", "s3", configuration)


@quickly
@given(st.dictionaries(st.sampled_from(["path", "url", "password"]), VALUES))
def test_an_exported_configuration_holds_no_credential(found: dict[str, object]) -> None:
    """Whatever is registered, the schema of a stack file takes what is written for it."""
    assert literal_credentials(portable(component(**found), (), {}, {})) == []


@quickly
@given(st.dictionaries(st.sampled_from(["path", "port"]), LEAVES))
def test_what_is_no_credential_reads_back_as_it_is(found: dict[str, object]) -> None:
    """A dollar sign in a registered value is no variable of the file."""
    kept = {key: value for key, value in found.items() if "@" not in str(value)}
    assert expand(portable(component(**kept), (), {}, {}), {}) == kept


@pytest.mark.parametrize(
    ("registered", "written"),
    [
        ({"secret": "hunter2"}, {"secret": "${S3_SECRET}"}),
        ({"secret": "{{s3.secret}}"}, {"secret": "{{s3.secret}}"}),
        ({"secret": ""}, {"secret": ""}),
        ({"login": "hunter2"}, {"login": "${S3_LOGIN}"}),
        ({"more": {"token": "hunter2"}}, {"more": {"token": "${S3_MORE_TOKEN}"}}),
        ({"url": "http://me:hunter2@host"}, {"url": "http://me:${S3_URL_PASSWORD}@host"}),
        ({"url": None}, {}),
    ],
)
def test_a_credential_becomes_a_variable(
    registered: dict[str, object], written: dict[str, object]
) -> None:
    """References to secrets stay, and so does what is no credential."""
    assert portable(component(**registered), {"login"}, {}, {}) == written


def test_a_projects_own_variable_is_taken_where_it_still_says_the_same() -> None:
    """Another value is exported as it is registered; a credential is never written."""
    file = {"path": "s3://${BUCKET}", "secret": "${KEY}", "port": "${PORT:-80}"}
    same = component(path="s3://mine", secret="hunter2", port=80)
    assert portable(same, (), file, {"BUCKET": "mine"}) == file
    other = component(path="s3://theirs", secret="hunter2", port=81)
    assert portable(other, (), file, {"BUCKET": "mine"}) == {
        "path": "s3://theirs",
        "secret": "${KEY}",
        "port": 81,
    }


def test_only_components_that_draw_on_the_environment_are_looked_up() -> None:
    """What a file writes out itself is exported as it is registered."""
    drawing = Component(name="s3", flavor="s3", configuration={"path": "s3://${BUCKET}"})
    plain = Component(name="local", flavor="local")
    file = StackFile(
        stack_name="x", components={"orchestrator": (plain,), "artifact_store": (drawing,)}
    )
    assert list(written_in([file])) == [("artifact_store", "s3")]
