"""Any stack file is taken as it is written, or refused in words that hold no credential."""

from pathlib import Path
from typing import Any

from serving.errors import ConfigError
from serving.written import read_yaml
from stacks.schema import COMPONENT_TYPES, load_stack, read_stack, unset_in
from tests.inputs.cases import ask, cases
from tests.inputs.yaml_files import kept, yaml_files

SAMPLE = 150
CANARY = "hunter2hunter2"
RIGHT: dict[str, Any] = {
    "stack_name": "shop",
    "components": {
        "orchestrator": [{"name": "local", "flavor": "local", "configuration": {"a": [1, 2.5]}}],
        "artifact_store": {
            "name": "s3",
            "flavor": "s3",
            "configuration": {"path": "s3://x/${P:-y}"},
        },
        "model_deployer": [
            {"name": "r", "flavor": "resident", "configuration": {"port": 0, "api_key": "${KEY}"}},
            {"name": "s", "flavor": "resident", "type": "model_deployer", "configuration": None},
        ],
    },
}
KNOWN = [
    *("name", "flavor", "configuration", "type", "stack_name", "components", "zenml_version"),
    *("api_key", "password", "port", "tracking_token", *COMPONENT_TYPES),
]


@cases(SAMPLE, 6000)
def test_any_stack_file(tmp_path: Path, count: int) -> None:
    path = tmp_path / "any.yaml"

    def check(content: bytes) -> None:
        path.write_bytes(
            content.replace(b"tracking_token: ", b"tracking_token: " + CANARY.encode())
        )
        try:
            file = read_stack(path)
        except ConfigError as error:
            require_words(str(error))
            return
        taken = file.model_dump(mode="json")
        assert kept(listed(read_yaml(path)), taken) == ""
        filled(path, unset_in(file, {}))

    ask(count, SAMPLE, check, content=yaml_files(RIGHT, KNOWN))


def require_words(told: str) -> None:
    """A refusal names the file and repeats no credential."""
    assert "any.yaml" in told
    assert CANARY not in told


def filled(path: Path, unset: list[str]) -> None:
    """With its variables set a file loads; a second time it says the same."""
    environment = dict.fromkeys(unset, CANARY)
    assert load_stack(path, environment) == load_stack(path, environment)


def listed(written: Any) -> Any:
    """The same with what may be left out or stand alone written out."""
    components = {
        kind: [
            {key: value for key, value in one.items() if (key, value) != ("configuration", None)}
            for one in (group if isinstance(group, list) else [group])
        ]
        for kind, group in written["components"].items()
    }
    return {**written, "components": components}


def test_the_file_itself_is_right(tmp_path: Path) -> None:
    """Else the property above would hold of nothing."""
    import yaml

    path = tmp_path / "right.yaml"
    path.write_text(yaml.safe_dump(RIGHT))
    assert read_stack(path).stack_name == "shop"
