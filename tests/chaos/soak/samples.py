"""What processes and folders take, sampled while they work."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

EVERY = 2.0
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Process:
    """What a process takes.

    Args:
        memory: Of its own, without the files that it has mapped, in MiB.
    """

    pid: int
    memory: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One look.

    Args:
        at: By `time.monotonic`.
        processes: By their part: server, shipper, loop.
        folders: MiB by name.
    """

    at: float
    processes: dict[str, Process] = field(default_factory=dict)
    folders: dict[str, float] = field(default_factory=dict)


class Sampler(threading.Thread):
    """Looks every two seconds.

    Args:
        pids: Which processes there are now, by their part.
    """

    def __init__(self, pids: Callable[[], dict[str, int]], folders: dict[str, Path]) -> None:
        super().__init__(name="sampler", daemon=True)
        self.samples: list[Sample] = []
        self._pids, self._folders = pids, folders
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._ended.wait(EVERY):
            self.samples.append(self._look())

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()

    def _look(self) -> Sample:
        found = {part: process(pid) for part, pid in self._pids().items()}
        alive = {part: each for part, each in found.items() if each is not None}
        sizes = {name: size(folder) / MIB for name, folder in self._folders.items()}
        return Sample(time.monotonic(), alive, sizes)


def process(pid: int) -> Process | None:
    """What a process takes now; None where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        told = dict(line.split(":", 1) for line in lines)
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        memory = int(told["RssAnon"].split()[0]) / 1024
        return Process(pid, memory, descriptors, int(told["Threads"]))
    except (OSError, KeyError):
        return None


def size(folder: Path) -> int:
    """The bytes below a folder; what goes away meanwhile counts for nothing."""
    total = 0
    for path in [folder] if folder.is_file() else folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def children(pid: int) -> list[int]:
    """The processes that a process has started and that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(each) for each in task.read_text().split()]
        except OSError:
            continue
    return found
