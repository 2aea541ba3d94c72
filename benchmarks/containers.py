"""What a step costs in a container, against the bare imports in the same image."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from benchmarks.process import ROOT, Place, measure, place
from benchmarks.spread import Spread, ratios

if TYPE_CHECKING:
    from docker import DockerClient

BARE, STOCK = "`docker run`, the imports of the next line", "a step on ZenML's own `local_docker`"
DOCKER, REHEARSAL = "a step on `docker`", "a step on `kubeflow-rehearsal`"
PROGRAM = """
import importlib, json, time
for name in json.load(open("/asked/modules.json")):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
print(time.time())
"""
LOCAL = """
stack_name: measured
components:
  orchestrator: {name: measured, flavor: docker_parallel, configuration: {alone: ["*"]}}
  image_builder: {name: measured, flavor: local}
  artifact_store: {name: measured, flavor: local}
"""
ZENMLS = LOCAL.replace("docker_parallel", "local_docker").replace(
    'alone: ["*"]', "run_args: {remove: true}"
)


@dataclass(frozen=True, slots=True)
class Stay:
    """What became of one container.

    Args:
        line: Seconds from its start to the first line of what it is for.
        end: Seconds from its start to its end.
    """

    line: float
    end: float


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of an arm came to.

    Args:
        changed: Seconds from a change of the code to the first line of the first step.
        modules: What a step has imported at its first line.
    """

    stays: tuple[Stay, ...]
    changed: float | None = None
    modules: tuple[str, ...] = ()

    @property
    def line(self) -> float:
        """To the first line, in the mean of the containers."""
        return mean(stay.line for stay in self.stays)

    @property
    def end(self) -> float:
        """To the end, in the mean of the containers."""
        return mean(stay.end for stay in self.stays)


def run(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Measure each arm once a round, in the image of the steps, which is there before."""
    import docker

    from benchmarks.images import ours

    rounds: dict[str, list[Round]] = {name: [] for name in (BARE, STOCK, DOCKER, REHEARSAL)}
    client = docker.from_env()
    image = ours(client)
    with ExitStack() as held:
        stock = held.enter_context(place(folder / "stock"))
        here = held.enter_context(place(folder / "docker"))
        there, variables = held.enter_context(rehearsing(folder))
        stacks = {
            STOCK: (stock, ZENMLS, {}),
            DOCKER: (here, LOCAL, {}),
            REHEARSAL: (there, rehearsed(), variables),
        }
        for number in range(repeats + 1):
            found = {name: steps(client, image, *stack) for name, stack in stacks.items()}
            found[BARE] = bare(client, image, folder, found[STOCK].modules)
            # The first round fills the stores and the registry.
            for name in rounds if number else ():
                rounds[name].append(found[name])
    return [row(name, rounds) for name in rounds]


def steps(
    client: DockerClient, image: str, where: Place, stack: str, variables: dict[str, str]
) -> Round:
    """Change the code, and run three steps with it."""
    file = where.home / "stack.yaml"
    file.write_text(stack, encoding="utf-8")
    with changed():
        since = time.time()
        words = ("-m", "benchmarks.container_steps", str(file), image)
        told = json.loads(measure(where, *words, **variables).output.splitlines()[-1])
    lasted = stays(client, image, since, {each["container"]: each["at"] for each in told})
    return Round(lasted, told[0]["at"] - since, tuple(told[0]["modules"]))


def bare(client: DockerClient, image: str, folder: Path, modules: Sequence[str]) -> Round:
    """Import in a container what a step has imported, and nothing else."""
    (folder / "modules.json").write_text(json.dumps(modules))
    since = time.time()
    volumes = {str(folder): {"bind": "/asked", "mode": "ro"}}
    words = ["python", "-c", PROGRAM]
    made = client.containers.run(image, words, volumes=volumes, detach=True)
    try:
        made.wait()
        return Round(stays(client, image, since, {made.id: float(made.logs().split()[-1])}))
    finally:
        made.remove(force=True)


def stays(
    client: DockerClient, image: str, since: float, lines: dict[str, float]
) -> tuple[Stay, ...]:
    """What Docker says of containers, each with the time of its first line.

    Raises:
        RuntimeError: One of them is of another image: a change of the code has built one.
    """
    wanted = client.images.get(image).id
    times: dict[tuple[str, str], float] = {}
    asked = {"type": "container", "event": ["start", "die"]}
    period = {"since": f"{since:.3f}", "until": f"{time.time():.3f}"}
    for event in client.events(decode=True, filters=asked, **period):
        name = event["Actor"]["ID"]
        times[name, event["Action"]] = event["timeNano"] / 1e9
        used = event["Actor"]["Attributes"]["image"]
        if name in lines and client.images.get(used).id != wanted:
            raise RuntimeError(f"A change of the code has built the image {used}.")
    return tuple(
        Stay(line - times[name, "start"], times[name, "die"] - times[name, "start"])
        for name, line in lines.items()
    )


@contextmanager
def changed() -> Iterator[None]:
    """The code with one more line in it."""
    file = ROOT / "benchmarks" / f"changed_{uuid4().hex[:8]}.py"
    file.write_text(f'"""{uuid4()}"""\n', encoding="utf-8")
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def rehearsing(folder: Path) -> Iterator[tuple[Place, dict[str, str]]]:
    """A place with the servers that a rehearsal needs, started as the tests start them."""
    from tests.docker.cluster import cluster_in
    from tests.docker.registry import registry

    kept = folder / "servers"
    kept.mkdir()
    with ExitStack() as held:
        address = held.enter_context(registry(kept))
        servers = held.enter_context(cluster_in(kept, address))
        yield held.enter_context(place(folder / "rehearsal")), servers.environment


def rehearsed() -> str:
    """The stack of the rehearsal's own tests."""
    from tests.integration.rehearsal.conftest import STACK

    return STACK


def row(name: str, rounds: dict[str, list[Round]]) -> dict[str, Any]:
    """One line of the table."""
    lines = {arm: [each.line for each in rounds[arm]] for arm in (name, BARE)}
    waits = [each.changed for each in rounds[name] if each.changed is not None]
    return {
        "arm": name,
        "line": Spread.of(lines[name]),
        "of_bare": ratios(lines[name], lines[BARE]),
        "end": Spread.of([each.end for each in rounds[name]]),
        "changed": Spread.of(waits) if waits else None,
    }
