"""The tools that run the same five stages, and how each is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError

from benchmarks import environments
from benchmarks.process import ROOT, Cost, Place, measure

PEERS = ROOT / "benchmarks" / "peers"
QUIET = {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
OURS, NAIVE = "ours", "naive ZenML"


@dataclass(frozen=True, slots=True)
class Tool:
    """One arm.

    Args:
        program: What Python is given before the words; `{home}` is the arm's place.
        environment: The peer's environment; empty for this project's own.
        five, chain: The words for the five stages, and for `{count}` stages that do nothing.
        again: By what it is called: the words for the five stages once more, where nothing is new.
        variables: Where it keeps its things, and that it tells nobody of them.
    """

    name: str
    program: tuple[str, ...]
    environment: str = ""
    five: tuple[str, ...] = ("five", "{table}", "{home}/saved")
    chain: tuple[str, ...] = ("chain", "{count}")
    again: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def python(self) -> str:
        """The Python that it is run by.

        Raises:
            RuntimeError: Its environment cannot be built.
        """
        if not self.environment:
            return sys.executable
        try:
            return str(environments.python(self.environment))
        except (CalledProcessError, OSError) as error:
            raise RuntimeError(f"'{self.environment}' cannot be installed: {error}") from error

    def run(self, here: Place, words: tuple[str, ...], **values: str) -> Cost:
        """Run it to its end in a place.

        Args:
            values: What stands for the names in braces.
        """
        named = {"home": str(here.home), "peers": str(PEERS), **values}
        filled = [each.format(**named) for each in (*self.program, *words)]
        variables = {name: value.format(**named) for name, value in self.variables.items()}
        return measure(here, *filled, python=self.python(), **{**QUIET, **variables})


def _peer(name: str, **more: object) -> Tool:
    program = {"program": (f"{{peers}}/stages_{name.lower()}.py",)}
    return Tool(name, environment=name.lower(), **{**program, **more})  # type: ignore[arg-type]


SAME = ("five", "{table}", "{home}/saved")
ANEW = ("five", "{other}", "{home}/saved")
STORE = "another table, the store is there"
TOOLS = (
    Tool("plain script", ("-m", "benchmarks.peers.stages")),
    Tool(
        OURS,
        ("-m", "benchmarks.stages_ours"),
        again={
            "answered from the run record": SAME,
            "`--force`: from ZenML's cache": (*SAME, "-"),
            STORE: ANEW,
        },
    ),
    Tool(
        NAIVE, ("-m", "benchmarks.peers.stages_zenml"), again={"from its cache": SAME, STORE: ANEW}
    ),
    _peer(
        "Metaflow",
        program=(),
        five=(
            "{peers}/stages_metaflow.py",
            "run",
            "--table",
            "{table}",
            "--folder",
            "{home}/saved",
        ),
        chain=("{home}/chain{count}.py", "run"),
        again={"resume": ("{peers}/stages_metaflow.py", "resume")},
        variables={
            "METAFLOW_DATASTORE_SYSROOT_LOCAL": "{home}",
            "METAFLOW_HOME": "{home}/metaflowconfig",
            "PYTHONPATH": "{peers}",
            "USERNAME": "benchmark",
        },
    ),
    _peer(
        "Prefect",
        again={"from its cache": SAME},
        variables={
            "PREFECT_HOME": "{home}/prefect",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        },
    ),
    _peer(
        "Dagster",
        variables={"DAGSTER_HOME": "{home}", "DAGSTER_DISABLE_TELEMETRY": "true"},
    ),
    _peer(
        "Kedro",
        again={"only what is missing": ("again", "{table}", "{home}/saved")},
        variables={"KEDRO_DISABLE_TELEMETRY": "true"},
    ),
)


def flow_of(count: int, folder: Path) -> None:
    """Write a Metaflow flow of so many steps that do nothing: it reads them off the source."""
    names = ["start", *(f"step{number}" for number in range(1, count - 1)), "end"]
    steps = [
        f"    @step\n    def {name}(self):\n        self.value = stages.add({value})\n{follow}"
        for name, value, follow in zip(
            names,
            ["0", *["self.value"] * (count - 1)],
            [*(f"        self.next(self.{name})\n" for name in names[1:]), ""],
            strict=True,
        )
    ]
    head = "import stages\nfrom metaflow import FlowSpec, step\n\n\nclass Chain(FlowSpec):\n"
    tail = "\n\nif __name__ == '__main__':\n    Chain()\n"
    (folder / f"chain{count}.py").write_text(head + "\n".join(steps) + tail, encoding="utf-8")
