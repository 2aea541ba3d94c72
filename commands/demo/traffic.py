"""Requests to the served model, from its first answer to the end of the story."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from commands.demo.plants import TARGET
from serving.errors import RunError

if TYPE_CHECKING:
    import httpx
    from pandas import DataFrame

PAUSE = 0.01
ROWS = 10
SECONDS = 30.0
WAITING = "switchyard_log_waiting_rows"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Args:
        at: Seconds since the story began.
        version: Who answered; empty where nobody did.
        status: Of HTTP; 0 where no answer came.
    """

    at: float
    version: str
    status: int


class Traffic(threading.Thread):
    """Asks one row at a time without an end, and on demand many rows whose window is judged.

    Args:
        began: When the story did, by `time.monotonic`.
    """

    def __init__(self, endpoint: dict[str, Any], rows: DataFrame, began: float) -> None:
        import httpx

        super().__init__(daemon=True)
        self.answers: list[Answer] = []
        self.model: str = endpoint["name"]
        self._url, self._began = endpoint["seldon_url"], began
        self._metrics = f"{endpoint['url']}/metrics"
        self._feedback = f"{endpoint['url']}/v2/models/{endpoint['name']}/feedback"
        self._client = httpx.Client(trust_env=False, timeout=SECONDS)
        self._ended, self._turn = threading.Event(), threading.Lock()
        self._bodies = bodies(rows, "traffic", 1)

    @property
    def failed(self) -> int:
        """Requests without the answer that was asked for."""
        return sum(answer.status != 200 for answer in self.answers)

    def run(self) -> None:
        """Ask one row after another until told to end."""
        number = 0
        while not self._ended.wait(PAUSE):
            with self._turn:
                self._ask(self._bodies[number % len(self._bodies)])
            number += 1

    def turn_to(self, rows: DataFrame) -> None:
        """Ask these rows from now on."""
        self._bodies = bodies(rows, "traffic", 1)

    def send(self, rows: DataFrame, name: str) -> tuple[datetime, datetime]:
        """Ask these rows, and nothing else meanwhile; the window that holds them alone."""
        with self._turn:
            since = datetime.now(UTC)
            for body in bodies(rows, name, ROWS):
                self._ask(body)
            return since, datetime.now(UTC)

    def label(self, rows: DataFrame, name: str) -> int:
        """Send the truth about rows that were sent under a name; how many labels that were.

        Raises:
            RunError: The server does not take them.
        """
        labels = [
            {"id": f"{name}-{place // ROWS}", "row": place % ROWS, "label": label}
            for place, label in enumerate(rows[TARGET])
        ]
        with self._turn:
            said = self._client.post(self._feedback, json=labels)
        if said.status_code != 200:
            raise RunError(f"The server refuses labels: {said.status_code} {said.text[:200]}")
        return len(labels)

    def rest(self, until: Callable[[], None]) -> None:
        """Ask nothing until what was answered is written, and for as long as something takes."""
        with self._turn:
            while _waiting(self._client.get(self._metrics).text):
                time.sleep(PAUSE)
            until()

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()
        if self.is_alive():
            self.join()
        self._client.close()

    def _ask(self, body: bytes) -> None:
        import httpx

        try:
            said = self._client.post(self._url, content=body)
            version = version_of(said) if said.status_code == 200 else ""
            status = said.status_code
        except httpx.HTTPError:
            version, status = "", 0
        self.answers.append(Answer(time.monotonic() - self._began, version, status))


def version_of(said: httpx.Response) -> str:
    """The version that gave an answer."""
    return str(said.json()["meta"]["tags"]["model_version"])


def _waiting(metrics: str) -> float:
    """Rows that were answered and are not written yet."""
    found = (line.split() for line in metrics.splitlines() if line.startswith(WAITING))
    return sum(float(words[-1]) for words in found)


def bodies(rows: DataFrame, name: str, size: int) -> list[bytes]:
    """Requests of Seldon's protocol with so many rows each, under ids of that name."""
    inputs = rows.drop(columns=TARGET)
    values = json.loads(inputs.to_json(orient="values"))
    names = list(inputs.columns)
    return [
        _body(names, values[at : at + size], f"{name}-{at // size}")
        for at in range(0, len(values), size)
    ]


def _body(names: Sequence[str], values: list[Any], puid: str) -> bytes:
    data = {"names": names, "ndarray": values}
    return json.dumps({"data": data, "meta": {"puid": puid}}).encode()
