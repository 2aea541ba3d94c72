"""Asking the served tumours, as a stranger would."""

import threading
from typing import Any

import httpx


def body_of(document: Any) -> dict[str, Any]:
    """A v2 request for the row of a document's prediction."""
    row = document["prediction"]["row"]
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [1], "data": [value]}
        for name, value in row.items()
    ]
    return {"inputs": inputs}


def ask(document: Any) -> dict[str, Any]:
    """Ask the server that a document names, as a stranger would."""
    url = document["endpoint"]["predict_url"]
    answer = httpx.post(url, json=body_of(document), trust_env=False)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


class Traffic(threading.Thread):
    """Asks until it is stopped, and keeps what was answered.

    Args:
        rest: Seconds between an answer and the next question.
    """

    def __init__(self, url: str, body: dict[str, Any], rest: float = 0.005) -> None:
        super().__init__(daemon=True)
        self.url, self.body, self.rest = url, body, rest
        self.ended = threading.Event()
        self.answers: list[tuple[int, str]] = []

    def run(self) -> None:
        """Ask and ask."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not self.ended.wait(self.rest):
                answer = client.post(self.url, json=self.body)
                self.answers.append((answer.status_code, answer.json()["model_version"]))
