"""Where labels are kept: one file a delivery, named by its content, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from serving.errors import DataError
from steps.data.location import Location, masked, scheme_of
from steps.data.objectstore import told
from steps.labelling.label import Label, alike, digest_of, from_lines, latest, to_lines

SUFFIX = ".jsonl"
FOLDER = "labels"


@dataclass(frozen=True, slots=True)
class Added:
    """What a delivery brought.

    Args:
        new: Labels that were not known, or of whose row more is known now.
        known: Labels that were.
        corrected: Those of the new ones that take the place of another, which stays in its file.
    """

    new: int
    known: int
    corrected: int = 0


@dataclass(frozen=True, slots=True)
class LabelStore:
    """The labels of one model.

    Args:
        root: The folder, as its file system names it.
    """

    fs: Any
    root: str
    location: Location

    def files(self) -> list[str]:
        """The names of the deliveries; equal for equal labels in equal deliveries."""
        with told(self.location):
            self.fs.invalidate_cache()
            if not self.fs.exists(self.root):
                return []
            names = (path.rstrip("/").rpartition("/")[2] for path in self.fs.ls(self.root, False))
            return sorted(name for name in names if name.endswith(SUFFIX))

    def mark(self) -> str:
        """What changes when labels come; empty without any."""
        names = self.files()
        return digest_of("\n".join(names).encode()) if names else ""

    def read(self) -> dict[tuple[str, int], Label]:
        """The last label of every row.

        Raises:
            DataError: A file is damaged.
        """
        return latest(self.history())

    def history(self) -> list[Label]:
        """Every label that ever came, those too that a later one has corrected.

        Raises:
            DataError: A file is damaged.
        """
        return [label for name in self.files() for label in self._read(name)]

    def add(self, labels: Iterable[Label]) -> Added:
        """Keep what is new of a delivery, whole or not at all.

        Raises:
            DataError: It contradicts itself.
        """
        given, held = alike(labels), self.read()
        both = latest([*held.values(), *given.values()])
        new = [label for key, label in given.items() if both[key] != held.get(key)]
        if new:
            self._write(to_lines(new))
        before = ((held.get(label.key), label) for label in new)
        corrected = sum(known is not None and known.label != label.label for known, label in before)
        return Added(len(new), len(given) - len(new), corrected)

    def _read(self, name: str) -> list[Label]:
        with told(self.location):
            data: bytes = self.fs.cat_file(f"{self.root}/{name}")
        if digest_of(data) + SUFFIX != name:
            raise DataError(
                f"'{self.location.shown}/{name}' is damaged: remove it, and hand its labels in "
                "again."
            )
        return from_lines(data)

    def _write(self, data: bytes) -> None:
        path = f"{self.root}/{digest_of(data)}{SUFFIX}"
        with told(self.location, "written"):
            if self.location.kind != "file":
                self.fs.pipe_file(path, data)  # A store shows an object whole or not at all.
                return
            self.fs.makedirs(self.root, exist_ok=True)
            self.fs.pipe_file(f"{path}.part", data)
            self.fs.mv(f"{path}.part", path)


def label_store(place: str) -> LabelStore:
    """The labels at a place that `place_of` named.

    In the active stack's artifact store they are reached as ZenML reaches it, elsewhere with what
    the environment holds.
    """
    import fsspec
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    kind = "object" if scheme_of(place) not in ("", "file") else "file"
    location = Location("object" if kind == "object" else "file", place, masked(place))
    inside = place.startswith(f"{store.path.rstrip('/')}/")
    filesystem = getattr(store, "filesystem", None) if inside else None
    with told(location):
        if filesystem is None:
            filesystem, root = fsspec.url_to_fs(place, use_listings_cache=False)
        else:
            root = filesystem._strip_protocol(place)
    return LabelStore(filesystem, str(root).rstrip("/"), location)


def place_of(model: str, uri: str = "") -> str:
    """Where a model's labels lie: below a URI, or else in the active stack's artifact store."""
    if not uri:
        from zenml.client import Client

        uri = f"{Client().active_stack.artifact_store.path.rstrip('/')}/{FOLDER}"
    return f"{uri.rstrip('/')}/{quote(model, safe='')}"
