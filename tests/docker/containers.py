"""The containers that serve a home."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker.models.containers import Container


def containers_of(home: Path) -> list[Container]:
    """Those that were made for a home, running or not."""
    import docker

    with closing(docker.from_env()) as engine:
        wanted = {"label": f"switchyard.home={home}"}
        found: list[Container] = engine.containers.list(all=True, filters=wanted)
        return found


def container_of(home: Path) -> Container:
    """The one container of a home."""
    (found,) = containers_of(home)
    return found
