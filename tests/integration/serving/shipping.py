"""What a log's store holds, and waiting for it."""

import gzip
import time
from pathlib import Path
from typing import Any

import httpx

from serving.openapi import v2_body
from serving.shipping.blocks import rows_of
from serving.spec import Endpoint
from tests.unit.serving.tiny import ROW, schema

SECONDS = 30.0


def ask(endpoint: Endpoint, *ids: str) -> None:
    """Ask once for each id."""
    with httpx.Client(trust_env=False) as client:
        for name in ids:
            body = {**v2_body(schema(), [ROW]), "id": name}
            assert client.post(endpoint.predict_url, json=body).status_code == 200


def shipped(store: Path) -> list[dict[str, Any]]:
    """The rows in a store, in the order of its files."""
    files = sorted(store.rglob("*.jsonl.gz"))
    return [row for path in files for row in rows_of(gzip.decompress(path.read_bytes()))]


def ids(store: Path) -> list[str]:
    """The request ids in a store."""
    return [str(row["id"]) for row in shipped(store)]


def wait_for(store: Path, *wanted: str) -> None:
    """Wait until a store holds these requests; fails with what it holds."""
    end = time.monotonic() + SECONDS
    while set(ids(store)) < set(wanted) and time.monotonic() < end:
        time.sleep(0.05)
    assert sorted(ids(store)) == sorted(wanted)


def metric(endpoint: Endpoint, name: str) -> float:
    """A number of the metrics page."""
    page = httpx.get(f"{endpoint.url}/metrics", trust_env=False).text
    (line,) = [line for line in page.splitlines() if line.startswith(f"switchyard_log_{name} ")]
    return float(line.split()[-1])
