"""A ZenML of its own for the tests of stacks: a real SQLite store that nothing else uses."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from stacks.schema import Component, StackFile

ROOT = Path(__file__).resolve().parent.parent.parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]
MakeFile = Callable[..., StackFile]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a process needs to use this ZenML."""
    home = tmp_path_factory.mktemp("zenml")
    return {
        **os.environ,
        "ZENML_CONFIG_PATH": str(home),
        "ZENML_LOCAL_STORES_PATH": str(home / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_ENABLE_RICH_TRACEBACK": "false",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }


@pytest.fixture(scope="module")
def zenml(environment: Mapping[str, str]) -> Iterator[None]:
    """This process's ZenML client, on that store."""
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        GlobalConfiguration._reset_instance()
        Client._reset_instance()
        yield
    GlobalConfiguration._reset_instance()
    Client._reset_instance()


@pytest.fixture
def run(environment: Mapping[str, str]) -> Run:
    """Run a Python script, or the command line `zenml`, in a process of its own."""

    def run_words(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
        program = Path(sys.executable).parent / words[0]
        return subprocess.run(
            [str(program), *words[1:]],
            cwd=cwd,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run_words


@pytest.fixture
def make_file() -> MakeFile:
    """Make a stack file in memory; components are given as TYPE=(name, flavor, configuration)."""

    def make(name: str, **components: tuple[str, str, dict[str, object]]) -> StackFile:
        needed: dict[str, tuple[str, str, dict[str, object]]]
        needed = {"orchestrator": (name, "local", {}), "artifact_store": (name, "local", {})}
        return StackFile(
            stack_name=name,
            components={
                type_: (Component(name=c[0], flavor=c[1], configuration=c[2]),)
                for type_, c in (needed | components).items()
            },
        )

    return make
