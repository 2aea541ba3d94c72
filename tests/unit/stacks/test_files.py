"""The stack files of this project, as they are written."""

from collections.abc import Iterator

import pytest

from stacks.check import problems
from stacks.facts import Facts, named_secrets, references
from stacks.requirements import packages
from stacks.schema import FOLDER, Component, StackFile, known_stacks, read_stack, unset_in

EACH = pytest.mark.parametrize("name", known_stacks())


def components(file: StackFile) -> Iterator[tuple[str, Component]]:
    """Every component with its type."""
    return ((type_, each) for type_, group in file.components.items() for each in group)


@EACH
def test_everything_that_a_file_needs_is_told_at_once(name: str) -> None:
    """Each variable, package and secret, on a machine that has none of them."""
    file = read_stack(name)
    told = "\n".join(map(str, problems(file, Facts())))
    secrets = {*(secret for secret, _ in references(file)), *named_secrets(file)}
    needed = [*unset_in(file, {}), *packages(file), *secrets]
    assert [each for each in needed if each not in told] == []


@EACH
def test_the_head_of_a_file_names_every_variable_that_must_be_set(name: str) -> None:
    """A newcomer reads the file and has all that the stack needs."""
    path = FOLDER / f"{name}.yaml"
    head = path.read_text(encoding="utf-8").partition("stack_name:")[0]
    assert [each for each in unset_in(read_stack(name), {}) if f"{each}=" not in head] == []


def test_a_component_that_two_files_name_alike_is_the_same() -> None:
    """Otherwise applying one file would change the other's stack."""
    seen: dict[tuple[str, str], Component] = {}
    for name in known_stacks():
        for type_, component in components(read_stack(name)):
            assert seen.setdefault((type_, component.name), component) == component, name


def test_a_secrets_name_is_no_credential() -> None:
    """The field tells where the credential is, and `check` tells when it is not there."""
    file = read_stack("azure")
    assert named_secrets(file) == {"switchyard-azure": ("account_name", "account_key")}
    told = "\n".join(map(str, problems(file, Facts())))
    assert "zenml secret create switchyard-azure --account_name=@FILE --account_key=@FILE" in told
    there = {"switchyard-azure": {"account_name": "a", "account_key": "k"}}
    assert "secret" not in "\n".join(map(str, problems(file, Facts(secrets=there))))
