"""Serve, stop and try out versions on Seldon Core: the contract of `serving.spec`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from serving.errors import DeployError
from serving.spec import Access, Endpoint, Observation, ServiceSpec, Traffic
from stacks.flavors.seldon import counts, progress, urls
from stacks.flavors.seldon.cluster import Cluster, Conflict
from stacks.flavors.seldon.manifest import (
    CONTAINER,
    STABLE,
    alone,
    beside,
    manifest,
    predictor,
    revision_of,
    spec_of,
    traffic_of,
    tried,
)
from stacks.flavors.seldon.names import resource_name
from stacks.flavors.seldon.rollout import ASKED, COUNTED, Rollout, is_of, version_of
from stacks.flavors.seldon.rules import check, check_traffic
from stacks.flavors.seldon.settings import SeldonSettings
from stacks.flavors.seldon.urls import Place

Json = dict[str, Any]


@dataclass(frozen=True)
class SeldonModels:
    """The models of a place."""

    place: Place

    @property
    def cluster(self) -> Cluster:
        """The cluster and namespace."""
        return self.place.cluster

    @property
    def settings(self) -> SeldonSettings:
        """What the stack file says."""
        return self.place.settings

    @property
    def rollout(self) -> Rollout:
        """How the resource is changed."""
        return Rollout(self.place)

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve this version under its name, at the same URL as the version before it."""
        check(self.settings)
        name, made = resource_name(spec.name), manifest(spec, self.settings)

        def change(found: Json | None) -> Json:
            return (
                made if found is None else self.rollout.changes(found, made["spec"]["predictors"])
            )

        self.rollout.roll(name, spec, change, self.rollout.deadline(timeout))
        return self._endpoint(name)

    def endpoints(self) -> list[Endpoint]:
        """Every model that this deployer serves."""
        served = [urls.endpoint(self.place, made) for made in self.cluster.all()]
        return sorted((each for each in served if each is not None), key=lambda each: each.name)

    def stop(self, name: str, *, timeout: float = 60.0) -> bool:
        """Delete a model's deployment and wait until its last pod has ended."""
        resource = resource_name(name)
        found = self.cluster.read(resource)
        if found is None or not is_of(found, name):
            return False
        deadline = self.rollout.deadline(timeout)
        self.cluster.delete(resource)
        self.rollout.await_gone(resource, deadline)
        return True

    def try_out(self, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0) -> Endpoint:
        """Load a version beside the one that serves and let it have its share."""
        check(self.settings)
        check_traffic(traffic, self.settings)
        name = resource_name(spec.name)
        # What may not be read is told now, and not with a trial under way that nobody can judge.
        self._counts(name, _serving(self.cluster.read(name), spec.name))

        def change(found: Json | None) -> Json:
            stable = _serving(found, spec.name)
            other = tried(spec, traffic, _spec(stable), self.settings)
            return self.rollout.changes(found or {}, beside(stable, other, traffic), traffic)

        # A trial that was under way is over: what is put back after a failure is without it.
        def back(before: Json) -> list[Json]:
            return alone(before["spec"]["predictors"][0])

        self.rollout.roll(name, spec, change, self.rollout.deadline(timeout), back)
        self._note_counts(name)
        return self._endpoint(name)

    def observe(self, name: str) -> Observation | None:
        """The trial of a model as far as it has come; None when none is under way."""
        found = self.cluster.read(resource_name(name))
        if found is None or not is_of(found, name) or len(found["spec"]["predictors"]) < 2:
            return None
        stable, other = found["spec"]["predictors"]
        notes = found["metadata"].get("annotations") or {}
        asked = Traffic(**json.loads(notes[ASKED])) if ASKED in notes else traffic_of(other)
        noted = json.loads(notes.get(COUNTED, "{}"))
        before = {pod: counts.Counts(**each) for pod, each in noted.items()}
        now, then = (counts.total(self._counts(name, each), before) for each in (stable, other))
        return Observation(
            name,
            asked,
            stable=now.sample(version_of(stable)),
            trial=then.sample(version_of(other)),
            compared=then.compared,
            agreed=then.agreed,
            largest=then.largest,
            skipped=then.skipped,
        )

    def spec(self, name: str) -> ServiceSpec:
        """What serves under a name."""
        return _spec(_serving(self.cluster.read(resource_name(name)), name))

    def access(self, name: str) -> Access:  # noqa: ARG002
        """What a request must bring: the key, and on the way through the API server its token."""
        key = self.settings.api_key_from
        # The API server keeps the header Authorization for itself.
        headers = {"X-API-Key": self.cluster.secret(*key.split("/"))} if key else {}
        if self.settings.ingress_url or self.place.inside:
            return Access(headers)
        way = self.cluster.access()
        return Access({**way.headers, **headers}, way.certificate)

    def log(self, name: str) -> Iterator[str]:
        """The last lines that each pod of a model wrote."""
        for pod in self.cluster.pods(resource_name(name)):
            yield from self.cluster.log(pod["metadata"]["name"], CONTAINER, False).splitlines()

    def finish(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """Give all traffic to the version on trial, under the name of the one that served."""
        deadline, resource = self.rollout.deadline(timeout), resource_name(name)
        other = _trial(self.cluster.read(resource), name)
        spec = _spec(other)
        stable = predictor(STABLE, spec, self.settings)

        def change(found: Json | None) -> Json:
            now = _trial(found, name)
            if revision_of(now) != revision_of(other):
                raise DeployError(f"Another trial of '{name}' has begun meanwhile; look again.")
            # The one on trial answers on while the other's pods are replaced.
            return self.rollout.changes(found or {}, beside(stable, now, traffic_of(now)))

        self.rollout.roll(resource, spec, change, deadline)
        return self._alone(name, deadline)

    def withdraw(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """End the trial; the version that serves goes on alone."""
        _trial(self.cluster.read(resource_name(name)), name)
        return self._alone(name, self.rollout.deadline(timeout))

    def _alone(self, name: str, deadline: float) -> Endpoint:
        """Leave the serving version without the one on trial."""
        resource = resource_name(name)
        spec = _spec(_serving(self.cluster.read(resource), name))

        def change(found: Json | None) -> Json:
            return self.rollout.changes(found or {}, alone(_serving(found, name)))

        self.rollout.roll(resource, spec, change, deadline)
        return self._endpoint(resource)

    def _note_counts(self, name: str) -> None:
        """Keep what the pods had counted before the trial, in the resource itself."""
        while (found := self.cluster.read(name)) is not None:
            noted: dict[str, Any] = {}
            for each in found["spec"]["predictors"]:
                pods = self._counts(name, each)
                noted |= {pod: asdict(number) for pod, number in pods.items()}
            version = found["metadata"]["resourceVersion"]
            notes = {"resourceVersion": version, "annotations": {COUNTED: json.dumps(noted)}}
            try:
                self.cluster.patch(name, {"metadata": notes})
            except Conflict:
                continue
            return

    def _counts(self, name: str, each: Json) -> dict[str, counts.Counts]:
        pods = progress.pods_of(self.cluster, resource_name(name), {revision_of(each)})
        return counts.read(self.cluster, pods, self.settings.port, self.place.inside)

    def _endpoint(self, name: str) -> Endpoint:
        found = self.cluster.read(name)
        endpoint = None if found is None else urls.endpoint(self.place, found)
        if endpoint is None:
            raise DeployError(f"'{name}' was stopped meanwhile.")
        return endpoint


def _serving(found: Json | None, model: str) -> Json:
    """The predictor that serves a model."""
    if found is None or not is_of(found, model) or found["metadata"].get("deletionTimestamp"):
        raise DeployError(f"Nothing is served under the name '{model}': deploy a version first.")
    stable: Json = found["spec"]["predictors"][0]
    return stable


def _trial(found: Json | None, model: str) -> Json:
    """The predictor on trial beside it."""
    _serving(found, model)
    predictors: list[Json] = (found or {})["spec"]["predictors"]
    if len(predictors) < 2:
        raise DeployError(f"No version of '{model}' is on trial.")
    return predictors[1]


def _spec(made: Json) -> ServiceSpec:
    spec = spec_of(made)
    if spec is None:
        raise DeployError("The SeldonDeployment was changed by hand; deploy a version again.")
    return spec
