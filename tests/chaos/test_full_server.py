"""The disk of a server is full, and then it is not any more."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.errors import SwitchyardError
from serving.openapi import v2_body
from serving.resident import serve, status, stop
from serving.spec import Endpoint
from tests.chaos.disk import Disk, disk_at
from tests.integration.serving.conftest import MakeSpec
from tests.integration.serving.shipping import metric
from tests.unit.serving.tiny import ROW, schema


@pytest.fixture
def disk(home: Path) -> Iterator[Disk]:
    """What the home lies on."""
    with disk_at(home, 4) as found:
        yield found
        stop(home)


def ask(endpoint: Endpoint, name: str) -> str:
    """Ask once; the version that answered."""
    body = {**v2_body(schema(), [ROW]), "id": name}
    answer = httpx.post(endpoint.predict_url, json=body, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["model_version"])


def logged(home: Path) -> list[str]:
    """The ids in the log, each line of which is whole."""
    files = sorted((home / "log").glob("*.jsonl"))
    return [json.loads(line)["id"] for path in files for line in path.read_text().splitlines()]


@pytest.mark.fault(
    kind="disk full",
    where="the resident server's log, while it answers",
    promise="Every request is answered; rows that do not fit are counted, and no line is torn.",
    then="the log, by itself, with room",
)
def test_a_full_disk_costs_log_rows_and_no_answer(home: Path, spec: MakeSpec, disk: Disk) -> None:
    endpoint = serve(home, spec())
    ask(endpoint, "before")
    while metric(endpoint, "rows_total") < 1:
        time.sleep(0.02)
    disk.fill()
    lost = 0
    # Until what was left of the last page is used up.
    while not metric(endpoint, "dropped_rows_total"):
        ask(endpoint, f"lost {lost}")
        lost += 1
        time.sleep(0.06)
    disk.free()
    ask(endpoint, "after")
    while (dropped := metric(endpoint, "dropped_rows_total")) + metric(endpoint, "rows_total") < (
        lost + 2
    ):
        time.sleep(0.02)
    stop(home)
    kept = logged(home)
    assert (kept[0], kept[-1]) == ("before", "after")
    assert len(kept) == lost + 2 - dropped


@pytest.mark.fault(
    kind="disk full",
    where="a deployment in place of a version that serves",
    promise="It is refused with the reason; the version before it serves on.",
    then="the same deployment, with room",
)
def test_a_deployment_that_does_not_fit_leaves_the_version_before_it(
    home: Path, spec: MakeSpec, disk: Disk
) -> None:
    endpoint = serve(home, spec("1"))
    disk.fill()
    with pytest.raises(SwitchyardError, match="No space left"):
        serve(home, spec("2"))
    assert ask(endpoint, "a") == "1"
    told = status(home)
    assert told is not None
    assert (told.version, told.status) == ("1", "ready")
    disk.free()
    assert serve(home, spec("2")).url == endpoint.url
    assert ask(endpoint, "b") == "2"
    assert not [path.name for path in (home / "versions").iterdir() if path.name.startswith(".")]
