"""The stand-in's two doors: the Kubernetes API over TLS, and the ingress."""

import http.client
import itertools
import json
import re
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.kubernetes.access import Access
from tests.kubernetes.batch import Batch
from tests.kubernetes.operator import Operator, Route
from tests.kubernetes.pods import Pod
from tests.kubernetes.store import Refused, Store

Json = dict[str, Any]
CRS = "/apis/machinelearning.seldon.io/v1/namespaces/models/seldondeployments"
CORE = "/api/v1/namespaces/models"
MERGE = "application/merge-patch+json"
JSON = "application/json"
# What of a pod's answer concerns one connection alone.
OWN = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body of an answer together: one after the other costs a client 40 ms.
    wbufsize = -1

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, status: int, content: bytes, *kinds: str, **more: str) -> None:
        """Send an answer whole."""
        self.send_response(status)
        for name, value in {"content-type": next(iter(kinds), JSON), **more}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def api(
    store: Store,
    operator: Operator,
    token: str,
    faults: dict[str, int],
    access: Access,
    batch: Batch | None = None,
) -> type[Handler]:
    """The Kubernetes API: the handful of calls that a deployer needs, and a doctor.

    Args:
        batch: The part that has jobs, where there is one.
        faults: Kinds of resources that are answered with a status of their own: 403 where the
            token's role leaves them out, 404 where they are not installed.
    """

    class Api(Handler):
        def handle_any(self) -> None:
            body = self.body()
            try:
                if self.headers.get("authorization", "").lower() != f"bearer {token}":
                    raise Refused(401, "Unauthorized")
                self.answer(self.command, urlsplit(self.path), body)
            except Refused as error:
                details = {"name": error.name} if error.name else {}
                told = {"kind": "Status", "message": str(error), "details": details}
                self.send(error.status, json.dumps(told | {"code": error.status}).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def answer(self, method: str, url: Any, body: bytes) -> None:
            path, query = unquote(url.path), parse_qs(url.query)
            for kind, status in faults.items():
                if f"/{kind}" in path:
                    told = {403: f"{kind} is forbidden: the user cannot {method} them"}
                    raise Refused(status, told.get(status, "404 page not found"))
            if batch and (answer := batch.answer(method, path, query, body)) is not None:
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                kinds = ["text/plain"] if isinstance(answer, bytes) else []
                self.send(201 if method == "POST" else 200, text, *kinds)
                return
            asked = json.loads(body) if body and not path.startswith(CORE) else {}
            if (said := access.answer(method, path, asked)) is not None:
                self.send(201 if method == "POST" else 200, json.dumps(said).encode())
            elif path.startswith(CRS):
                made = self.resource(method, path[len(CRS) + 1 :], body, query)
                self.send(201 if method == "POST" else 200, json.dumps(made).encode())
            elif found := re.fullmatch(rf"{CORE}/pods/([^:/]+):(\d+)/proxy/(.*)", path):
                self.proxy(operator.pod(found[1]), int(found[2]), found[3])
            elif found := re.fullmatch(rf"{CORE}/services/http:([^:/]+):(\d+)/proxy(/.*)", path):
                self.proxy(operator.behind(found[1]), int(found[2]), found[3][1:], body)
            elif found := re.fullmatch(rf"{CORE}/pods/([^/]+)/log", path):
                self.send(200, operator.pod(found[1]).log.encode(), "text/plain")
            else:
                self.send(200, json.dumps({"items": listed(path, query)}).encode())

        def resource(self, method: str, name: str, body: bytes, query: Json) -> Json:
            if method == "GET" and not name:
                return {"items": [m for m in store.all() if _selected(m["metadata"], query)]}
            dry = query.get("dryRun") == ["All"]
            if method == "POST":
                return store.create(json.loads(body), dry=dry)
            if method == "PATCH":
                if self.headers["content-type"] != MERGE:
                    raise Refused(415, f"the body of the request was in {MERGE} only")
                return store.patch(name, json.loads(body), dry=dry)
            if method == "DELETE":
                store.delete(name)
            return store.read(name)

        def proxy(self, pod: Pod, port: int, path: str, body: bytes = b"") -> None:
            if port != pod.asked_port:
                raise Refused(503, f"no endpoints available on port {port}")
            status, content, headers = forward(pod, self.command, f"/{path}", body, kept(self))
            self.send(status, content, **headers)

    def listed(path: str, query: Json) -> list[Json]:
        kinds = {"pods": operator.pods_of, "services": operator.services}
        with store.lock:
            name = dict(p.split("=") for p in query["labelSelector"][0].split(","))
            owner = name["seldon-deployment-id"]
            if path == "/apis/apps/v1/namespaces/models/deployments":
                return operator.described(owner)
            if path.startswith(f"{CORE}/"):
                return kinds[path[len(CORE) + 1 :]](owner)
            raise Refused(404, "the server could not find the requested resource")

    return Api


def ingress(store: Store, operator: Operator) -> type[Handler]:
    """What leads requests to pods, by the weights of their predictors."""
    counters: dict[str, itertools.count[int]] = {}

    class Ingress(Handler):
        def handle_any(self) -> None:
            body = self.body()
            found = re.fullmatch(r"/seldon/models/([^/]+)(/.*)", self.path)
            route = operator.routes.get(found[1]) if found else None
            if found is None or route is None:
                self.send(404, b"no route", "text/plain")
                return
            number = next(counters.setdefault(found[1], itertools.count()))
            headers = kept(self)
            if self.command == "POST" and route.shadow and number * 37 % 100 < route.copies:
                copied = found[1], route.shadow, self.command, found[2], body, headers
                threading.Thread(target=lead, args=copied, daemon=True).start()
            chosen = _chosen(route, number)
            status, content, told = lead(found[1], chosen, self.command, found[2], body, headers)
            self.send(status, content, **told)

        do_GET = do_POST = handle_any  # noqa: N815

    def lead(
        name: str, predictor: str, method: str, path: str, body: bytes, headers: Json
    ) -> tuple[int, bytes, dict[str, str]]:
        with store.lock:
            mine = operator.deployments.get(name, {}).values()
            ready = [
                pod
                for each in mine
                for pod in each.pods
                if pod.ready and pod.template["metadata"]["labels"]["version"] == predictor
            ]
            operator.sent[name, predictor] += method == "POST"
            turn = operator.sent[name, predictor]
        if not ready:
            return 503, b"no healthy upstream", {}
        return forward(ready[turn % len(ready)], method, path, body, headers)

    return Ingress


def kept(asked: Handler) -> dict[str, str]:
    """The headers of a request that are handed on; one with a token is the door's own."""
    dropped = {"host"} if asked.path.startswith("/seldon/") else {"host", "authorization"}
    return {name: value for name, value in asked.headers.items() if name.lower() not in dropped}


def forward(
    pod: Pod, method: str, path: str, body: bytes, headers: Json
) -> tuple[int, bytes, dict[str, str]]:
    """Hand a request to a pod's process."""
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=10)
    try:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        told = {k.lower(): v for k, v in response.getheaders() if k.lower() not in OWN}
        return response.status, response.read(), told
    except (OSError, http.client.HTTPException) as error:
        return 502, str(error).encode(), {}
    finally:
        connection.close()


def _chosen(route: Route, number: int) -> str:
    """Which predictor answers: in each hundred requests, as many as its traffic says."""
    point = number * 37 % 100
    for name, share in route.shares:
        point -= share
        if point < 0:
            return name
    return route.shares[0][0]


def _selected(metadata: Json, query: Json) -> bool:
    wanted = dict(part.split("=") for part in query["labelSelector"][0].split(","))
    return bool(wanted.items() <= metadata.get("labels", {}).items())
