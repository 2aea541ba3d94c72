"""Fits of one candidate side by side in processes of this machine, to the bit as one by one."""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

Job = TypeVar("Job")
Result = TypeVar("Result")
Work = Callable[[Any, Job], Result]

# Seconds until a process has imported what it needs: what helpers save must be far more than that.
START = 3.0
# A helper holds a fold's rows, what a model makes of them, and their scores.
HELD = 4
# Each helper computes in one thread, as does whoever it helps.
ALONE = {"OMP_NUM_THREADS": "1", "LOKY_MAX_CPU_COUNT": "1"}


def cores() -> int:
    """How many processors this process may use; in a container those of its limit."""
    from joblib import cpu_count

    return int(cpu_count())


def helpers(workers: int, jobs: int, seconds: float, size: int) -> int:
    """How many processes are worth their start beside this one.

    Args:
        workers: How many are to work at once, this one too.
        jobs: How many are left.
        seconds: What one takes here.
        size: Bytes that all of them read.
    """
    import psutil

    free = psutil.virtual_memory().available
    most = min(workers, jobs, 1 + free // max(HELD * size, 1))
    saved = seconds * jobs * (1 - 1 / most) if most > 1 else 0.0
    return most - 1 if saved > 2 * START else 0


def side_by_side(
    work: Work[Job, Result],
    data: Any,
    jobs: Sequence[Job],
    workers: int,
    size: int,
    tell: Callable[[int], None],
) -> list[Result]:
    """What the work makes of the data, a dataclass, and of each job, in the jobs' order.

    The first job is done here, and tells whether the others are worth a start of processes. This
    process goes on with those at the front, and takes over what a process leaves that died.

    Args:
        size: Bytes of the data.
        tell: Is told how many jobs are done.
    """
    started = time.monotonic()
    run = Run(work, data, jobs, {0: work(data, jobs[0])}, deque(range(1, len(jobs))))
    count = helpers(workers, len(run.left), time.monotonic() - started, size)
    with TemporaryDirectory(prefix="switchyard-") as folder:
        pool = _pool(count) if count else None
        try:
            threads = run.helped(pool, count, Path(folder)) if pool else []
            run.go_on(threads, tell)
        except BaseException:
            run.left.clear()
            if pool:
                pool.shutdown(wait=False, kill_workers=True)
            raise
    if run.failed:
        raise run.failed[min(run.failed)]
    return [run.found[place] for place in range(len(jobs))]


@dataclass(slots=True)
class Run(Generic[Job, Result]):
    """What is done, what went wrong and what is left, by the jobs' places."""

    work: Work[Job, Result]
    data: Any
    jobs: Sequence[Job]
    found: dict[int, Result]
    left: deque[int]
    failed: dict[int, Exception] = field(default_factory=dict)

    def go_on(self, threads: Sequence[Thread], tell: Callable[[int], None]) -> None:
        """Do what is at the front until nothing is left, and nobody at work."""
        tell(len(self.found))
        while self.left or any(thread.is_alive() for thread in threads):
            try:
                place = self.left.popleft()
            except IndexError:
                for thread in threads:
                    thread.join()
            else:
                self.found[place] = self.work(self.data, self.jobs[place])
            tell(len(self.found))

    def helped(self, pool: Any, count: int, folder: Path) -> list[Thread]:
        """A thread for each helper, which hands it one job after another from the back."""
        task = partial(_done, self.work, laid_out(self.data, folder))
        threads = [Thread(target=self._hand_over, args=(pool, task)) for _ in range(count)]
        for thread in threads:
            thread.daemon = True
            thread.start()
        return threads

    def _hand_over(self, pool: Any, task: Callable[[Job], Result]) -> None:
        while self.left:
            try:
                place = self.left.pop()
            except IndexError:
                return
            try:
                self.found[place] = pool.submit(task, self.jobs[place]).result()
            except BrokenProcessPool:
                self.left.append(place)
                return
            except Exception as error:
                self.failed[place] = error
                self.left.clear()


def _pool(count: int) -> Any:
    """The helpers: those of the candidate before, where they still wait."""
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(count, timeout=60, env=ALONE)


class LaidOut(NamedTuple):
    """Data without its arrays, which lie in files that all helpers map into their memory."""

    rest: Any
    folder: str
    names: tuple[str, ...]


def laid_out(data: Any, folder: Path) -> LaidOut:
    """A dataclass as helpers are given it."""
    held = {each.name: getattr(data, each.name) for each in fields(data)}
    arrays = {name: value for name, value in held.items() if isinstance(value, np.ndarray)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    return LaidOut(replace(data, **dict.fromkeys(arrays)), str(folder), tuple(arrays))


@lru_cache(maxsize=1)
def _mapped(folder: str, names: tuple[str, ...]) -> dict[str, Any]:
    files = {name: f"{folder}/{name}.npy" for name in names}
    return {name: np.load(file, "r", allow_pickle=False) for name, file in files.items()}


def _done(work: Work[Job, Result], given: LaidOut, job: Job) -> Result:
    """One job, in a helper."""
    with warnings.catch_warnings():
        # Whoever is helped warns of the same.
        warnings.simplefilter("ignore")
        return work(replace(given.rest, **_mapped(given.folder, given.names)), job)
