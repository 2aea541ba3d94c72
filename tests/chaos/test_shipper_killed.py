"""What ships the prediction log is killed with -9, at each write that it makes of a segment."""

import signal
from pathlib import Path

import orjson
import pytest

from serving.segments import Segments, segments
from serving.shipping.process import start
from serving.shipping.settings import LogSettings, write_settings
from tests.integration.serving.shipping import ids

# Python reads it when it begins: it ends the process at the write that the file `kill` names.
ARMED = """
import os, pathlib, signal, sys

how, name = pathlib.Path(__file__).with_name("kill").read_text().split()
real = getattr(pathlib.Path, name)

def deadly(path, *arguments, **named):
    if how == "before" and ".jsonl" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = real(path, *arguments, **named)
    if how == "after" and ".jsonl" in path.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

if "serving.shipping.worker" in sys.orig_argv and how != "never":
    setattr(pathlib.Path, name, deadly)
"""
# The file in the store, its name there, and the end of the one here.
WRITES = [
    (how, name) for name in ("write_bytes", "replace", "unlink") for how in ("before", "after")
]


@pytest.fixture
def log(home: Path, tmp_path: Path) -> Path:
    """A home's log of two segments, to be shipped to a folder."""
    home.mkdir()
    write_settings(home, LogSettings(uri=str(tmp_path / "store")))
    folder = home / "log"
    folder.mkdir()
    for name in ("a", "b"):
        held = Segments(folder, size=1, seconds=60, keep=1 << 20)
        row = {"time": "2026-11-22T10:00:00", "id": name, "model": "shop", "features": {"x": 1.0}}
        held.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return folder


@pytest.mark.fault(
    kind="kill -9",
    where="what ships the resident server's log, before and after each of its writes",
    promise="Each row is in the store once, and no half of a file.",
    then="what ships, started anew",
)
def test_a_shipper_killed_at_each_write_ships_each_row_once(
    home: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed, store = tmp_path / "armed", tmp_path / "store"
    armed.mkdir()
    (armed / "sitecustomize.py").write_text(ARMED)
    monkeypatch.setenv("PYTHONPATH", str(armed))
    for how, name in WRITES:
        (armed / "kill").write_text(f"{how} {name}")
        assert shipped(home) == -signal.SIGKILL, (how, name)
    (armed / "kill").write_text("never unlink")
    assert shipped(home) == 0
    assert segments(log) == []
    assert sorted(ids(store)) == ["a", "b"]
    assert not list(store.rglob("*.part"))


def shipped(home: Path) -> int:
    """How a process ended that was to ship what there is."""
    process = start(home)
    # As when its server has ended.
    process.communicate()
    return process.returncode
