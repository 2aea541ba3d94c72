"""A stand-in for Kubeflow Pipelines: it answers its API and runs the compiled pipeline for real.

It is no Kubeflow. Each container of the pipeline is a process of this machine with the container's
command, arguments and environment; the image is not looked at. As the real one, it resolves
placeholders in commands and arguments, and not in the environment.
"""

import json
import os
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent.parent
BASE = "/apis/v2beta1"


@dataclass
class Run:
    """One run of a compiled pipeline."""

    identity: str
    name: str
    spec: dict[str, Any]
    state: str = "PENDING"
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The run as the API shows it."""
        return {
            "run_id": self.identity,
            "display_name": self.name,
            "state": self.state,
            "run_details": {"task_details": list(self.tasks.values())},
        }


@dataclass
class Backend:
    """What Kubeflow has and does.

    Args:
        folder: The pods' own folder: their home and what they print.
        resolves: Whether placeholders in commands are resolved.
        room: Whether a node has room for another pod.
    """

    folder: Path
    resolves: bool = True
    experiments: dict[str, str] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    recurring: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    room: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.room.set()

    def start(self, body: dict[str, Any]) -> Run:
        """Make a run of what was sent, and carry it out beside."""
        spec = body["pipeline_spec"]
        run = Run(str(uuid.uuid4()), body["display_name"], spec.get("pipeline_spec", spec))
        self.runs[run.identity] = run
        thread = threading.Thread(target=self._carry_out, args=(run,))
        self.threads.append(thread)
        thread.start()
        return run

    def tick(self, recurring: str) -> Run:
        """What Kubeflow does when a schedule's time comes; returns when the run has ended."""
        run = self.start(self.recurring[recurring])
        self.threads[-1].join()
        return run

    def terminate(self, run: Run) -> None:
        """End every pod of a run."""
        run.state = "CANCELED"
        for pod in run.pods:
            pod.kill()

    def printed(self) -> str:
        """What every pod printed."""
        return "\n".join(path.read_text("utf-8", "replace") for path in self.folder.glob("*.log"))

    def _carry_out(self, run: Run) -> None:
        run.state = "RUNNING"
        waiting = dict(run.spec["root"]["dag"]["tasks"])
        done: set[str] = set()
        while waiting and run.state == "RUNNING":
            ready = [n for n, t in waiting.items() if set(t.get("dependentTasks", ())) <= done]
            with ThreadPoolExecutor() as pool:
                ended = list(pool.map(lambda name: self._task(run, name), ready))
            done |= {name for name, well in zip(ready, ended, strict=True) if well}
            for name in ready:
                waiting.pop(name)
            if not all(ended) and run.state == "RUNNING":
                run.state = "FAILED"
        if run.state == "RUNNING":
            run.state = "SUCCEEDED"

    def _task(self, run: Run, name: str) -> bool:
        task = run.spec["root"]["dag"]["tasks"][name]
        label = run.spec["components"][task["componentRef"]["name"]]["executorLabel"]
        container = run.spec["deploymentSpec"]["executors"][label]["container"]
        shown = run.tasks[name] = {"display_name": name, "state": "RUNNING"}
        for attempt in range(1 + int(task.get("retryPolicy", {}).get("maxRetryCount", 0))):
            status = self._pod(run, f"{name}-{attempt}", container)
            if status == 0:
                shown["state"] = "SUCCEEDED"
                return True
        shown |= {"state": "FAILED", "error": {"message": f"exit status {status}"}}
        return False

    def _pod(self, run: Run, name: str, container: dict[str, Any]) -> int:
        pod = f"{run.identity[:8]}-{name}-system-container-impl-{len(run.pods)}"
        told = {each["name"]: each["value"] for each in container.get("env", ())}
        own = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        own |= {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        # Where a pod on a cluster has fetched the code to.
        own |= {"ZENML_CUSTOM_SOURCE_ROOT": str(ROOT)}
        own |= {"KFP_POD_NAME": f"wf-{run.identity[:8]}-system-container-impl-{len(run.pods)}"}
        self.room.wait()
        words = [self._resolved(run, word) for word in [*container["command"], *container["args"]]]
        with (self.folder / f"{pod}.log").open("wb") as log:
            process = subprocess.Popen(
                words, env={**own, **told}, cwd=self.folder, stdout=log, stderr=log
            )
            run.pods.append(process)
            return process.wait()

    def _resolved(self, run: Run, word: str) -> str:
        if not self.resolves:
            return word
        known = {"uuid": run.identity, "name": run.name, "resource_name": f"wf-{run.identity[:8]}"}
        for name, value in known.items():
            word = word.replace("{{$.pipeline_job_" + name + "}}", value)
        return word


def answer(backend: Backend, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """What the API says to one question."""
    match method, path.removeprefix(BASE).strip("/").split("/"):
        case "GET", ["healthz"]:
            return 200, {"multi_user": False}
        case "GET", ["experiments"]:
            held = [{"experiment_id": i, "display_name": n} for n, i in backend.experiments.items()]
            return 200, {"experiments": held}
        case "POST", ["experiments"]:
            name = body["display_name"]
            identity = backend.experiments.setdefault(name, str(uuid.uuid4()))
            return 200, {"experiment_id": identity, "display_name": name}
        case "POST", ["runs"]:
            return 200, backend.start(body).document()
        case "GET", ["runs", identity] if identity in backend.runs:
            return 200, backend.runs[identity].document()
        case "POST", ["runs", named]:
            backend.terminate(backend.runs[named.removesuffix(":terminate")])
            return 200, {}
        case "POST", ["recurringruns"]:
            identity = str(uuid.uuid4())
            backend.recurring[identity] = body
            return 200, {**body, "recurring_run_id": identity}
        case "GET", ["recurringruns", identity] if identity in backend.recurring:
            return 200, {**backend.recurring[identity], "recurring_run_id": identity}
        case "DELETE", ["recurringruns", identity] if backend.recurring.pop(identity, None):
            return 200, {}
    return 404, {"error": f"{method} {path} is not here", "body": json.dumps(body)[:100]}
