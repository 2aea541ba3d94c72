"""Stack files: what is accepted, and what the refusal of the rest says."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from serving.errors import ConfigError
from stacks.schema import FOLDER, known_stacks, load_stack, read_stack

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a minimal stack file, changed by the keywords given."""

    def write_file(**changes: object) -> Path:
        components = {
            "orchestrator": {"name": "o", "flavor": "local"},
            "artifact_store": [{"name": "a", "flavor": "local", "configuration": {}}],
        }
        path = tmp_path / "mine.yaml"
        content = {"stack_name": "mine", "components": components} | changes
        path.write_text(yaml.safe_dump(content))
        return path

    return write_file


def with_store(**configuration: object) -> dict[str, object]:
    """Components whose artifact store has this configuration."""
    store = {"name": "a", "flavor": "s3", "configuration": configuration}
    return {"orchestrator": {"name": "o", "flavor": "local"}, "artifact_store": store}


def test_one_component_may_stand_without_a_list(write: Write) -> None:
    file = load_stack(write(), {})
    assert [component.name for component in file.components["orchestrator"]] == ["o"]


def test_what_an_export_adds_is_accepted(write: Write) -> None:
    components = {
        "orchestrator": [
            {"name": "o", "type": "orchestrator", "flavor": "local", "configuration": {}}
        ],
        "artifact_store": [{"name": "a", "type": "artifact_store", "flavor": "local"}],
    }
    file = load_stack(write(zenml_version="0.1", components=components), {})
    assert file.components["artifact_store"][0].flavor == "local"


def test_variables_are_filled_in_from_the_environment_given(write: Write) -> None:
    path = write(components=with_store(path="s3://${BUCKET}", secret="${SECRET}"))
    file = load_stack(path, {"BUCKET": "b", "SECRET": "s"})
    assert file.components["artifact_store"][0].configuration == {
        "path": "s3://b",
        "secret": "s",
    }


def test_every_unset_variable_is_named_at_once(write: Write) -> None:
    path = write(components=with_store(path="s3://${BUCKET}/${FOLDER}"))
    with pytest.raises(ConfigError, match=r"BUCKET, FOLDER.*export BUCKET=\.\.\. FOLDER=\.\.\."):
        load_stack(path, {})


def test_a_credential_in_clear_text_is_refused_and_not_repeated(write: Write) -> None:
    path = write(components=with_store(secret="hunter2"))
    with pytest.raises(ConfigError, match="'secret' holds a credential") as caught:
        load_stack(path, {})
    assert "hunter2" not in str(caught.value)


def test_a_wrong_file_does_not_repeat_its_values(write: Write) -> None:
    components = with_store(path="s3://b") | {"orchestrator": {"nam": "o", "token": "hunter2"}}
    with pytest.raises(ConfigError) as caught:
        load_stack(write(components=components), {})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stak_name": "x"}, "unknown key 'stak_name'. Did you mean 'stack_name'?"),
        ({"components": {"orchestator": []}}, "unknown component type 'orchestator'. Did you mean"),
        ({"components": {"orchestrator": {"name": "o", "flavor": "l"}}}, "'artifact_store'"),
        (
            {"components": {"orchestrator": {"name": "o", "flavour": "l"}}},
            "components.orchestrator.0: unknown key 'flavour'. Did you mean 'flavor'?",
        ),
        (
            {"components": with_store() | {"orchestrator": [{"name": "o", "flavor": "l"}] * 2}},
            "'o' stands under 'orchestrator' twice",
        ),
        (
            {
                "components": with_store()
                | {"orchestrator": {"name": "o", "flavor": "l", "type": "alerter"}}
            },
            "'o' says type 'alerter' and stands under 'orchestrator'",
        ),
        ({"components": ["o"]}, "components"),
        ({"stack_name": ""}, "stack_name"),
    ],
)
def test_a_wrong_file_is_answered_with_the_place_and_the_near_miss(
    write: Write, changes: dict[str, object], message: str
) -> None:
    path = write(**changes)
    with pytest.raises(ConfigError) as caught:
        load_stack(path, {})
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"a: [", b"\xff\xfe\x00", b"", b"- a", b"a: &x [*x]"])
def test_a_file_that_is_no_stack_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        load_stack(path, {})


def test_a_value_that_holds_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(
        "stack_name: s\ncomponents:\n  orchestrator:\n"
        "    {name: o, flavor: local, configuration: &x {a: *x}}\n"
    )
    with pytest.raises(ConfigError, match="holds itself"):
        load_stack(path, {})


def test_an_unknown_name_is_answered_with_the_near_miss(write: Write) -> None:
    folder = write().parent
    with pytest.raises(ConfigError, match=r"no stack 'mime'\. Did you mean 'mine'\?"):
        load_stack("mime", {}, folder=folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.yaml"):
        load_stack(tmp_path / "other.yaml", {})


def test_every_stack_of_the_project_reads_and_is_named_as_its_file() -> None:
    assert "local" in known_stacks()
    for path in FOLDER.glob("*.yaml"):
        assert read_stack(path).stack_name == path.stem
