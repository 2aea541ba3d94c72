"""What Seldon's operator and Kubernetes' controllers do with a SeldonDeployment, in one loop."""

import copy
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kubernetes.pods import Pod
from tests.kubernetes.store import Refused, Store

Json = dict[str, Any]
# Seconds in which the operator has not yet seen a change, and its old status stands.
BLIND = 0.15


@dataclass
class Deployment:
    """A Deployment with its pods."""

    name: str
    labels: Json
    template: Json
    replicas: int
    generation: int = 1
    observed: int = 0
    pods: list[Pod] = field(default_factory=list)

    def current(self) -> list[Pod]:
        """The pods that run the template as it is now."""
        return [pod for pod in self.pods if pod.template["spec"] == self.template["spec"]]

    def settled(self) -> bool:
        """Whether nothing is left to do."""
        ready = [pod for pod in self.current() if pod.ready]
        return len(ready) == len(self.pods) == self.replicas


@dataclass(frozen=True)
class Route:
    """Where the ingress sends the requests for a resource: by pods' label, and what share."""

    shares: tuple[tuple[str, int], ...]
    shadow: str = ""
    copies: int = 0


class Operator:
    """Makes Deployments of SeldonDeployments and pods of Deployments."""

    def __init__(self, store: Store, home: Path, images: set[str], secrets: Json) -> None:
        self.store, self.home, self.images, self.secrets = store, home, images, secrets
        self.deployments: dict[str, dict[str, Deployment]] = {}
        self.routes: dict[str, Route] = {}
        self.ending: list[Pod] = []
        self.sent: Counter[tuple[str, str]] = Counter()
        self._seen: dict[str, tuple[int, float]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End every pod."""
        self._stop.set()
        self._thread.join()
        for pod in [*self.ending, *self.all_pods()]:
            pod.kill()

    def all_pods(self) -> list[Pod]:
        """The pods of every resource that are not about to end."""
        made = [each for parts in self.deployments.values() for each in parts.values()]
        return [pod for each in made for pod in each.pods]

    def _loop(self) -> None:
        while not self._stop.wait(0.03):
            with self.store.lock:
                for made in self.store.all():
                    self._reconcile(made)
                self.ending = [pod for pod in self.ending if not pod.gone()]
            for pod in self.all_pods():
                pod.look()

    def _reconcile(self, made: Json) -> None:
        name, generation = made["metadata"]["name"], made["metadata"]["generation"]
        parts = self.deployments.setdefault(name, {})
        if made["metadata"].get("deletionTimestamp"):
            self._end(name, parts)
            return
        seen, since = self._seen.get(name, (0, 0.0))
        if seen != generation:
            self._seen[name] = generation, time.monotonic()
            return
        if time.monotonic() - since < BLIND:
            return
        wanted = [self._wanted(made, each) for each in made["spec"]["predictors"]]
        for each in wanted:
            self._apply(parts, each)
        for each in parts.values():
            self._roll(each)
        now = {each.name for each in wanted}
        if all(parts[each].settled() for each in now):
            self.routes[name] = _route(made)
            for old in parts.keys() - now:
                self._drop(parts.pop(old))
            self.store.note(name, {"state": "Available"})
        else:
            self.store.note(name, {"state": "Creating"})

    def _wanted(self, made: Json, predictor: Json) -> Deployment:
        name, owner = f"{made['metadata']['name']}-{predictor['name']}", made["metadata"]["name"]
        component = predictor["componentSpecs"][0]
        labels = {
            "seldon-deployment-id": owner,
            "seldon-app": name,
            "seldon-app-svc": f"{name}-classifier",
            "version": predictor["name"],
            **predictor.get("labels", {}),
        }
        template = {"metadata": {"labels": labels}, "spec": copy.deepcopy(component["spec"])}
        least = component.get("hpaSpec", {}).get("minReplicas", 1)
        replicas = predictor.get("replicas", least)
        return Deployment(f"{name}-0-classifier", labels, template, replicas)

    def _apply(self, parts: dict[str, Deployment], wanted: Deployment) -> None:
        found = parts.setdefault(wanted.name, wanted)
        if found.template["spec"] != wanted.template["spec"]:
            # Only another pod is a change; other labels alone are none, as with the real operator.
            found.template = wanted.template
            found.generation += 1
        found.replicas = wanted.replicas

    def _roll(self, made: Deployment) -> None:
        """One pod more than asked for at a time, and no old one ends before a new one is ready."""
        made.observed = made.generation
        if len(made.current()) < made.replicas and len(made.pods) <= made.replicas:
            pod = Pod(made.name, made.template, self.home, self.images, self.secrets)
            made.pods.append(pod)
        current = made.current()
        others = [pod for pod in made.pods if pod not in current]
        surplus = [pod for pod in current if pod.ready][made.replicas :]
        # A new pod that never was ready goes first when the old template is asked for again.
        for pod in [*(p for p in others if not p.ready), *surplus]:
            self._retire(made, pod)
        ready = sum(pod.ready for pod in made.pods)
        if others and ready > made.replicas:
            self._retire(made, next(pod for pod in made.pods if pod in others and pod.ready))

    def _retire(self, made: Deployment, pod: Pod) -> None:
        made.pods.remove(pod)
        pod.end()
        self.ending.append(pod)

    def _drop(self, made: Deployment) -> None:
        for pod in list(made.pods):
            self._retire(made, pod)

    def _end(self, name: str, parts: dict[str, Deployment]) -> None:
        for each in parts.values():
            self._drop(each)
        if not any(pod.name.startswith(f"{name}-") for pod in self.ending):
            self.deployments.pop(name, None)
            self.routes.pop(name, None)
            self._seen.pop(name, None)
            self.store.forget(name)

    def described(self, name: str) -> list[Json]:
        """A resource's Deployments as the API shows them."""
        return [_described(each) for each in self.deployments.get(name, {}).values()]

    def pods_of(self, name: str) -> list[Json]:
        """A resource's pods as the API shows them."""
        mine = [pod for each in self.deployments.get(name, {}).values() for pod in each.pods]
        ending = [pod for pod in self.ending if pod.name.startswith(f"{name}-")]
        return [pod.described(False) for pod in mine] + [pod.described(True) for pod in ending]

    def pod(self, name: str) -> Pod:
        """A pod by its name."""
        for pod in [*self.all_pods(), *self.ending]:
            if pod.name == name:
                return pod
        raise Refused(404, f'pods "{name}" not found', name)

    def behind(self, service: str) -> Pod:
        """A ready pod behind a predictor's service."""
        for pod in self.all_pods():
            if pod.ready and pod.template["metadata"]["labels"]["seldon-app"] == service:
                return pod
        raise Refused(503, f'no endpoints available for service "{service}"')

    def services(self, name: str) -> list[Json]:
        """A resource's services: of each container, and of each predictor, as without executor."""
        found = []
        for each in self.deployments.get(name, {}).values():
            app, own_ports = (
                each.labels["seldon-app"],
                each.template["spec"]["containers"][0]["ports"],
            )
            named = {"grpc": 9500} | {port["name"]: port["containerPort"] for port in own_ports}
            ports = [{"name": name, "port": number} for name, number in named.items()]
            common = {"seldon-deployment-id": name, "seldon-app": app}
            own = {"seldon-app-svc": each.labels["seldon-app-svc"]}
            found += [
                _service(own["seldon-app-svc"], common | own, own, ports),
                _service(app, common, {"seldon-app": app}, ports),
            ]
        return found


def _route(made: Json) -> Route:
    predictors = made["spec"]["predictors"]
    shares = tuple((p["name"], p.get("traffic", 0)) for p in predictors if not p.get("shadow"))
    for each in predictors:
        if each.get("shadow"):
            return Route(shares, each["name"], each.get("traffic") or 100)
    return Route(shares)


def _described(made: Deployment) -> Json:
    current = made.current() if made.observed == made.generation else []
    return {
        "metadata": {"name": made.name, "labels": made.labels, "generation": made.generation},
        "spec": {"replicas": made.replicas, "template": made.template},
        "status": {
            "observedGeneration": made.observed,
            "replicas": len(made.pods),
            "updatedReplicas": len(current),
            "availableReplicas": sum(pod.ready for pod in made.pods),
        },
    }


def _service(name: str, labels: Json, selector: Json, ports: list[Json]) -> Json:
    metadata = {"name": name, "labels": labels}
    return {"metadata": metadata, "spec": {"selector": selector, "ports": ports}}
