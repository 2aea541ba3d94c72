"""Any run config is taken as it is written, or refused with status 2 and the key in words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

import run
from pipelines.settings import RunConfig, build_config, parse_overrides, read_config
from serving.errors import ConfigError
from serving.written import parse_yaml
from tests.inputs.cases import ask, cases
from tests.inputs.yaml_files import SCALARS, kept, yaml_files

SAMPLE = 150
RIGHT: dict[str, Any] = RunConfig.model_validate(
    {
        "model": "shop",
        "data": {"data": "breast_cancer", "target": "diagnosis", "drop": ["area error"]},
        "gate": {"slices": ["mean radius"], "slice_floor": 0.5},
        "retry": {"load_table": {"tries": 2}},
        "timeout": {"default": 60.0},
        "candidates": [{"name": "a", "kind": "linear", "parameters": {"C": 0.5}, "window": 0.5}],
        "tuning": {"order": "mean radius"},
    }
).model_dump(mode="json")
KNOWN = sorted(
    {*RIGHT, *(key for value in RIGHT.values() if isinstance(value, dict) for key in value)}
)
# Where a run ends that has nothing else to say against its config.
END = "--summary"


def tell(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the program says when it refuses these words, up to where a run would begin."""
    status = run.main([*words, END, "/absent/folder/summary.md"])
    said = capsys.readouterr()
    assert status == 2, said.err
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.out + said.err
    assert "--debug" not in said.err
    return said.err


@cases(SAMPLE, 6000)
def test_any_run_config(tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int) -> None:
    path = tmp_path / "any.yaml"

    def check(content: bytes) -> None:
        path.write_bytes(content)
        told = tell(capsys, "--config", str(path))
        if "/absent/folder" in told:
            config = build_config(read_config(path), {})
            taken = config.model_dump(mode="json")
            taken["data"]["data"] = taken["data"]["data"].replace("$(", "${").replace(")", "}")
            assert kept(read_config(path), taken) == ""
        else:
            assert "any.yaml" in told or "Run config key" in told or "'" in told or "--" in told

    ask(count, SAMPLE, check, content=yaml_files(RIGHT, KNOWN))


@cases(100, 3000)
def test_any_override(capsys: pytest.CaptureFixture[str], count: int) -> None:
    keys = st.sampled_from([*KNOWN, "gate.slices", "split.test_share", "tuning.trials", "seed"])
    values = st.sampled_from(SCALARS) | st.text(st.characters(codec="utf-8"), max_size=8)

    def check(key: str, more: str, value: str) -> None:
        told = tell(capsys, "--set", f"{key}{more}={value}")
        if "/absent/folder" in told:
            whole = next(iter(parse_overrides([f"{key}{more}={value}"]).items()))
            taken: Any = build_config({"model": "m", "data": {"data": "flights"}}, dict([whole]))
            for part in whole[0].split("."):
                taken = getattr(taken, part)
            plain = taken.model_dump(mode="json") if hasattr(taken, "model_dump") else taken
            assert kept(parse_yaml(value, "--set"), plain) == "" or "$" in value
        else:
            # What keys mean together is told by their group and by their own names.
            *group, name = key.split(".")
            assert (
                key in told
                or "--set" in told
                or (group and f"'{group[0]}'" in told and name in told)
            )

    ask(
        count,
        100,
        check,
        key=keys,
        more=st.sampled_from(["", "", "", ".x", ".", ".a.b"]),
        value=values,
    )


def test_the_file_itself_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else the properties above would hold of nothing."""
    import yaml

    path = tmp_path / "right.yaml"
    path.write_text(yaml.safe_dump(RIGHT))
    assert "/absent/folder" in tell(capsys, "--config", str(path))
    path.write_text(yaml.safe_dump({**RIGHT, "seed": "3"}))
    assert "'seed'" in tell(capsys, "--config", str(path))
    with pytest.raises(ConfigError):
        build_config({**RIGHT, "gate": {"margin": True}}, {})
