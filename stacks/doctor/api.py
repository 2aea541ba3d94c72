"""Questions to the API server of a cluster: nothing is made, and no secret is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stacks.flavors.seldon.cluster import connect
from stacks.problem import SECONDS

Json = dict[str, Any]
REVIEWS = "/apis/authorization.k8s.io/v1"
# Of a resource, only what tells that it is there: a secret's values stay where they are.
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@dataclass(frozen=True, slots=True)
class Right:
    """Something that the cluster may allow or not.

    Args:
        group: The API group; empty for the core one.
        resource: With its subresource after a slash.
        name: Of one resource, where only that one matters.
    """

    verb: str
    resource: str
    group: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}"

    @property
    def kind(self) -> str:
        """The resource as kubectl writes it."""
        head, slash, rest = self.resource.partition("/")
        return f"{head}.{self.group}{slash}{rest}" if self.group else self.resource


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said; `status` is 0 where nobody answered."""

    status: int
    body: Json

    @property
    def message(self) -> str:
        """Its own words."""
        return str(self.body.get("message", ""))


@dataclass(frozen=True)
class Api:
    """An API server, as a context of the kubeconfig leads to it.

    Args:
        client: The official client's ApiClient.
        context: None for the current one.
    """

    client: Any
    context: str | None

    def ask(self, method: str, path: str, body: Json | None = None, accept: str = "") -> Answer:
        """One request and its answer."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            response = self.client.call_api(
                path,
                method,
                header_params=_headers(method, accept),
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=SECONDS,
            )
        except ApiException as error:
            return Answer(int(error.status or 0), _parsed(error.body))
        except (HTTPError, OSError):
            return Answer(0, {})
        return Answer(response.status, _parsed(response.data))

    def there(self, path: str) -> bool | None:
        """Whether something is there; None where that is not told."""
        answer = self.ask("GET", path, accept=METADATA)
        return {200: True, 404: False}.get(answer.status)

    def missing(
        self, namespace: str, rights: Sequence[Right], account: str | None = None
    ) -> list[Right] | None:
        """Those of the rights that are not given; None where that is not told.

        Args:
            account: NAMESPACE:NAME of a service account; without one, who asks.
        """
        answers = [self._review(namespace, right, account) for right in rights]
        if any(allowed is None for allowed in answers):
            return None
        return [right for right, allowed in zip(rights, answers, strict=True) if not allowed]

    def _review(self, namespace: str, right: Right, account: str | None) -> bool | None:
        resource, _, inner = right.resource.partition("/")
        asked = {"namespace": namespace, "verb": right.verb, "group": right.group}
        asked |= {"resource": resource, "subresource": inner, "name": right.name}
        spec: Json = {"resourceAttributes": asked}
        kind = "SelfSubjectAccessReview"
        if account is not None:
            kind, spec["user"] = "SubjectAccessReview", f"system:serviceaccount:{account}"
            spec["groups"] = ["system:serviceaccounts", "system:authenticated"]
            spec["groups"].append(f"system:serviceaccounts:{account.partition(':')[0]}")
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        answer = self.ask("POST", f"{REVIEWS}/{kind.lower()}s", body)
        found = answer.body.get("status", {})
        return bool(found.get("allowed")) if answer.status in (200, 201) else None


def api(context: str | None) -> Api:
    """The API server behind a context, or the one of the cluster that this process runs in.

    Raises:
        ConfigError: There is none.
    """
    from kubernetes.client import ApiClient

    settings = connect("", context).api.configuration
    settings.retries = False
    return Api(ApiClient(settings), context)


def _headers(method: str, accept: str) -> dict[str, str]:
    kinds = {"POST": "application/json", "PATCH": "application/merge-patch+json"}
    sent = {"Content-Type": kinds[method]} if method in kinds else {}
    return {"Accept": accept or "application/json", **sent}


def _parsed(body: Any) -> Json:
    try:
        found = json.loads(body or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}  # type: ignore[return-value]
