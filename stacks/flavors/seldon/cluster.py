"""The few calls to the Kubernetes API, by its official client, with errors made for people."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.errors import ConfigError, DeployError
from serving.spec import Access
from stacks.flavors.seldon.manifest import GROUP, OWNER, PLURAL, VERSION

Json = dict[str, Any]
# Where a pod finds what its service account may do.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# By which the operator marks everything that it makes for a SeldonDeployment.
ID = "seldon-deployment-id"
SECONDS = 30.0


class Conflict(Exception):  # noqa: N818
    """The resource was changed, made or deleted since it was read: read it again."""


@dataclass(frozen=True)
class Cluster:
    """A namespace of a cluster.

    Args:
        api: The official client's ApiClient.
    """

    api: Any
    namespace: str

    @property
    def host(self) -> str:
        """The API server's address."""
        return str(self.api.configuration.host)

    def read(self, name: str) -> Json | None:
        """A SeldonDeployment; None where there is none of that name."""
        from kubernetes.client.exceptions import ApiException

        try:
            return self._call("GET", self._path(name))
        except ApiException as error:
            if error.status == 404 and _details(error).get("name"):
                return None
            raise _told(error, self) from error

    def all(self) -> list[Json]:
        """Every SeldonDeployment of our making."""
        found: list[Json] = self._get(self._path(), _selector(OWNER))["items"]
        return found

    def create(self, manifest: Json) -> Json:
        """Make a SeldonDeployment.

        Raises:
            Conflict: There is one of that name.
        """
        return self._write("POST", self._path(), manifest, "application/json")

    def patch(self, name: str, changes: Json) -> Json:
        """Merge changes into a SeldonDeployment, which keeps it the same resource.

        Args:
            changes: With the resource version that they were made for.

        Raises:
            Conflict: The resource is another version by now.
        """
        kind = "application/merge-patch+json"
        return self._write("PATCH", self._path(name), changes, kind)

    def delete(self, name: str) -> bool:
        """Delete a SeldonDeployment with everything that the operator made for it."""
        from kubernetes.client.exceptions import ApiException

        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
        try:
            self._call("DELETE", self._path(name), options, "application/json")
        except ApiException as error:
            if error.status != 404:
                raise _told(error, self) from error
            return False
        return True

    def deployments(self, name: str) -> list[Json]:
        """The Deployments that the operator made for a SeldonDeployment."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments"
        found: list[Json] = self._get(path, _selector({ID: name}))["items"]
        return found

    def pods(self, name: str) -> list[Json]:
        """The pods of a SeldonDeployment."""
        return self._core("pods", name)

    def services(self, name: str) -> list[Json]:
        """The services of a SeldonDeployment."""
        return self._core("services", name)

    def metrics(self, pod: str, port: int) -> str:
        """What a pod's /metrics shows, read through the API server; empty when it is gone."""
        from kubernetes.client.exceptions import ApiException

        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}:{port}/proxy/metrics"
        try:
            return self._text(path, ())
        except ApiException as error:
            if error.status in (401, 403):
                raise _told(error, self) from error
            return ""

    def secret(self, name: str, key: str) -> str:
        """What a secret holds under a key.

        Raises:
            ConfigError: There is no such secret, or it has no such key.
            DeployError: It may not be read.
        """
        from kubernetes.client.exceptions import ApiException

        try:
            held = self._call("GET", f"/api/v1/namespaces/{self.namespace}/secrets/{name}")
            return base64.b64decode(held["data"][key]).decode().strip()
        except ApiException as error:
            if error.status != 404:
                raise _told(error, self) from error
        except KeyError:
            pass
        raise ConfigError(
            f"The secret '{name}' of namespace '{self.namespace}' holds no '{key}': make it with "
            f"`kubectl -n {self.namespace} create secret generic {name} --from-file={key}=FILE`."
        )

    def log(self, pod: str, container: str, previous: bool) -> str:
        """The last lines that a container wrote; empty where there are none to be had."""
        from kubernetes.client.exceptions import ApiException

        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        query = [("container", container), ("tailLines", "40")]
        query += [("previous", "true")] if previous else []
        try:
            return self._text(path, query)
        except ApiException:
            return ""

    def access(self) -> Access:
        """What a request to the API server must bring, where that is a token."""
        settings = self.api.configuration
        token = settings.get_api_key_with_prefix("authorization")
        authority = Path(settings.ssl_ca_cert).read_text() if settings.ssl_ca_cert else ""
        return Access({"Authorization": token} if token else {}, authority)

    def _path(self, name: str = "") -> str:
        base = f"/apis/{GROUP}/{VERSION}/namespaces/{self.namespace}/{PLURAL}"
        return f"{base}/{name}" if name else base

    def _core(self, kind: str, name: str) -> list[Json]:
        path = f"/api/v1/namespaces/{self.namespace}/{kind}"
        found: list[Json] = self._get(path, _selector({ID: name}))["items"]
        return found

    def _get(self, path: str, query: Any = ()) -> Json:
        from kubernetes.client.exceptions import ApiException

        try:
            return self._call("GET", path, query=query)
        except ApiException as error:
            raise _told(error, self) from error

    def _write(self, method: str, path: str, body: Json, kind: str) -> Json:
        from kubernetes.client.exceptions import ApiException

        try:
            return self._call(method, path, body, kind)
        except ApiException as error:
            gone = method == "PATCH" and error.status == 404
            if error.status == 409 or gone:
                raise Conflict(path) from error
            raise _told(error, self) from error

    def _text(self, path: str, query: Any) -> str:
        return bytes(self._send("GET", path, None, "", query)).decode(errors="replace")

    def _call(
        self, method: str, path: str, body: Json | None = None, kind: str = "", query: Any = ()
    ) -> Json:
        answer: Json = json.loads(self._send(method, path, body, kind, query))
        return answer

    def _send(self, method: str, path: str, body: Json | None, kind: str, query: Any) -> bytes:
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json, */*"}
        if kind:
            # By hand: the client's own method for custom resources sends a dictionary as a
            # strategic merge patch, which the API server takes for built-in resources only.
            headers["Content-Type"] = kind
        try:
            response = self.api.call_api(
                path,
                method,
                query_params=list(query),
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=SECONDS,
            )
        except (HTTPError, OSError) as error:
            raise DeployError(
                f"The Kubernetes API at {self.host} does not answer: {error}"
            ) from error
        return bytes(response.data)


def connect(
    namespace: str,
    context: str | None = None,
    *,
    account: Path = ACCOUNT,
    environ: Mapping[str, str] = os.environ,
) -> Cluster:
    """The cluster that this process runs in, or the one that the kubeconfig's context names.

    Raises:
        ConfigError: There is neither.
    """
    from kubernetes.client import ApiClient, Configuration
    from kubernetes.config import ConfigException, load_kube_config
    from kubernetes.config.incluster_config import InClusterConfigLoader

    settings = Configuration()
    try:
        if is_inside(account, environ):
            files = str(account / "token"), str(account / "ca.crt")
            InClusterConfigLoader(*files, environ=environ).load_and_set(settings)
        else:
            load_kube_config(
                environ.get("KUBECONFIG") or None, context=context, client_configuration=settings
            )
    except (ConfigException, OSError) as error:
        wanted = f"kubernetes_context '{context}'" if context else "the current context"
        raise ConfigError(
            f"The kubeconfig does not lead to a cluster by {wanted}: {error} "
            "`kubectl config get-contexts` lists those that are there."
        ) from error
    return Cluster(ApiClient(settings), namespace)


def is_inside(account: Path = ACCOUNT, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process runs in a pod."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (account / "token").is_file()


def _selector(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("labelSelector", ",".join(f"{key}={value}" for key, value in labels.items()))]


def _details(error: Any) -> Json:
    status = _status(error)
    return dict(status.get("details") or {})


def _status(error: Any) -> Json:
    try:
        found = json.loads(error.body or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _told(error: Any, cluster: Cluster) -> DeployError:
    """What the API server said, and what to do about it."""
    said = _status(error).get("message") or error.reason or ""
    if error.status == 401:
        return DeployError(f"The Kubernetes API at {cluster.host} does not know who asks: {said}")
    if error.status == 403:
        return DeployError(f"The Kubernetes API forbids it; a role must allow it: {said}")
    if error.status == 404:
        return DeployError(
            f"The cluster at {cluster.host} has no SeldonDeployments: install Seldon Core 1 there, "
            "or choose another kubernetes_context."
        )
    return DeployError(f"The Kubernetes API refuses it ({error.status}): {said}")
