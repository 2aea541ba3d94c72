"""What the API server answers of jobs, their pods, and what they need beside them."""

import json
import re
from typing import Any

from tests.kubernetes.containers import JobPod
from tests.kubernetes.crd import shape
from tests.kubernetes.jobs import Jobs
from tests.kubernetes.store import Refused, merge

Json = dict[str, Any]
VERSION = {
    **{"major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": ""},
    **{"buildDate": "", "goVersion": "", "compiler": "", "platform": "linux/amd64"},
}


class Batch:
    """The paths of one namespace, over what its controllers keep."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.accounts: set[str] = set()

    def answer(self, method: str, path: str, query: Json, body: bytes) -> Json | bytes | None:
        """An answer; None where another part of the stand-in has it."""
        if path == "/version/":
            return VERSION
        base = rf"/(?:api/v1|apis/[a-z0-9.]+/v1)/namespaces/{self.jobs.namespace}"
        found = re.fullmatch(rf"{base}/([a-z]+)(?:/([^/]+))?(/log)?", path)
        if found is None or not hasattr(self, f"_{found[1]}"):
            return None
        asked = json.loads(body) if body else {}
        with self.jobs.lock:
            if found[3]:
                return self._pod(found[2]).log()
            return getattr(self, f"_{found[1]}")(method, found[2], query, asked)  # type: ignore[no-any-return]

    def _jobs(self, method: str, name: str | None, query: Json, body: Json) -> Json:
        if method == "POST":
            _check_pod(body["spec"]["template"])
            return self.jobs.create(body)
        if method == "DELETE":
            return self.jobs.delete(name or "")
        return self._read(self.jobs.jobs, "jobs.batch", method, name, query, body)

    def _cronjobs(self, method: str, name: str | None, query: Json, body: Json) -> Json:
        if method == "POST":
            _check_pod(body["spec"]["jobTemplate"]["spec"]["template"])
            return self.jobs.recur(body)
        found = self._read(self.jobs.recurring, "cronjobs.batch", method, name, query, body)
        if method == "DELETE":
            return self.jobs.unrecur(name or "")
        active = self.jobs.active(name) if name else []
        references = [{"name": job["metadata"]["name"]} for job in active]
        return {**found, "status": {"active": references}} if name else found

    def _pods(self, method: str, name: str | None, query: Json, body: Json) -> Json:  # noqa: ARG002
        if name:
            return self._pod(name).described()
        shown = [pod.described() for pod in self.jobs.all_pods()]
        return {"items": [pod for pod in shown if _selected(pod, query)]}

    def _secrets(self, method: str, name: str | None, query: Json, body: Json) -> Json:  # noqa: ARG002
        held, name = self.jobs.secrets, name or body["metadata"]["name"]
        if method == "POST" and name in held:
            raise Refused(409, f'secrets "{name}" already exists', name)
        if method != "POST" and name not in held:
            raise Refused(404, f'secrets "{name}" not found', name)
        if method == "DELETE":
            held.pop(name)
        elif method != "GET":
            held[name] = body["data"]
        return {"metadata": {"name": name}, "data": held.get(name, {})}

    def _serviceaccounts(self, method: str, name: str | None, query: Json, body: Json) -> Json:  # noqa: ARG002
        if method == "POST":
            self.accounts.add(body["metadata"]["name"])
        elif name not in self.accounts | {"default"}:
            raise Refused(404, f'serviceaccounts "{name}" not found', name or "")
        return {"metadata": {"name": name or body["metadata"]["name"]}}

    def _rolebindings(self, method: str, name: str | None, query: Json, body: Json) -> Json:  # noqa: ARG002
        return body

    def _pod(self, name: str) -> JobPod:
        for pod in self.jobs.all_pods():
            if pod.name == name:
                return pod
        raise Refused(404, f'pods "{name}" not found', name)

    def _read(
        self,
        held: dict[str, Json],
        kind: str,
        method: str,
        name: str | None,
        query: Json,
        body: Json,
    ) -> Json:
        if name is None:
            return {"items": [each for each in held.values() if _selected(each, query)]}
        if name not in held:
            raise Refused(404, f'{kind} "{name}" not found', name)
        if method == "PATCH":
            held[name] = merge(held[name], body)
        return held[name]


def _check_pod(template: Json) -> None:
    if wrong := list(shape(template["spec"], "V1PodSpec", "spec")):
        raise Refused(422, f"the pod is invalid: {'; '.join(wrong)}")


def _selected(thing: Json, query: Json) -> bool:
    labels = dict(
        each.split("=") for each in query.get("labelSelector", [""])[0].split(",") if each
    )
    fields = dict(
        each.split("=") for each in query.get("fieldSelector", [""])[0].split(",") if each
    )
    phase = thing.get("status", {}).get("phase")
    fits = fields.get("status.phase", phase) == phase
    return fits and bool(labels.items() <= (thing["metadata"].get("labels") or {}).items())
