"""A small disk of one's own, that can be filled and emptied again."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILLING = "filling"


class Disk:
    """A file system in memory, which only root can mount."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def fill_command(self) -> str:
        """What takes all room that is left, as a command of the shell."""
        # It ends with an error, as the disk is full then.
        return f"dd if=/dev/zero of={self.path / FILLING} bs=4k 2>/dev/null || true"

    def fill(self) -> None:
        """Take all room that is left."""
        subprocess.run(self.fill_command, shell=True, check=True)

    def free(self) -> None:
        """Give it back."""
        (self.path / FILLING).unlink()


@contextmanager
def disk_at(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of that size, mounted at a folder."""
    path.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(path)], check=True)
    try:
        yield Disk(path)
    finally:
        # A server that is ending may hold a file for a moment.
        subprocess.run(["umount", "--lazy", str(path)], check=True)
