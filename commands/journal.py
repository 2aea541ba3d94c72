"""What runs of this machine are about, how far they have come, and whether one still lives.

Each training has an entry here from its first pipeline run on. The process that carries it out
holds a lock on it, which the kernel lets go of however that process ends: an entry that says
`running` and that nobody holds was cut off. Nothing heavy is imported to read it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commands.record import ROOT, code_files, folder
from serving.errors import RunError, UserError, near_miss

RUNNING, COMPLETED, OVERTAKEN = "running", "completed", "overtaken"
FAILED, INTERRUPTED = "failed", "interrupted"
UNFINISHED = (RUNNING, FAILED, INTERRUPTED)
KEPT = 30
SHORT = 16
STAMP, WIDTH = "%Y%m%d-%H%M%S", 15
NAMES = f"{'[0-9]' * 8}-{'[0-9]' * 6}-*.json"


@dataclass
class Entry:
    """One run: what was asked for, its pipeline runs by name, and its state.

    Args:
        told: What the entry holds, as JSON has it.
    """

    name: str
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Its file."""
        return _folder() / f"{self.name}.json"

    @property
    def state(self) -> str:
        """How it stands; `running` of a run that was killed until somebody looks."""
        return str(self.told["state"])

    @property
    def alive(self) -> bool:
        """Whether a process of this machine carries it out."""
        try:
            handle = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    @property
    def _lock(self) -> Path:
        return self.path.with_suffix(".lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Carry it out: the body's end, or that of this process, is the run's.

        Raises:
            RunError: Another process carries it out.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._take(handle)
            with self._ending():
                yield
        finally:
            if not self.path.exists():
                self._lock.unlink(missing_ok=True)
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"The run {self.name} is carried out by another process.") from error

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Write down how the body ends."""
        try:
            yield
        except KeyboardInterrupt:
            self.end(INTERRUPTED, "It was interrupted by hand.")
            raise
        except Exception as error:
            self.end(FAILED, str(error))
            raise
        self.end(COMPLETED)
        _overtake(self)

    def begin(self, pipeline: str, run: str) -> None:
        """Note that a pipeline run of that name begins."""
        runs = {**self.told.get("runs", {}), pipeline: run}
        self.note(state=RUNNING, runs=runs, host=socket.gethostname(), pid=os.getpid(), why="")

    def end(self, state: str, why: str = "", step: str = "") -> None:
        """Note how it ended; nothing where it never began."""
        if self.path.exists():
            self.note(state=state, why=why, step=step, ended=_now())

    def note(self, **told: Any) -> None:
        """Write these down, all or nothing."""
        self.told |= told
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self.told), encoding="utf-8")
        draft.replace(self.path)

    def changes(self) -> list[str]:
        """The project's files that are not as they were when it began."""
        then, now = self.told["code"], code_digests()
        return sorted(name for name in {*then, *now} if then.get(name) != now.get(name))


def new(about: Mapping[str, Any]) -> Entry:
    """An entry for a run that is about to begin; written down with its first pipeline run."""
    name = f"{_stamp()}-{secrets.token_hex(2)}"
    return Entry(name, {**about, "began": _now(), "code": code_digests()})


def entries() -> list[Entry]:
    """Every run that is still written down, the latest first."""
    found = []
    for path in sorted(_folder().glob(NAMES), reverse=True):
        try:
            found.append(Entry(path.stem, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue
    return found


def choose(asked: str | None) -> Entry:
    """The run to go on with: the one of that name, or the latest that did not finish.

    Raises:
        UserError: There is none, or it has finished.
    """
    known = entries()
    if asked is not None:
        for entry in known:
            if asked in (entry.name, *entry.told["runs"].values()):
                return _resumable(entry)
        raise UserError(f"There is no run '{asked}'. {near_miss(asked, [e.name for e in known])}")
    for entry in known:
        if entry.state in UNFINISHED:
            return _resumable(entry)
    last = f" The last run, {known[0].name}, has completed." if known else ""
    raise UserError(f"There is nothing to resume.{last} `python run.py` starts a new run.")


def code_digests() -> dict[str, str]:
    """The content of the project's own code and pins, by path."""
    files = [ROOT / "requirements.txt", *code_files()]
    return {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:SHORT]
        for path in files
    }


def _resumable(entry: Entry) -> Entry:
    if entry.state == COMPLETED:
        raise UserError(f"There is nothing to resume: the run {entry.name} has completed.")
    if entry.state == OVERTAKEN:
        raise UserError(
            f"The run {entry.name} did not finish, and '{entry.told['model']}' was trained again "
            "since. `python run.py` starts a new run."
        )
    if entry.alive:
        raise RunError(
            f"The run {entry.name} is alive: process {entry.told['pid']} on "
            f"{entry.told['host']} carries it out."
        )
    return entry


def _overtake(done: Entry) -> None:
    """What did not finish before is not worth finishing; what is long gone is forgotten."""
    known = entries()
    for entry in known:
        mine = entry.name != done.name and entry.told["model"] == done.told["model"]
        if mine and entry.state in UNFINISHED and not entry.alive:
            entry.note(state=OVERTAKEN)
    for entry in known[KEPT:]:
        if not entry.alive:
            entry.path.unlink(missing_ok=True)
            entry._lock.unlink(missing_ok=True)


def _stamp() -> str:
    """The time; where it is not behind the latest run's, since the clock was set, a second more.

    The names' order tells what is to be gone on with, and what may be forgotten.
    """
    latest = max((path.stem[:WIDTH] for path in _folder().glob(NAMES)), default="")
    now = f"{datetime.now(UTC):{STAMP}}"
    if now > latest:
        return now
    return f"{datetime.strptime(latest, STAMP) + timedelta(seconds=1):{STAMP}}"


def _folder() -> Path:
    return folder() / "runs"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
