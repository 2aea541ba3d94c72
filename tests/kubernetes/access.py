"""What the stand-in's API server says of rights, and of things beside SeldonDeployments."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.store import Refused

Json = dict[str, Any]
ME = "me"
REVIEW = "/apis/authorization.k8s.io/v1/(self)?subjectaccessreviews"
CORE = "/api/v1/namespaces/"
PIPELINES = "kubeflow/services/ml-pipeline:http/proxy/apis/v2beta1/healthz"


@dataclass
class Access:
    """Everything that the stand-in has beside its resources; everybody may do everything.

    Args:
        denied: But what stands here, as (who, verb, resource): who is "me" or a user's name.
        there: What is there, by its path below `/api/v1/namespaces/`.
        secrets: The variables of each secret of the namespace `models`.
    """

    secrets: dict[str, Any]
    denied: set[tuple[str, str, str]] = field(default_factory=set)
    there: set[str] = field(
        default_factory=lambda: {"models", "kubeflow", "kubeflow/serviceaccounts/pipeline-runner"}
    )

    def answer(self, method: str, path: str, body: Json) -> Json | None:
        """An answer; None where another part of the stand-in has it."""
        if found := re.fullmatch(REVIEW, path):
            return self._review(body["spec"], own=bool(found[1]))
        if method == "GET" and path in ("/version", f"{CORE}{PIPELINES}"):
            return {"gitVersion": "v1.36.0"}
        kinds = r"[^/]+(/(serviceaccounts|secrets)/[^/]+)?"
        if method == "GET" and re.fullmatch(rf"{CORE}{kinds}", path):
            return self._thing(path.removeprefix(CORE))
        return None

    def _thing(self, place: str) -> Json:
        secrets = {f"models/secrets/{name}" for name in self.secrets}
        if place not in {*self.there, *secrets}:
            raise Refused(404, f'"{place}" not found', place.rpartition("/")[2])
        if place in secrets:
            held = self.secrets[place.rpartition("/")[2]]
            return {"data": {k: base64.b64encode(v.encode()).decode() for k, v in held.items()}}
        return {"kind": "PartialObjectMetadata", "metadata": {"name": place.rpartition("/")[2]}}

    def _review(self, spec: Json, *, own: bool) -> Json:
        asked, who = spec["resourceAttributes"], ME if own else spec["user"]
        resource = "/".join(filter(None, (asked["resource"], asked["subresource"])))
        return {"status": {"allowed": (who, asked["verb"], resource) not in self.denied}}
