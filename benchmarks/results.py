"""The measurements as a file: `benchmarks/results.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"


def read(path: Path = RESULTS) -> dict[str, Any]:
    """What was measured last; nothing where nothing was."""
    if not path.is_file():
        return {"header": {}, "sections": {}}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def merge(before: dict[str, Any], header: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """New sections beside the old ones; what another machine or other versions made is dropped."""
    kept = before["sections"] if before["header"] == header else {}
    return {"header": header, "sections": {**kept, **new}}


def text(content: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(content, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is no plain value.")
