"""Where a model answers: at the ingress, at its service, or through the API server."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx

from serving.errors import DeployError
from serving.spec import SELDON, Endpoint, ServiceSpec
from stacks.flavors.seldon import progress
from stacks.flavors.seldon.cluster import Cluster
from stacks.flavors.seldon.manifest import revision_of, spec_of
from stacks.flavors.seldon.settings import SeldonSettings

Json = dict[str, Any]
Word = Literal["ready", "starting", "failed"]
# Seconds that an ingress gets to follow, once the pods are ready.
FOLLOW = 60.0


@dataclass(frozen=True)
class Place:
    """Where models are served.

    Args:
        inside: Whether this process runs in the cluster, where services have names.
    """

    cluster: Cluster
    settings: SeldonSettings
    inside: bool = False


def endpoint(place: Place, made: Json) -> Endpoint | None:
    """Where a SeldonDeployment's model answers; None for one that ends or is not ours."""
    stable = (made["spec"].get("predictors") or [{}])[0]
    spec = spec_of(stable)
    if spec is None or made["metadata"].get("deletionTimestamp"):
        return None
    url = base(place, made)
    status, detail = _state(place, made, stable)
    return Endpoint(
        name=spec.name,
        version=spec.version,
        url=url,
        predict_url=f"{url}/v2/models/{quote(spec.name, safe='')}/infer" if url else "",
        seldon_url=f"{url}{SELDON}" if url else "",
        status=status,
        detail=detail,
        grpc_target=_grpc(place, made),
    )


def base(place: Place, made: Json) -> str:
    """What the URLs of a model begin with; empty while it has no service yet."""
    name, namespace = made["metadata"]["name"], place.settings.namespace
    if place.settings.ingress_url:
        return f"{place.settings.ingress_url.rstrip('/')}/seldon/{namespace}/{name}"
    service = _service(place, name, made["spec"]["predictors"][0])
    if service is None:
        return ""
    found = service["metadata"]["name"]
    port = next(p["port"] for p in service["spec"]["ports"] if p.get("name") == "http")
    if place.inside:
        return f"http://{found}.{namespace}.svc:{port}"
    host = place.cluster.host.rstrip("/")
    return f"{host}/api/v1/namespaces/{namespace}/services/http:{found}:{port}/proxy"


def _grpc(place: Place, made: Json) -> str:
    """HOST:PORT of gRPC; an ingress tells models apart by a call's metadata, as Seldon has it."""
    if place.settings.grpc_port is None:
        return ""
    if url := place.settings.ingress_url:
        found = urlsplit(url)
        return f"{found.hostname}:{found.port or (443 if found.scheme == 'https' else 80)}"
    service = _service(place, made["metadata"]["name"], made["spec"]["predictors"][0])
    if service is None or not place.inside:
        return ""
    port = next(p["port"] for p in service["spec"]["ports"] if p.get("name") == "grpc")
    return f"{service['metadata']['name']}.{place.settings.namespace}.svc:{port}"


def await_answer(place: Place, made: Json) -> None:
    """Wait until the version that serves also answers at its URL.

    Raises:
        DeployError: Its pods are ready and its URL leads elsewhere.
    """
    spec = spec_of(made["spec"]["predictors"][0])
    if spec is None or not (place.settings.ingress_url or place.inside):
        return  # The way through the API server asks for what only its own client knows.
    deadline = time.monotonic() + FOLLOW
    while (found := _asked(url := f"{base(place, made)}/readyz", spec)) is not None:
        if len(made["spec"]["predictors"]) > 1 and found.startswith("version"):
            return  # With a trial beside it, the one on trial may answer.
        if time.monotonic() > deadline:
            raise DeployError(f"Its pods are ready, and {url} answers with {found}.")
        time.sleep(0.3)


def _asked(url: str, spec: ServiceSpec) -> str | None:
    """What else than the version answers at a URL; None when it is the version."""
    try:
        answer = httpx.get(url, timeout=5.0, trust_env=False)
        body = answer.json() if answer.status_code == httpx.codes.OK else {}
    except (httpx.HTTPError, ValueError) as error:
        return f"an error: {error}"
    if not isinstance(body, dict) or "version" not in body:
        return f"status {answer.status_code}"
    if (body["version"], body.get("digest")) != (spec.version, spec.digest):
        return f"version '{body['version']}'"
    return None


def _state(place: Place, made: Json, stable: Json) -> tuple[Word, str]:
    name = made["metadata"]["name"]
    found = progress.deployments_of(place.cluster, name).get(revision_of(stable))
    if found is not None and progress.settled(found):
        return "ready", ""
    status = made.get("status") or {}
    detail = progress.pending(place.cluster, name, {revision_of(stable)})
    return ("failed" if status.get("state") == "Failed" else "starting"), detail


def _service(place: Place, name: str, stable: Json) -> Json | None:
    """The service of the serving predictor, known by the pods that it selects.

    Its name is not to be built: the operator shortens a long one to a hash.
    """
    found = progress.deployments_of(place.cluster, name).get(revision_of(stable))
    labels = found["spec"]["template"]["metadata"]["labels"] if found else {}
    for service in place.cluster.services(name):
        selector = service["spec"].get("selector") or {}
        # One service leads to the container, another one to the predictor: the one for callers.
        is_container = "seldon-app-svc" in (service["metadata"].get("labels") or {})
        if selector and not is_container and selector.items() <= labels.items():
            return service
    return None
