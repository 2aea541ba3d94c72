"""YAML of a person's: what it says is what is read, and the rest is refused with its line."""

from pathlib import Path

import pytest

from serving.errors import ConfigError
from serving.written import parse_yaml, read_yaml

GROWING = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 3", {"a": 3}),
        ("a: -1.5", {"a": -1.5}),
        ("a: 1e-3", {"a": 0.001}),
        ("a: .5", {"a": 0.5}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 010", {"a": "010"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 0x1f", {"a": "0x1f"}),
        ("a: 2021-06-01", {"a": "2021-06-01"}),
        ("a: ~", {"a": None}),
        ("a: yes", {"a": True}),
        ("a: 'yes'", {"a": "yes"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {c: 1}\nb: {<<: *x, d: 2}", {"a": {"c": 1}, "b": {"c": 1, "d": 2}}),
        ("", None),
    ],
)
def test_a_value_is_what_it_says(text: str, value: object) -> None:
    found = parse_yaml(text, "x.yaml")
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' stands here twice"),
        ("a: {b: 1, 'b': 2}", "line 1: the key 'b' stands here twice"),
        ("1: a", "line 1: a key must be text, and '1' is none"),
        ("no: a", "'no' is none: quote it"),
        ("? [a]\n: b", "a list or mapping is none"),
        ("a: .nan", "is no number"),
        ("a: -.inf", "is no number"),
        ("a: 1e999", "the number is too large"),
        (f"a: {2**63}", "the number is too large"),
        (f"a: {'9' * 5000}", "is too large"),
        ("a: !!int one", "is no number"),
        ("a: !!binary aGVsbG8=", "'binary' is no plain value"),
        ("a: !!set {b, c}", "'set' is no plain value"),
        ("a: !!python/object/apply:os.system [id]", "'python/object/apply:os.system' is no plain"),
        ("a: !mine b", "begins with ! unquoted is no plain value"),
        ("a: &a [*a]", "line 1: a value holds itself"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("a: " + "[" * 900 + "]" * 900, "nested too deeply"),
        (GROWING, "more than 100000 values"),
        ('a: "\\0"', "holds a character that no file can"),
        ('a: "\\ud800"', "holds a character that no file can"),
        ("a: [", "is not YAML"),
        ("a: 1\n---\na: 2", "is not YAML"),
        ("\0", "is not YAML"),
    ],
)
def test_what_is_more_than_plain_values_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "x.yaml")
    assert "x.yaml" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: yes\n  key: hunter2",
        "a: 'hunter2",
        'a: "\\q hunter2"',
        "a: *hunter2",
        "a: &hunter2 1\nb: &hunter2 2",
        "a: !hunter2",
        f"a: {'123456' * 9}",
    ],
)
def test_no_refusal_repeats_a_value_which_may_be_a_password(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml") as caught:
        parse_yaml(text, "x.yaml")
    assert "line " in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "123456" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("a: Köln".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yaml is not YAML: it is not UTF-8"):
        read_yaml(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_yaml(tmp_path)
