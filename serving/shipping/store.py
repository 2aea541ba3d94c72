"""The store that segments go to, opened through fsspec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

MASK = "***"


class Store:
    """A place in a store.

    Args:
        uri: Anything that fsspec opens.
        options: What its driver takes.
    """

    def __init__(self, uri: str, options: Mapping[str, object]) -> None:
        import fsspec

        self._fs, self._root = fsspec.core.url_to_fs(
            uri, **{**options, "skip_instance_cache": True, "use_listings_cache": False}
        )
        protocol = self._fs.protocol
        self._is_local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def put(self, place: str, data: bytes) -> None:
        """Write a file whole or not at all, over one of the same name."""
        path = f"{self._root.rstrip('/')}/{place}"
        if self._is_local:
            return _put_here(Path(path), data)
        try:
            self._fs.pipe_file(path, data)
        except FileNotFoundError:  # A store with real directories.
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(path, data)
        return None


def without_secrets(text: str, uri: str, options: Mapping[str, object]) -> str:
    """A store's own words with every value of its options, and a password in its URI, masked."""
    secrets = {value for value in _texts(options) if len(value) > 3}
    for secret in sorted(secrets | {urlsplit(uri).password or ""}, key=len, reverse=True):
        text = text.replace(secret, MASK) if secret else text
    return text


def _put_here(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
