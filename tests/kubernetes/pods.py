"""A pod of the stand-in: its container is a real process of the image's own entry point."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from serving.launch import environment
from tests.ports import free_port

Json = dict[str, Any]
NUMBERS = itertools.count(1)
# The one node has no labels.
NO_NODE = "0/1 nodes are available: 1 did not match the node selector"


class Pod:
    """One container, started as its specification says.

    Args:
        images: Those that can be pulled.
        secrets: The variables of each Kubernetes secret.
    """

    def __init__(
        self, owner: str, template: Json, home: Path, images: set[str], secrets: Json
    ) -> None:
        self.name = f"{owner}-{next(NUMBERS):05d}"
        self.template = template
        self.container: Json = template["spec"]["containers"][0]
        self.home = home / self.name
        self.restarts = 0
        self.ready = False
        self.process: subprocess.Popen[bytes] | None = None
        self.port = self.grpc_port = 0
        self.ended: int | None = None
        self.waiting, self.message = self._obstacle(images, secrets)
        self.scheduled = not template["spec"].get("nodeSelector")
        if self.scheduled and not self.waiting:
            self._secrets = secrets
            self._start()

    @property
    def asked_port(self) -> int:
        """The port that the pod has in the cluster."""
        return int(self.container["ports"][0]["containerPort"])

    @property
    def log(self) -> str:
        """What the container wrote."""
        path = self.home / "log"
        return path.read_text() if path.exists() else ""

    def look(self) -> None:
        """See what the process does, as the kubelet's probes would."""
        if self.process is None:
            return
        if (status := self.process.poll()) is not None:
            self.ready, self.ended = False, status
            if self.waiting != "CrashLoopBackOff" and self.restarts < 1:
                self.restarts += 1
                self._start()
            else:
                self.waiting, self.message = "CrashLoopBackOff", "back-off 10s restarting"
            return
        if not self.ready:
            self.ready = self._probe()

    def end(self) -> None:
        """End the container as a node does."""
        self.ready = False
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def gone(self) -> bool:
        """Whether its process has ended."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End the container at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def described(self, ending: bool) -> Json:
        """As the API shows it."""
        state: Json = {"running": {}}
        if self.waiting:
            state = {"waiting": {"reason": self.waiting, "message": self.message}}
        last = (
            {}
            if self.ended is None
            else {"terminated": {"exitCode": self.ended, "reason": "Error"}}
        )
        status = {
            "name": self.container["name"],
            "ready": self.ready,
            "restartCount": self.restarts,
        }
        where = {"type": "PodScheduled", "status": str(self.scheduled), "message": NO_NODE}
        metadata = {"name": self.name, "labels": self.template["metadata"]["labels"]}
        return {
            "metadata": metadata | ({"deletionTimestamp": "now"} if ending else {}),
            "spec": self.template["spec"],
            "status": {
                "phase": "Running" if self.ready else "Pending",
                "podIP": "127.0.0.1",
                "conditions": [where],
                "containerStatuses": [{**status, "state": state, "lastState": last}]
                if self.scheduled
                else [],
            },
        }

    def _obstacle(self, images: set[str], secrets: Json) -> tuple[str, str]:
        if self.container["image"] not in images:
            return "ImagePullBackOff", f'Back-off pulling image "{self.container["image"]}"'
        for source in self.container.get("envFrom", ()):
            name = source["secretRef"]["name"]
            if name not in secrets:
                return "CreateContainerConfigError", f'secret "{name}" not found'
        for source in self._references().values():
            if source["key"] not in secrets.get(source["name"], {}):
                lacking = f"couldn't find key {source['key']} in Secret {source['name']}"
                return "CreateContainerConfigError", lacking
        return "", ""

    def _references(self) -> dict[str, Json]:
        """The keys of secrets that variables come from, by the variables' names."""
        sources = ((each, each.get("valueFrom")) for each in self.container["env"])
        return {each["name"]: source["secretKeyRef"] for each, source in sources if source}

    def _environment(self) -> dict[str, str]:
        plain = (each for each in self.container["env"] if "value" in each)
        given = {each["name"]: each["value"].replace("$$", "$") for each in plain}
        for source in self.container.get("envFrom", ()):
            given |= self._secrets[source["secretRef"]["name"]]
        keys = self._references().items()
        given |= {name: self._secrets[source["name"]][source["key"]] for name, source in keys}
        # The volume that is mounted at the home is a directory here, and the ports free ones.
        given |= {"SWITCHYARD_HOME": str(self.home / "volume"), "HOME": str(self.home)}
        self.port = free_port()
        given |= {"PREDICTIVE_UNIT_SERVICE_PORT": str(self.port)}
        if "SWITCHYARD_GRPC_PORT" in given:
            self.grpc_port = free_port()
            given |= {"SWITCHYARD_GRPC_PORT": str(self.grpc_port)}
        return given

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        given = self._environment()
        kept = (
            "PATH",
            "LD_LIBRARY_PATH",
            "PYTHONPATH",
            "OMP_NUM_THREADS",
            "MALLOC_TRIM_THRESHOLD_",
        )
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "serving.container"],
                cwd=self.home,
                env={k: v for k, v in environment().items() if k in kept} | given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _probe(self) -> bool:
        path = self.container["readinessProbe"]["httpGet"]["path"]
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
