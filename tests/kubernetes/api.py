"""The stand-in's first door: the Kubernetes API over TLS."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.kubernetes.access import Access
from tests.kubernetes.batch import Batch
from tests.kubernetes.doors import Handler, Json, forward, kept
from tests.kubernetes.operator import Operator
from tests.kubernetes.pods import Pod
from tests.kubernetes.store import Refused, Store

CRS = "/apis/machinelearning.seldon.io/v1/namespaces/models/seldondeployments"
CORE = "/api/v1/namespaces/models"
DEPLOYMENTS = "/apis/apps/v1/namespaces/models/deployments"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Behind:
    """What the door leads to.

    Args:
        token: What a client shows.
        faults: Kinds of resources that are answered with a status of their own: 403 where the
            token's role leaves them out, 404 where they are not installed.
        batch: The part that has jobs, where there is one.
    """

    store: Store
    operator: Operator
    token: str
    faults: dict[str, int]
    access: Access
    batch: Batch | None = None

    def listed(self, path: str, query: Json) -> list[Json]:
        """What belongs to the SeldonDeployment that a selector names."""
        kinds = {"pods": self.operator.pods_of, "services": self.operator.services}
        with self.store.lock:
            owner = _wanted(query)["seldon-deployment-id"]
            if path == DEPLOYMENTS:
                return self.operator.described(owner)
            if path.startswith(f"{CORE}/"):
                return kinds[path[len(CORE) + 1 :]](owner)
            raise Refused(404, "the server could not find the requested resource")


class Api(Handler):
    """The handful of calls that a deployer needs, an orchestrator, and a doctor."""

    behind: Behind

    def handle_any(self) -> None:
        """Answer a request, or say why not as Kubernetes does."""
        body = self.body()
        try:
            if self.headers.get("authorization", "").lower() != f"bearer {self.behind.token}":
                raise Refused(401, "Unauthorized")
            self.answer(urlsplit(self.path), body)
        except Refused as error:
            details = {"name": error.name} if error.name else {}
            told = {"kind": "Status", "message": str(error), "details": details}
            self.send(error.status, json.dumps(told | {"code": error.status}).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def answer(self, url: Any, body: bytes) -> None:
        """Answer a client that is known."""
        path, query = unquote(url.path), parse_qs(url.query)
        self.refuse_faulty(path)
        batch = self.behind.batch
        if batch and (said := batch.answer(self.command, path, query, body)) is not None:
            if isinstance(said, bytes):
                self.send(200, said, "text/plain")
            else:
                self.tell(said)
            return
        asked = json.loads(body) if body and not path.startswith(CORE) else {}
        if (allowed := self.behind.access.answer(self.command, path, asked)) is not None:
            self.tell(allowed)
        elif path.startswith(CRS):
            self.tell(self.resource(path[len(CRS) + 1 :], body, query))
        elif not self.leads_on(path, body):
            self.send(200, json.dumps({"items": self.behind.listed(path, query)}).encode())

    def refuse_faulty(self, path: str) -> None:
        """Refuse what a test wants refused."""
        for kind, status in self.behind.faults.items():
            if f"/{kind}" in path:
                told = {403: f"{kind} is forbidden: the user cannot {self.command} them"}
                raise Refused(status, told.get(status, "404 page not found"))

    def leads_on(self, path: str, body: bytes) -> bool:
        """Whether the path led to a pod: by its name, by a service, or to what it wrote."""
        operator = self.behind.operator
        if found := re.fullmatch(rf"{CORE}/pods/([^:/]+):(\d+)/proxy/(.*)", path):
            self.proxy(operator.pod(found[1]), int(found[2]), found[3])
        elif found := re.fullmatch(rf"{CORE}/services/http:([^:/]+):(\d+)/proxy(/.*)", path):
            self.proxy(operator.behind(found[1]), int(found[2]), found[3][1:], body)
        elif found := re.fullmatch(rf"{CORE}/pods/([^/]+)/log", path):
            self.send(200, operator.pod(found[1]).log.encode(), "text/plain")
        return found is not None

    def resource(self, name: str, body: bytes, query: Json) -> Json:
        """Do what is asked with SeldonDeployments."""
        store, dry = self.behind.store, query.get("dryRun") == ["All"]
        if self.command == "GET" and not name:
            return {"items": [m for m in store.all() if _selected(m["metadata"], query)]}
        if self.command == "POST":
            return store.create(json.loads(body), dry=dry)
        if self.command == "PATCH":
            if self.headers["content-type"] != MERGE:
                raise Refused(415, f"the body of the request was in {MERGE} only")
            return store.patch(name, json.loads(body), dry=dry)
        if self.command == "DELETE":
            store.delete(name)
        return store.read(name)

    def proxy(self, pod: Pod, port: int, path: str, body: bytes = b"") -> None:
        """Hand the request to a pod."""
        if port != pod.asked_port:
            raise Refused(503, f"no endpoints available on port {port}")
        status, content, headers = forward(pod, self.command, f"/{path}", body, kept(self))
        self.send(status, content, **headers)


def api(behind: Behind) -> type[Api]:
    """The door, as a server takes it."""
    return type("Door", (Api,), {"behind": behind})


def _wanted(query: Json) -> dict[str, str]:
    return dict(part.split("=") for part in query["labelSelector"][0].split(","))


def _selected(metadata: Json, query: Json) -> bool:
    return bool(_wanted(query).items() <= metadata.get("labels", {}).items())
