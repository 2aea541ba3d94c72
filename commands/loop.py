"""Monitoring as a service of this machine: a verdict every so often, and what follows it."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.errors import ConfigError

RUN = Path(__file__).resolve().parent.parent / "run.py"
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
EACH = re.compile(r"([0-9]{1,9})([smhdw])")
LONGEST = 366 * SECONDS["d"]
EVERY = "10m"
# What `monitor` ends with when it could do its work.
WORKED = {0, 3}


def run(options: argparse.Namespace) -> int:
    """Judge and act until told to stop, or so many times; the last status is the loop's own."""
    if options.schedule is not None:
        from commands import watch

        return watch.make(options)
    every, words = seconds_of(options.every or EVERY), passed_on(options)
    status, count = 0, 0
    with stopped_by_signals() as stop:
        begun = time.monotonic()
        while not stop.is_set():
            status = tick(words, options, stop)
            count += 1
            if options.times and count >= options.times:
                break
            # By the clock of the loop: a tick that took long delays none of those after it.
            late = (time.monotonic() - begun) % every
            stop.wait(every - late)
    return 0 if status in WORKED or stop.is_set() else status


def seconds_of(text: str) -> float:
    """A span such as 30s, 10m, 24h or 7d, in seconds."""
    span = EACH.fullmatch(text.strip())
    seconds = int(span[1]) * SECONDS[span[2]] if span else 0.0
    if not 0 < seconds <= LONGEST:
        raise ConfigError(
            f"--every '{text}' is no span: write 30s, 10m, 24h or 7d, a year at most."
        )
    return seconds


def passed_on(options: argparse.Namespace) -> list[str]:
    """The words that every tick is called with."""
    given = {
        "since": options.since,
        "labels": options.labels,
        "query": options.query,
        "label": options.label,
        "stack": options.stack,
        "model": options.model,
    }
    words = [word for name, value in given.items() if value for word in (f"--{name}", value)]
    return words + [word for value in options.set for word in ("--set", value)]


def tick(words: list[str], options: argparse.Namespace, stop: threading.Event) -> int:
    """One verdict and what follows it, in a process of its own, told in one line."""
    child = subprocess.Popen(
        [sys.executable, str(RUN), "monitor", "--act", "--json", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    ended = threading.Event()
    threading.Thread(target=_interrupt, args=(child, stop, ended), daemon=True).start()
    output, errors = child.communicate()
    ended.set()
    tell(child.returncode, output, errors, options)
    return child.returncode


def tell(status: int, output: str, errors: str, options: argparse.Namespace) -> None:
    """Print a tick: one line, or with --json one document on a line."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    if status in WORKED:
        verdict = json.loads(output)
        line = json.dumps({"at": now, **verdict}) if options.json else told(now, verdict)
    else:
        reason = (errors.strip().splitlines() or [f"status {status}"])[-1]
        line = json.dumps({"at": now, "error": reason}) if options.json else f"{now}  {reason}"
    print(line, flush=True)


def told(now: str, verdict: dict[str, Any]) -> str:
    """A verdict and what followed it, in one line."""
    action = verdict["action"]
    text = f"{now}  {verdict['outcome']:<12}  {verdict['reasons'][0]}"
    if action["act"] == "nothing" and verdict["outcome"] in ("ok", "too few rows"):
        return text
    done = action.get("training")
    what = f"retrained: {done['outcome']}, version {done['version']}" if done else action["act"]
    return f"{text}  [{what}] {action['reason']}"


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(child: subprocess.Popen[str], stop: threading.Event, ended: threading.Event) -> None:
    """Hand a stop on to the tick that is under way, which then leaves nothing half done."""
    while not ended.wait(0.1):
        if stop.is_set():
            child.send_signal(signal.SIGINT)
            return
