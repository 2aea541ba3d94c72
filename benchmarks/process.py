"""Command lines in a place of their own, and what each of them costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serving import resident
from serving.state import process

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 900.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took.

    Args:
        cpu: CPU-seconds of the process, of its children, and of the server that it left behind.
        wall: Seconds until it ended.
        output: What it printed to standard output.
    """

    cpu: float
    wall: float
    output: str


@dataclass(frozen=True, slots=True)
class Place:
    """A directory that holds everything that an arm keeps: its stores, servers and records."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an activated virtual environment whose user lives in this place."""
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        return {
            **kept,
            "PATH": programs,
            "HOME": str(self.home),
            "ZENML_CONFIG_PATH": str(self.home / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(self.home / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_CUSTOM_SOURCE_ROOT": str(ROOT),
            "SWITCHYARD_HOME": str(self.home / "records"),
        }

    @property
    def servers(self) -> list[Path]:
        """The homes of the resident servers that were started from here."""
        return [path.parent for path in self.home.rglob("service.json")]

    def stop(self) -> None:
        """End every server."""
        for server in self.servers:
            resident.stop(server)


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """A new place, whose servers are stopped at the end."""
    folder.mkdir(parents=True)
    made = Place(folder)
    try:
        yield made
    finally:
        made.stop()


def measure(where: Place, *words: str, python: str = sys.executable, **environment: str) -> Cost:
    """Run Python with these words to its end and take its cost.

    Args:
        python: The Python of another environment than this one.

    Raises:
        RuntimeError: It failed, or took longer than `LIMIT`.
    """
    served = _server_cpu(where)
    log = where.home / "errors.txt"
    with (where.home / "output.txt").open("w+") as output, log.open("w") as errors:
        since = time.perf_counter()
        child = subprocess.Popen(
            [python, *words],
            cwd=ROOT,
            env={**where.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        status, cpu = _reap(child)
        wall = time.perf_counter() - since
        output.seek(0)
        printed = output.read()
    if status:
        raise RuntimeError(f"{' '.join(words)} ended with {status}:\n{log.read_text()[-3000:]}")
    return Cost(cpu + _server_cpu(where) - served, wall, printed)


def peak_memory(pid: int | None = None) -> float:
    """The most memory that this process, or another one, has held so far, in MiB.

    A parent that counts its children's would count its own too, which they begin with.
    """
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid or 'self'}/status").read_text().splitlines()
    )
    return int(fields["VmHWM"].split()[0]) / 1024


def compile_all() -> None:
    """Compile the project's modules, so that no arm pays for being the first to import them."""
    rooms = ["commands", "pipelines", "steps", "stacks", "serving", "benchmarks"]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *rooms], cwd=ROOT, check=True)


def first_command(folder: Path) -> None:
    """Be the first to use this environment, whose empty stores no arm is to pay for either."""
    with place(folder) as here:
        measure(here, "run.py", "stack", "list")
        opened = f"Registry('sqlite:///{folder}/mlflow.db').models()"
        measure(here, "-c", f"from steps.registry.registry import Registry; {opened}")


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Start processes on one core; where there is only one, anywhere."""
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    os.sched_setaffinity(0, {cores[number]} if len(cores) > number else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _reap(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for a child's end; its exit status, and its CPU-seconds with its own children's."""
    timer = threading.Timer(LIMIT, child.send_signal, [signal.SIGKILL])
    timer.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
    finally:
        timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


def _server_cpu(where: Place) -> float:
    """CPU-seconds of the servers so far: they outlive the command, which so is not charged."""
    return sum(_cpu_of(pid) for pid, alive in map(process, where.servers) if pid and alive)


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
