"""A pod of a job: its container is a real one, of the very image and environment it asks for.

It has the network of this machine, where a real pod has its own, and finds the API server and its
account's token where a kubelet puts them.
"""

import itertools
import threading
import time
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from stacks.flavors.dealing.pods import bytes_of

Json = dict[str, Any]
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
LABEL = "switchyard.stand-in"
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Node:
    """The one node.

    Args:
        docker: The engine.
        name: What its containers are labelled with.
        account: The folder with the token of every service account, and the certificate.
        environment: What each container is told of the cluster.
        labels: What a pod's node selectors are held to.
    """

    docker: Any
    name: str
    account: Path
    environment: dict[str, str]
    labels: dict[str, str]


class JobPod:
    """One attempt at a job."""

    def __init__(self, node: Node, job: Json, secrets: dict[str, Json]) -> None:
        self.node, template = node, job["spec"]["template"]
        self.spec: Json = template["spec"]
        self.name = f"{job['metadata']['name']}-{next(NUMBERS):05d}"
        self.made = time.time()
        self.phase, self.reason, self.state = "Pending", "", dict[str, Any]()
        self.container: Any = None
        self.unwanted = False
        owner = {"kind": "Job", "apiVersion": "batch/v1", "controller": True}
        owner |= {key: job["metadata"][key] for key in ("name", "uid")}
        told = template.get("metadata", {})
        self.labels = {**told.get("labels", {}), "job-name": job["metadata"]["name"]}
        self.metadata = {
            **{"name": self.name, "namespace": job["metadata"]["namespace"]},
            **{"uid": f"uid-{self.name}", "labels": self.labels, "ownerReferences": [owner]},
            "annotations": told.get("annotations", {}),
            "creationTimestamp": stamp(self.made),
        }
        threading.Thread(target=self._begin, args=(secrets,), daemon=True).start()

    @property
    def main(self) -> Json:
        """The one container, as it is asked for."""
        return dict(self.spec["containers"][0])

    @property
    def locked(self) -> Json:
        """What keeps it in its place."""
        return dict(self.main.get("securityContext") or {})

    @property
    def exit_code(self) -> int | None:
        """How its container ended."""
        code = self.state.get("terminated", {}).get("exitCode")
        return None if code is None else int(code)

    def look(self) -> None:
        """See what became of the container."""
        if self.phase != "Running":
            return
        limit = self.spec.get("activeDeadlineSeconds")
        if limit and time.time() - self.made > limit:
            self.end()
            self.phase, self.reason = "Failed", "DeadlineExceeded"
            return
        with suppress(NotFound):
            self.container.reload()
            ended = self.container.attrs["State"]
            if ended["Status"] == "exited":
                self._ended(ended["ExitCode"], oom=ended["OOMKilled"])

    def _ended(self, code: int, *, oom: bool) -> None:
        reason = "OOMKilled" if oom else "Error" if code else "Completed"
        self.state = {"terminated": {"exitCode": code, "reason": reason}}
        self.phase = "Failed" if code else "Succeeded"

    def end(self) -> None:
        """End the container as a kubelet does."""
        self.unwanted = True
        with suppress(NotFound, APIError):
            if self.container is not None:
                self.container.stop(timeout=self.spec.get("terminationGracePeriodSeconds", 30))

    def remove(self) -> None:
        """Leave nothing of it."""
        with suppress(NotFound, APIError):
            if self.container is not None:
                self.container.remove(force=True)

    def log(self) -> bytes:
        """What it printed."""
        if self.container is None:
            return b""
        with suppress(NotFound):
            return bytes(self.container.logs())
        return b""

    def described(self) -> Json:
        """As the API shows it."""
        state = {"name": "main", "image": self.main["image"], "imageID": "", "restartCount": 0}
        placed = {"type": "PodScheduled", "status": str(self._fits())}
        status: Json = {"phase": self.phase, "conditions": [placed]}
        if self.reason:
            status["reason"] = self.reason
        if self.state:
            ready = "running" in self.state
            status["containerStatuses"] = [{**state, "ready": ready, "state": self.state}]
        return {"metadata": self.metadata, "spec": self.spec, "status": status}

    def _fits(self) -> bool:
        return bool((self.spec.get("nodeSelector") or {}).items() <= self.node.labels.items())

    def _begin(self, secrets: dict[str, Json]) -> None:
        if not self._fits():
            return
        try:
            environment = self._environment(secrets)
        except KeyError as error:
            message = f"secret or key {error} not found"
            self._waits("CreateContainerConfigError", message)
            return
        try:
            self._pull()
            if self.locked.get("runAsNonRoot") and self._is_roots():
                message = "container has runAsNonRoot and image will run as root"
                self._waits("CreateContainerConfigError", message)
                return
            self.container = self._created(environment)
            if self.unwanted:
                self.remove()
                return
            self.container.start()
        except APIError as error:
            self._waits("ErrImagePull", str(error.explanation))
            return
        self.phase, self.state = "Running", {"running": {"startedAt": stamp(time.time())}}

    def _waits(self, reason: str, message: str) -> None:
        self.state = {"waiting": {"reason": reason, "message": message}}

    def _pull(self) -> None:
        image = self.main["image"]
        try:
            self.node.docker.images.get(image)
        except ImageNotFound:
            self.node.docker.images.pull(image)

    def _is_roots(self) -> bool:
        """Whether a kubelet would not take it for somebody else's: it goes by numbers alone."""
        said = self.node.docker.images.get(self.main["image"]).attrs["Config"].get("User", "")
        user = str(self.locked.get("runAsUser", said.partition(":")[0]))
        return not user.isdigit() or int(user) == 0

    def _created(self, environment: dict[str, str]) -> Any:
        limits = self.main.get("resources", {}).get("limits", {})
        asked: Json = {}
        if "memory" in limits:
            asked["mem_limit"] = asked["memswap_limit"] = int(bytes_of(limits["memory"]))
        if "cpu" in limits:
            asked["nano_cpus"] = int(float(limits["cpu"]) * 1e9)
        asked["cap_drop"] = self.locked.get("capabilities", {}).get("drop", [])
        if self.locked.get("allowPrivilegeEscalation") is False:
            asked["security_opt"] = ["no-new-privileges"]
        return self.node.docker.containers.create(
            self.main["image"],
            entrypoint=self.main["command"],
            command=self.main.get("args", []),
            environment=environment,
            hostname=self.name,
            labels={LABEL: self.node.name},
            network_mode="host",
            volumes={str(self.node.account): {"bind": ACCOUNT, "mode": "ro"}},
            **asked,
        )

    def _environment(self, secrets: dict[str, Json]) -> dict[str, str]:
        found = dict(self.node.environment)
        for each in self.main.get("envFrom", ()):
            source = each["secretRef"]
            if source["name"] in secrets or not source.get("optional"):
                found |= {name: plain(value) for name, value in secrets[source["name"]].items()}
        for each in self.main.get("env", ()):
            if reference := (each.get("valueFrom") or {}).get("secretKeyRef"):
                found[each["name"]] = plain(secrets[reference["name"]][reference["key"]])
            else:
                found[each["name"]] = each.get("value", "").replace("$$", "$")
        return found


def plain(value: str) -> str:
    """What a secret holds."""
    return b64decode(value).decode()


def stamp(moment: float) -> str:
    """A time as Kubernetes writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
