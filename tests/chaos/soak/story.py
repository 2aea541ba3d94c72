"""The events of a soak: rolls, kills, a drift, and the loop that looks at it all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from serving.bundle import read_manifest
from serving.resident import serve
from serving.spec import ServiceSpec
from serving.state import process, read_state
from tests.chaos.soak.load import Load
from tests.chaos.soak.samples import Sampler, children
from tests.integration.tumours import LINEAR, STUMP, write_config
from tests.workplace import ROOT, Workplace

MODEL = "tumours"
SEGMENT_SECONDS, SEGMENT_MB, KEEP_MB = 10, 1, 8
RULES = {"drift": "retrain", "cooldown_hours": 0.02, "cap": 2}


@dataclass
class Soaked:
    """What there is at the end.

    Args:
        outages: Between a kill and the answer of what came after it, by `time.monotonic`.
        looks: What the loop said, a line a look.
    """

    begun: float
    load: Load
    sampler: Sampler
    outages: list[tuple[float, float]] = field(default_factory=list)
    rolls: int = 0
    looks: list[dict[str, Any]] = field(default_factory=list)
    ended: float = 0.0


def soak(place: Workplace, minutes: float, rate: float) -> Soaked:
    """Train two versions, then serve under load for so long."""
    home, document = served(place)
    shutil.copytree(home / "versions", place.home / "bundles")
    versions = [spec_of(path) for path in sorted((place.home / "bundles").iterdir())]
    row = document["prediction"]["row"]
    rows = [{name: value * (1 + n / 1000) for name, value in row.items()} for n in range(50)]
    url = document["endpoint"]["predict_url"]
    with looping(place, max(20, int(minutes * 6))) as loop:
        load, sampler = Load(url, rows, rate), Sampler(parts(home, loop), folders(place, home))
        soaked = Soaked(time.monotonic(), load, sampler)
        for thread in (load, sampler):
            thread.start()
        events(soaked, home, versions, 60 * minutes)
        soaked.ended = time.monotonic()
        sampler.end()
        load.end()
    soaked.looks = [json.loads(line) for line in (place.home / "looks").read_text().splitlines()]
    return soaked


def events(soaked: Soaked, home: Path, versions: list[ServiceSpec], seconds: float) -> None:
    """Roll fifty times; kill twice the server and once what ships; let the rows drift midway."""
    kills = {17: kill_server, 25: kill_shipper, 34: kill_server}
    for number in range(1, 51):
        time.sleep(max(soaked.begun + number * seconds / 51 - time.monotonic(), 0))
        if number == 20:
            soaked.load.drifted.set()
        if number in kills:
            kills[number](soaked, home)
        serve(home, versions[number % len(versions)])
        soaked.rolls += 1
    time.sleep(max(soaked.begun + seconds - time.monotonic(), 0))


def kill_server(soaked: Soaked, home: Path) -> None:
    """Kill the server, and deploy again what it served."""
    state, (pid, _) = read_state(home), process(home)
    assert state is not None
    assert pid is not None
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    serve(home, spec_of(home / "versions" / state.bundle))
    soaked.outages.append((begun, time.monotonic()))


def kill_shipper(_: Soaked, home: Path) -> None:
    """Kill the process that ships the log; the server starts another."""
    pid, _alive = process(home)
    assert pid is not None
    for child in children(pid):
        os.kill(child, signal.SIGKILL)


def served(place: Workplace) -> tuple[Path, Any]:
    """A server with two versions in its home; the home, and what the last training said."""
    stack = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
    stack["stack_name"] = "soaked"
    kept = {"log_segment_seconds": SEGMENT_SECONDS, "log_segment_mb": SEGMENT_MB}
    deployer = {"name": "soaked", "flavor": "resident"}
    deployer["configuration"] = {**kept, "log_keep_mb": KEEP_MB}  # type: ignore[assignment]
    stack["components"]["model_deployer"] = [deployer]
    file = place.home / "soaked.yaml"
    file.write_text(yaml.safe_dump(stack), encoding="utf-8")
    for candidate in (STUMP, LINEAR):
        groups: dict[str, Any] = {"ensemble": {"enabled": False}, "report": {"enabled": False}}
        groups["monitoring"] = {"policy": RULES, "report": "never"}
        config = write_config(place.home, str(candidate["name"]), candidate, **groups)
        done = place.run("--stack", str(file), "--config", config, "--json")
        assert done.status == 0, done.errors
    (state,) = (place.home / "stores").glob(f"*/{MODEL}/service.json")
    return state.parent, done.document


@contextmanager
def looping(place: Workplace, every: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`run.py loop` beside it all."""
    words = ["loop", "--since", "1h", "--every", f"{every}s", "--json"]
    with (place.home / "looks").open("wb") as output, (place.home / "errors").open("wb") as errors:
        child = subprocess.Popen(
            [sys.executable, "run.py", *words],
            cwd=ROOT, env=place.environment, stdout=output, stderr=errors,
        )  # fmt: skip
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(120)


def parts(home: Path, loop: "subprocess.Popen[bytes]") -> Any:
    """What tells the processes that are sampled."""

    def pids() -> dict[str, int]:
        pid, alive = process(home)
        if pid is None or not alive:
            return {"loop": loop.pid}
        shipper = {"shipper": found[0]} if (found := children(pid)) else {}
        return {"server": pid, "loop": loop.pid, **shipper}

    return pids


def folders(place: Workplace, home: Path) -> dict[str, Path]:
    """The folders that are sampled, by what they hold."""
    stores = place.home / "stores"
    return {
        "log": home / "log",
        "versions": home / "versions",
        "rows": next(stores.glob("*/predictions")),
        "stores": stores,
    }


def spec_of(bundle: Path) -> ServiceSpec:
    """A version in a bundle's directory."""
    manifest = read_manifest(bundle)
    return ServiceSpec(MODEL, manifest.version, str(bundle), manifest.digest)
