"""The wall clock is set, back and forth, while models are served."""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.openapi import v2_body
from serving.resident import finish, serve, stop, try_out
from serving.shipping.settings import LogSettings, write_settings
from serving.spec import Traffic
from serving.state import read_state
from steps.monitoring.log import log_rows
from tests.chaos.clock import Clock
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.shipping import shipped, wait_for
from tests.unit.serving.tiny import ROW, schema

HOUR, DAY = 3600, 86_400


@pytest.mark.fault(
    kind="clock jumped",
    where="the server's clock is set three hours ahead, then a day back, while it answers",
    promise="Every row is in the log, and in the window of the time that it bears.",
    then="nothing is needed",
)
def test_each_row_is_found_in_the_window_of_its_own_time(
    home: Path, spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader looks only into the directories of the window's hours."""
    clock, store = Clock(tmp_path / "clock"), tmp_path / "store"
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    home.mkdir()
    write_settings(home, LogSettings(uri=str(store)))
    endpoint = serve(home, spec())
    asked: list[str] = []
    for ahead in (0, 3 * HOUR, -DAY, 0):
        clock.set(ahead)
        for _ in range(3):
            name = f"{ahead} {len(asked)}"
            body = {**v2_body(schema(), [ROW]), "id": name}
            assert httpx.post(endpoint.predict_url, json=body).status_code == 200
            asked.append(name)
        # The queue is written out twenty times a second.
        time.sleep(0.3)
    stop(home)
    wait_for(store, *asked)
    assert {row: found_by_time(store, row) for row in rows(store)} == dict.fromkeys(asked, True)


def rows(store: Path) -> dict[str, datetime]:
    """When each row was answered, as the log says."""
    return {row["id"]: datetime.fromisoformat(row["time"]) for row in shipped(store)}


def found_by_time(store: Path, name: str) -> bool:
    """Whether a window around a row's time holds it."""
    when, around = rows(store)[name], timedelta(seconds=1)
    held: list[dict[str, Any]] = list(log_rows(str(store), "shop", when - around, when + around))
    return name in [row["id"] for row in held]


@pytest.mark.fault(
    kind="clock jumped",
    where="a version is tried after the clock was set back: its files are older than all others",
    promise="Its files are kept, so that it takes over and can come back.",
    then="nothing is needed",
)
def test_a_version_on_trial_keeps_its_files_however_old_they_look(
    home: Path, spec: MakeSpec
) -> None:
    """What is cleared out is told by age."""
    for version in "12345":
        serve(home, spec(version))
    ahead = time.time() + DAY
    for bundle in (home / "versions").iterdir():
        os.utime(bundle, (ahead, ahead))
    try_out(home, spec("6"), Traffic("canary", 1.0))
    finish(home)
    state = read_state(home)
    assert state is not None
    assert state.version == "6"
    assert (home / "versions" / state.bundle).is_dir()
