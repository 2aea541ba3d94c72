"""The wall clock of a process, moved while it runs; the clock that only runs on is left alone."""

from collections.abc import Mapping
from pathlib import Path


class Clock:
    """A file that says how far the clocks of the processes of `environment` are off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, seconds: int) -> None:
        """Set the clocks so far ahead of the true time."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}\n")
        draft.replace(self.path)

    @property
    def environment(self) -> Mapping[str, str]:
        """What processes have to be started with."""
        return {
            "LD_PRELOAD": _library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "NO_FAKE_STAT": "1",
        }


def _library() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed: apt-get install faketime"
    return str(found[0])
