"""A modest and steady load on a server that is killed now and then."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

# So much larger every value becomes: no column keeps its distribution.
DRIFT = 1.6


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    Args:
        at: When it was sent, by `time.monotonic`.
        status: Of HTTP; 0 where no answer came.
    """

    at: float
    status: int
    version: str = ""


class Load(threading.Thread):
    """Asks so many times a second, each time another row.

    Args:
        rate: Requests a second; a server that is slow is asked less often.
    """

    def __init__(self, url: str, rows: list[dict[str, float]], rate: float) -> None:
        super().__init__(name="load", daemon=True)
        self.asked: list[Asked] = []
        self.drifted = threading.Event()
        self._url, self._rows, self._rate = url, rows, rate
        self._ended = threading.Event()
        self._client = httpx.Client(trust_env=False, timeout=10)

    def run(self) -> None:
        """Ask until told to end."""
        begun = time.monotonic()
        while not self._ended.wait(max(begun + len(self.asked) / self._rate - time.monotonic(), 0)):
            self._ask(self._rows[len(self.asked) % len(self._rows)])

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()
        self.join()
        self._client.close()

    def _ask(self, row: dict[str, float]) -> None:
        factor, now = DRIFT if self.drifted.is_set() else 1.0, time.monotonic()
        try:
            said = self._client.post(self._url, content=body(row, factor, len(self.asked)))
            version = str(said.json().get("model_version", ""))
            self.asked.append(Asked(now, said.status_code, version))
        except (httpx.HTTPError, json.JSONDecodeError):
            self.asked.append(Asked(now, 0))


def body(row: dict[str, float], factor: float, number: int) -> bytes:
    """A v2 request for one row."""
    inputs: list[dict[str, Any]] = [
        {"name": name, "datatype": "FP64", "shape": [1], "data": [value * factor]}
        for name, value in row.items()
    ]
    return json.dumps({"id": f"soak-{number}", "inputs": inputs}).encode()
