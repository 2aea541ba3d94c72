"""What holds a server: a process of this machine, or a container."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from serving.state import State


class Runner(Protocol):
    """How the server of a home is started, watched and ended; its admin routes do the rest."""

    def launch(self, home: Path, state: State, deadline: float) -> State:
        """Start a server for a state, wait until it answers, and return the state with its port.

        Args:
            deadline: By the monotonic clock.

        Raises:
            ModelError: The bundle is broken.
            PortTakenError: Something else listens on the state's port.
            DeployError: The server did not answer in time; it was ended.
        """

    def alive(self, home: Path) -> tuple[int | None, bool]:
        """The server's process id, None after an orderly stop, and whether it is alive."""

    def is_ready(self, home: Path, state: State) -> bool:
        """Whether the home's own server answers, and nothing else that took over its port."""

    def end(self, home: Path) -> bool:
        """Let the server answer what it has begun and end it; False when there is none."""

    def title(self, home: Path, pid: int) -> str:
        """What messages call the server."""

    def log(self, home: Path) -> str:
        """Where to read what the server printed, as a sentence goes on after "see"."""


@runtime_checkable
class Rolls(Protocol):
    """What a runner has beside the rest when its server has no admin route."""

    def roll(self, home: Path, state: State, wanted: State, deadline: float) -> State:
        """Let the server that runs take over another state, and return that.

        Raises:
            ModelError: The bundle is broken; the version before it still answers.
            DeployError: The version did not come up; the one before it answers again.
        """
