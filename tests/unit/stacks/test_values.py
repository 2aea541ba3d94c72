"""Variables, references and credentials in the values of a stack file."""

import pytest

from serving.errors import ConfigError
from stacks.values import (
    FromEnvironment,
    expand,
    is_credential,
    literal_credentials,
    masked,
    unset_variables,
)


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("${BUCKET}", {"BUCKET": "b"}, "b"),
        ("s3://${BUCKET}/${RUN}", {"BUCKET": "b", "RUN": "r"}, "s3://b/r"),
        ("${PORT:-8000}", {}, "8000"),
        ("${PORT:-8000}", {"PORT": ""}, "8000"),
        ("${PORT:-}", {}, ""),
        ("${EMPTY}", {"EMPTY": ""}, ""),
        ("$${BUCKET}", {"BUCKET": "b"}, "${BUCKET}"),
        ("{{aws.key}}", {"aws": "no"}, "{{aws.key}}"),
        ("${A}", {"A": "${B}", "B": "no"}, "${B}"),
        ("costs $5", {}, "costs $5"),
    ],
)
def test_a_variable_is_read_as_a_shell_reads_it(
    text: str, environ: dict[str, str], expected: str
) -> None:
    assert expand(text, environ) == expected


def test_variables_are_read_inside_nested_values_and_other_types_stay() -> None:
    value = {"a": ["${X}", 1, True, None], "b": {"c": "${X}"}}
    assert expand(value, {"X": "x"}) == {"a": ["x", 1, True, None], "b": {"c": "x"}}


def test_a_text_knows_that_it_came_from_the_environment() -> None:
    expanded = expand({"drawn": "${X}", "written": "x", "escaped": "$${X}"}, {"X": "x"})
    assert isinstance(expanded, dict)
    assert [isinstance(value, FromEnvironment) for value in expanded.values()] == [
        True,
        False,
        False,
    ]


def test_an_unset_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="BUCKET"):
        expand("s3://${BUCKET}", {})


def test_every_unset_variable_is_found_once() -> None:
    value = {"a": "${B}${A}", "b": ["${A}", "${C:-}", "$${D}"]}
    assert unset_variables(value, {"E": ""}) == ["A", "B"]


@pytest.mark.parametrize(
    "key",
    ["password", "tracking_password", "AWS_SECRET", "api_key", "token", "connection_string", "key"],
)
def test_a_credential_is_known_by_the_last_word_of_its_name(key: str) -> None:
    assert is_credential(key)


@pytest.mark.parametrize("key", ["kubernetes_secret_name", "keyspace", "monkey", "tokenizer"])
def test_a_name_that_only_holds_such_a_word_is_no_credential(key: str) -> None:
    assert not is_credential(key)


@pytest.mark.parametrize(
    "configuration",
    [
        {"password": "p"},
        {"password": "x${P}"},
        {"password": "${P:-p}"},
        {"client_kwargs": {"nested": [{"token": "t"}]}},
        {"uri": "postgresql://me:p@host/db"},
        {"token": 12345},
    ],
)
def test_a_credential_in_clear_text_is_found_however_deep(configuration: dict[str, object]) -> None:
    assert literal_credentials(configuration)


@pytest.mark.parametrize(
    "configuration",
    [
        {"password": "${P}"},
        {"password": "{{db.password}}"},
        {"password": "${P:-}"},
        {"password": None},
        {"password": ""},
        {"uri": "postgresql://me:${P}@host/db"},
        {"uri": "https://host:8080/a@b"},
        {"path": "s3://bucket/key"},
    ],
)
def test_a_reference_is_no_credential_in_clear_text(configuration: dict[str, object]) -> None:
    assert literal_credentials(configuration) == []


def test_what_is_shown_holds_no_credential() -> None:
    value = {
        "password": "hidden1",
        "nested": [{"token": "hidden2"}],
        "uri": "postgresql://me:hidden3@host",
        "reference": {"secret": "{{a.b}}"},
        "path": "open",
    }
    shown = repr(masked("configuration", value))
    assert "hidden" not in shown
    assert "open" in shown
    assert "{{a.b}}" in shown
