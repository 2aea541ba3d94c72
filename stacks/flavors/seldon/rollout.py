"""Changes a SeldonDeployment, waits until the change is there, and undoes one that fails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from serving.errors import ConfigError, DeployError, SwitchyardError
from serving.spec import ServiceSpec, Traffic
from stacks.flavors.seldon import progress, urls
from stacks.flavors.seldon.cluster import Conflict
from stacks.flavors.seldon.manifest import revision_of, spec_of
from stacks.flavors.seldon.rules import check_predictors

Json = dict[str, Any]
# What the resource itself keeps: whose it is, the trial that was asked for, and what its pods had
# counted before it began.
MODEL, ASKED, COUNTED = "switchyard/model", "switchyard/trial", "switchyard/counted"
# Seconds that a version which was put back gets to settle, before the failure is told.
CALM = 30.0


@dataclass(frozen=True)
class Rollout:
    """Changes of the models of a place."""

    place: urls.Place

    def deadline(self, timeout: float) -> float:
        """Until when to wait, by the monotonic clock: pods take longer than processes."""
        return time.monotonic() + max(timeout, self.place.settings.start_seconds)

    def changes(self, found: Json, predictors: list[Json], traffic: Traffic | None = None) -> Json:
        """What to merge into a resource as it was found, and only then."""
        check_predictors(predictors)
        asked = json.dumps(asdict(traffic)) if traffic else None
        old = (
            found["spec"].get("annotations") or {}
        ).keys() - self.place.settings.annotations.keys()
        return {
            "metadata": {
                "resourceVersion": found["metadata"]["resourceVersion"],
                "annotations": {ASKED: asked, COUNTED: None},
            },
            "spec": {
                "annotations": {**dict.fromkeys(old), **self.place.settings.annotations},
                "predictors": predictors,
            },
        }

    def roll(
        self,
        name: str,
        spec: ServiceSpec,
        change: Callable[[Json | None], Json],
        deadline: float,
        back: Callable[[Json], list[Json]] = lambda before: list(before["spec"]["predictors"]),
    ) -> None:
        """Change a resource and wait until the change is there; put it back when it is not."""
        before, after = self._write(name, spec.name, change, deadline)
        wanted = revisions(after)
        try:
            self._await(name, wanted, deadline)
            urls.await_answer(self.place, after)
        except SwitchyardError as error:
            left = self._put_back(name, wanted, before, back, CALM)
            raise type(error)(
                f"Version '{spec.version}' did not come up. {error} {left}"
            ) from error
        except BaseException:
            self._put_back(name, wanted, before, back, 0.0)
            raise

    def _write(
        self, name: str, model: str, change: Callable[[Json | None], Json], deadline: float
    ) -> tuple[Json | None, Json]:
        """Write a change to the resource as it is now; returns it as it was and as it is."""
        while True:
            found = self.place.cluster.read(name)
            if found is not None and found["metadata"].get("deletionTimestamp"):
                self.await_gone(name, deadline)
                continue
            if found is not None:
                _require_owner(found, model)
            try:
                if found is None:
                    return None, self.place.cluster.create(change(None))
                return found, self.place.cluster.patch(name, change(found))
            except Conflict:
                # The operator notes its progress in the same resource, and others may deploy.
                if time.monotonic() > deadline:
                    raise DeployError(
                        f"'{name}' is being changed all the time; try again."
                    ) from None

    def _await(self, name: str, wanted: set[str], deadline: float) -> None:
        pause = 0.1
        while not progress.is_up(self.place.cluster, name, wanted):
            now = self.place.cluster.read(name)
            if now is None or now["metadata"].get("deletionTimestamp"):
                raise DeployError("It was stopped meanwhile.")
            if revisions(now) != wanted:
                other = spec_of(now["spec"]["predictors"][0])
                raise DeployError(
                    f"Another deployment put version '{other.version if other else '?'}' there."
                )
            if time.monotonic() > deadline:
                why = progress.pending(self.place.cluster, name, wanted)
                raise DeployError(f"It is not ready in time: {why}.")
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _put_back(
        self,
        name: str,
        wanted: set[str],
        before: Json | None,
        back: Callable[[Json], list[Json]],
        patience: float,
    ) -> str:
        """Undo a change that failed, unless somebody else changed more; says what is left."""
        while True:
            found = self.place.cluster.read(name)
            if found is None or revisions(found) != wanted:
                return ""
            if before is None:
                self.place.cluster.delete(name)
                self.await_gone(name, time.monotonic() + patience, strict=False)
                return "There was none before it, so nothing is served."
            changes = self.changes(found, back(before))
            if len(changes["spec"]["predictors"]) > 1:
                changes["metadata"]["annotations"] = before["metadata"].get("annotations") or {}
            try:
                after = self.place.cluster.patch(name, changes)
            except Conflict:
                continue
            return self._await_calm(name, after, time.monotonic() + patience)

    def _await_calm(self, name: str, made: Json, deadline: float) -> str:
        version = version_of(made["spec"]["predictors"][0])
        while time.monotonic() < deadline:
            try:
                if progress.is_up(self.place.cluster, name, revisions(made)):
                    return f"Version '{version}' still answers."
            except SwitchyardError as error:
                return f"Version '{version}' was put back and is not well: {error}"
            time.sleep(0.5)
        return f"Version '{version}' was put back."

    def await_gone(self, name: str, deadline: float, strict: bool = True) -> None:
        while self.place.cluster.read(name) is not None or self.place.cluster.pods(name):
            if time.monotonic() > deadline:
                if strict:
                    raise DeployError(f"'{name}' is being deleted and its pods have not ended yet.")
                return
            time.sleep(0.2)


def is_of(found: Json, model: str) -> bool:
    """Whether a resource is ours, and this model's and not another's of a like name."""
    return (found["metadata"].get("annotations") or {}).get(MODEL) == model


def _require_owner(found: Json, model: str) -> None:
    owner = (found["metadata"].get("annotations") or {}).get(MODEL)
    if owner == model:
        return
    name = found["metadata"]["name"]
    whose = f"of the model '{owner}'" if owner else "that was not made by this deployer"
    raise ConfigError(
        f"The model '{model}' would be served as '{name}', and there is a SeldonDeployment {whose} "
        "under that name: choose another model name or another namespace."
    )


def revisions(made: Json) -> set[str]:
    """What tells the pods that a resource asks for from all others."""
    return {revision_of(each) for each in made["spec"]["predictors"]}


def version_of(made: Json) -> str:
    """The version that a predictor serves."""
    spec = spec_of(made)
    return spec.version if spec else "?"
