"""The stand-in's second door: the ingress, which leads requests to the pods of models."""

import itertools
import re
import threading
from dataclasses import dataclass, field

from tests.kubernetes.doors import Handler, Json, forward, kept
from tests.kubernetes.operator import Operator, Route
from tests.kubernetes.pods import Pod
from tests.kubernetes.store import Store

Answer = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Roads:
    """Which pods a request may be led to, and whose turn it is."""

    store: Store
    operator: Operator
    counters: dict[str, "itertools.count[int]"] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """How many requests for a model came before this one."""
        return next(self.counters.setdefault(name, itertools.count()))

    def lead(
        self, name: str, predictor: str, method: str, path: str, body: bytes, headers: Json
    ) -> Answer:
        """Hand a request to one of a predictor's pods, each in its turn."""
        with self.store.lock:
            ready = self.ready(name, predictor)
            self.operator.sent[name, predictor] += method == "POST"
            turn = self.operator.sent[name, predictor]
        if not ready:
            return 503, b"no healthy upstream", {}
        return forward(ready[turn % len(ready)], method, path, body, headers)

    def ready(self, name: str, predictor: str) -> list[Pod]:
        """The pods of a predictor that answer."""
        return [
            pod
            for each in self.operator.deployments.get(name, {}).values()
            for pod in each.pods
            if pod.ready and pod.template["metadata"]["labels"]["version"] == predictor
        ]


class Ingress(Handler):
    """What leads requests to pods, by the weights of their predictors."""

    roads: Roads

    def handle_any(self) -> None:
        """Lead a request to a pod, and a copy of it to one that is tried in the shadow."""
        body = self.body()
        found = re.fullmatch(r"/seldon/models/([^/]+)(/.*)", self.path)
        route = self.roads.operator.routes.get(found[1]) if found else None
        if found is None or route is None:
            self.send(404, b"no route", "text/plain")
            return
        number = self.roads.number(found[1])
        asked = self.command, found[2], body, kept(self)
        if self.command == "POST" and route.shadow and number * 37 % 100 < route.copies:
            copied = found[1], route.shadow, *asked
            threading.Thread(target=self.roads.lead, args=copied, daemon=True).start()
        status, content, told = self.roads.lead(found[1], _chosen(route, number), *asked)
        self.send(status, content, **told)

    do_GET = do_POST = handle_any  # noqa: N815


def ingress(store: Store, operator: Operator) -> type[Ingress]:
    """The door, as a server takes it."""
    return type("Door", (Ingress,), {"roads": Roads(store, operator)})


def _chosen(route: Route, number: int) -> str:
    """Which predictor answers: in each hundred requests, as many as its traffic says."""
    point = number * 37 % 100
    for name, share in route.shares:
        point -= share
        if point < 0:
            return name
    return route.shares[0][0]
