"""The resources that the stand-in keeps, with the versions that let writers notice each other."""

import copy
import itertools
import threading
import time
from typing import Any

from tests.kubernetes.crd import problems, refused

Json = dict[str, Any]


class Refused(Exception):  # noqa: N818
    """What the API server answers in place of a resource."""

    def __init__(self, status: int, message: str, name: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.name = name


class Store:
    """The SeldonDeployments of one namespace."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._made: dict[str, Json] = {}
        self._versions = itertools.count(1000)

    def all(self) -> list[Json]:
        """A copy of each resource."""
        with self.lock:
            return copy.deepcopy(list(self._made.values()))

    def read(self, name: str) -> Json:
        """A copy of a resource."""
        with self.lock:
            if name not in self._made:
                message = f'seldondeployments.machinelearning.seldon.io "{name}" not found'
                raise Refused(404, message, name)
            return copy.deepcopy(self._made[name])

    def create(self, made: Json, *, dry: bool = False) -> Json:
        """Keep a new resource, unless it is only tried."""
        with self.lock:
            name = made["metadata"]["name"]
            if name in self._made:
                raise Refused(409, f'seldondeployments "{name}" already exists', name)
            _validate(made)
            if dry:
                return made
            made["metadata"] |= {"generation": 1, "uid": f"uid-{name}"}
            return self._keep(name, made)

    def patch(self, name: str, changes: Json, *, dry: bool = False) -> Json:
        """Merge changes, when they were made for the version that is there."""
        with self.lock:
            before = self.read(name)
            asked = changes.get("metadata", {}).get("resourceVersion")
            if asked not in (None, before["metadata"]["resourceVersion"]):
                raise Refused(409, "the object has been modified; please apply your changes", name)
            after = merge(before, {**changes, "status": before.get("status", {})})
            _validate(after)
            if dry or after == before:
                return dict(after)
            if after["spec"] != before["spec"]:
                after["metadata"]["generation"] += 1
            return self._keep(name, after)

    def note(self, name: str, status: Json) -> None:
        """Keep what the operator says of a resource, which is a new version of it too."""
        with self.lock:
            if name in self._made and self._made[name].get("status") != status:
                self._keep(name, {**self._made[name], "status": copy.deepcopy(status)})

    def delete(self, name: str) -> None:
        """Mark a resource as about to end."""
        with self.lock:
            made = self.read(name)
            made["metadata"]["deletionTimestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
            self._keep(name, made)

    def forget(self, name: str) -> None:
        """Let go of a resource whose parts have ended."""
        with self.lock:
            self._made.pop(name, None)

    def _keep(self, name: str, made: Json) -> Json:
        made["metadata"]["resourceVersion"] = str(next(self._versions))
        self._made[name] = made
        self.changed.notify_all()
        return copy.deepcopy(made)


def merge(target: Any, changes: Any) -> Any:
    """A JSON merge patch, as RFC 7396 has it."""
    if not isinstance(changes, dict):
        return copy.deepcopy(changes)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def _validate(made: Json) -> None:
    if wrong := problems(made):
        raise Refused(422, f"SeldonDeployment is invalid: {'; '.join(wrong)}")
    if wrong := refused(made):
        name = "v1.vseldondeployment.kb.io"
        raise Refused(422, f'admission webhook "{name}" denied the request: {"; ".join(wrong)}')
