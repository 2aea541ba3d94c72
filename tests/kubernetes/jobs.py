"""What Kubernetes' own controllers do with jobs and with jobs that recur.

Of the values that the API server adds, the one is added without which the official client cannot
read what ZenML sends. A recurring job's time comes when a test says so. A pod is tried again at
once, where Kubernetes waits ten seconds and more.
"""

import calendar
import copy
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.containers import JobPod, Node, stamp
from tests.kubernetes.store import Refused

Json = dict[str, Any]


@dataclass
class Jobs:
    """The jobs of one namespace, and everything that belongs to them."""

    node: Node
    namespace: str = "zenml"
    lock: Any = field(default_factory=threading.RLock)
    secrets: dict[str, Json] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    recurring: dict[str, Json] = field(default_factory=dict)
    pods: dict[str, list[JobPod]] = field(default_factory=dict)
    ended: list[JobPod] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: Any = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave no container."""
        self._stop.set()
        self._thread.join()
        for pod in [*self.all_pods(), *self.ended]:
            pod.remove()

    def all_pods(self) -> list[JobPod]:
        """Those of every job that is there."""
        return [pod for held in self.pods.values() for pod in held]

    def create(self, body: Json) -> Json:
        """Keep a new job."""
        with self.lock:
            metadata = {**body["metadata"], **self._new(body["metadata"]["name"], self.jobs)}
            for rule in body["spec"].get("podFailurePolicy", {}).get("rules", ()):
                for pattern in rule.get("onPodConditions") or ():
                    pattern.setdefault("status", "True")
            job = {**body, "metadata": metadata, "status": {}}
            self.jobs[metadata["name"]] = job
            self.pods[metadata["name"]] = []
            return job

    def recur(self, body: Json) -> Json:
        """Keep a new recurring job."""
        with self.lock:
            name = body["metadata"]["name"]
            if len(name) > 52:
                raise Refused(422, "metadata.name: must be no more than 52 characters", name)
            if len(body["spec"]["schedule"].split()) != 5:
                raise Refused(422, "spec.schedule: Invalid value", name)
            kept = {**body, "metadata": {**body["metadata"], **self._new(name, self.recurring)}}
            self.recurring[name] = kept
            return kept

    def tick(self, name: str) -> str | None:
        """What Kubernetes does when a recurring job's time comes; the new job's name."""
        with self.lock:
            kept = self.recurring[name]
            busy = kept["spec"].get("concurrencyPolicy") == "Forbid" and self.active(name)
            if kept["spec"].get("suspend") or busy:
                return None
            template = copy.deepcopy(kept["spec"]["jobTemplate"])
            own = {
                **template.get("metadata", {}),
                "name": f"{name}-{int(time.time() * 1000) % 10**8}",
            }
            own["ownerReferences"] = [_owner("CronJob", kept, controller=True)]
            return str(self.create({**template, "metadata": own})["metadata"]["name"])

    def active(self, name: str) -> list[Json]:
        """The jobs of a recurring one that are at work."""
        uid = self.recurring[name]["metadata"]["uid"]
        return [job for job in self._of(uid) if not job["status"].get("conditions")]

    def delete(self, name: str) -> Json:
        """Take a job away, and what it owns."""
        with self.lock:
            if name not in self.jobs:
                raise Refused(404, f'jobs.batch "{name}" not found', name)
            job = self.jobs.pop(name)
            self._end(self.pods.pop(name))
            for owned in self._of(job["metadata"]["uid"]):
                self.delete(owned["metadata"]["name"])
            return job

    def unrecur(self, name: str) -> Json:
        """Take a recurring job away, and its jobs."""
        with self.lock:
            kept = self.recurring.pop(name)
            for owned in self._of(kept["metadata"]["uid"]):
                self.delete(owned["metadata"]["name"])
            return kept

    def _of(self, uid: str) -> list[Json]:
        return [
            job
            for job in list(self.jobs.values())
            if any(each["uid"] == uid for each in job["metadata"].get("ownerReferences") or ())
        ]

    def _new(self, name: str, held: dict[str, Json]) -> Json:
        if name in held:
            raise Refused(409, f'"{name}" already exists', name)
        uid, now = f"uid-{name}-{time.monotonic_ns()}", stamp(time.time())
        return {"namespace": self.namespace, "uid": uid, "creationTimestamp": now}

    def _end(self, pods: list[JobPod]) -> None:
        self.ended += pods
        for pod in pods:
            threading.Thread(target=lambda pod=pod: (pod.end(), pod.remove()), daemon=True).start()

    def _loop(self) -> None:
        while not self._stop.wait(0.1):
            with self.lock:
                for name, job in list(self.jobs.items()):
                    self._reconcile(job, self.pods[name])

    def _reconcile(self, job: Json, pods: list[JobPod]) -> None:
        if job["status"].get("conditions"):
            return
        for pod in pods:
            pod.look()
        failed = [pod for pod in pods if pod.phase == "Failed"]
        if any(pod.phase == "Succeeded" for pod in pods):
            self._conclude(job, "Complete", "", "")
        elif final := [pod for pod in failed if _is_final(job, pod)]:
            code = final[0].exit_code
            self._conclude(job, "Failed", "PodFailurePolicy", f"Container main failed with {code}")
        elif len(failed) > job["spec"].get("backoffLimit", 6):
            said = "Job has reached the specified backoff limit"
            self._conclude(job, "Failed", "BackoffLimitExceeded", said)
        elif _is_late(job):
            said = "Job was active longer than specified deadline"
            self._conclude(job, "Failed", "DeadlineExceeded", said)
            self._end([pod for pod in pods if pod.phase == "Running"])
        elif len(failed) == len(pods):
            pods.append(JobPod(self.node, job, self.secrets))

    def _conclude(self, job: Json, kind: str, reason: str, message: str) -> None:
        said = {"type": kind, "status": "True", "reason": reason, "message": message}
        job["status"] = {"conditions": [said]}


def _owner(kind: str, kept: Json, *, controller: bool) -> Json:
    metadata = kept["metadata"]
    named = {"apiVersion": "batch/v1", "kind": kind, "controller": controller}
    return {**named, "name": metadata["name"], "uid": metadata["uid"]}


def _is_final(job: Json, pod: JobPod) -> bool:
    """Whether the job's own policy says that a pod that ended so is not tried again."""
    for rule in job["spec"].get("podFailurePolicy", {}).get("rules", ()):
        codes = rule.get("onExitCodes")
        if codes and (pod.exit_code in codes["values"]) == (codes["operator"] == "In"):
            return bool(rule["action"] == "FailJob")
    return False


def _is_late(job: Json) -> bool:
    limit = job["spec"].get("activeDeadlineSeconds")
    begun = time.strptime(job["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    return bool(limit and time.time() - calendar.timegm(begun) > limit)
