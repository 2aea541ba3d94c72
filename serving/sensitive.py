"""What the prediction log shows of a sensitive column: a keyed hash of each value, or nothing.

Equal values of a column have equal hashes within a deployment, so that rows can still be joined and
counted. Without the key, which never leaves the server's home, a hash cannot be looked up.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import orjson

from serving.refusals import Values
from serving.state import write_private

KEY = "log.key"


class Mask:
    """Replaces the values of sensitive columns.

    Args:
        key: What values are hashed with; None leaves the columns out.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    def columns(
        self, columns: Mapping[str, Values], sensitive: Collection[str]
    ) -> dict[str, Values]:
        """The columns as they may be kept."""
        return {
            name: self._hashed(name, values) if name in sensitive else values
            for name, values in columns.items()
            if self._key is not None or name not in sensitive
        }

    def _hashed(self, name: str, values: Values) -> list[object]:
        prefix = f"{name}\0".encode()
        return [None if value is None else self._hash(prefix, value) for value in values]

    def _hash(self, prefix: bytes, value: object) -> str:
        # 3 and 3.0 are one value, whichever a client writes.
        whole = isinstance(value, float) and value.is_integer()
        text = orjson.dumps(int(value) if whole else value)  # type: ignore[call-overload]
        return hmac.digest(self._key or b"", prefix + text, "sha256")[:16].hex()


def mask_of(home: Path, how: Literal["hash", "omit"]) -> Mask:
    """The mask of a home's server."""
    return Mask(read_key(home) if how == "hash" else None)


def read_key(home: Path) -> bytes:
    """The key of a home, made once; only its owner reads it."""
    path = home / KEY
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(file, "wb") as stream:
        key = secrets.token_bytes(32)
        stream.write(key)
    return key


def write_key(home: Path, word: str) -> None:
    """Have a home's server hash as every other one does that is given the same word."""
    write_private(home / KEY, hashlib.sha256(word.encode()).digest())
