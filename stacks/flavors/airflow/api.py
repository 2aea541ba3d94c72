"""Airflow's own API, as far as a watched run asks it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http.client import FORBIDDEN, NOT_FOUND, UNAUTHORIZED
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from serving.errors import ConfigError, RunError
from stacks.flavors.dealing.watch import FAILED, SUCCEEDED, Lost

if TYPE_CHECKING:
    from httpx import Response

SECONDS = 30.0
LENGTH = 300
STATES = {"queued": "PENDING", "running": "RUNNING", "success": SUCCEEDED, "failed": FAILED}
ACTIVE = {"PENDING", "RUNNING"}
COLOUR = re.compile("\x1b\\[[0-9;]*m")
# The last line of a traceback.
RAISED = re.compile(r"^(\w+\.)*\w*(Error|Exception|Interrupt|Exit)\b")


class Airflow:
    """One Airflow, and who asks it.

    Args:
        token: Instead of a name and a password, for which Airflow gives a token of its own.
    """

    def __init__(
        self, url: str, username: str | None, password: str | None, token: str | None
    ) -> None:
        self.url = url.rstrip("/")
        self._login = {"username": username or "", "password": password or ""}
        self._given = self._token = token
        # It would tell of every question.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    # What it has.

    def version(self) -> str:
        """Which Airflow this is, told to those alone whom it lets in."""
        return str((self.ask("GET", "/version") or {}).get("version"))

    def dag(self, dag: str) -> Mapping[str, Any] | None:
        """A DAG that it has picked up; None before."""
        return self.ask("GET", f"/dags/{dag}")

    def import_error(self, file: str) -> str:
        """Why it could not read a file of that name; empty where it could, or has not tried."""
        held = self.ask("GET", "/importErrors?limit=1000") or {}
        for each in held.get("import_errors", ()):
            # Of an archive it names what lies within.
            if file in str(each["filename"]):
                return str(each["stack_trace"]).strip().splitlines()[-1]
        return ""

    def runs(self, dag: str) -> dict[str, str]:
        """The state of each run of a DAG, the newest first."""
        held = self.ask("GET", f"/dags/{dag}/dagRuns?limit=100&order_by=-id") or {}
        return {str(each["dag_run_id"]): state(each) for each in held.get("dag_runs", ())}

    def run(self, dag: str, run: str) -> str:
        """The state of a run."""
        return state(self.ask("GET", self._run(dag, run)) or {})

    def failed_tasks(self, dag: str, run: str) -> dict[str, str]:
        """The tasks of a run that failed, each with the last error that its log holds."""
        held = self.ask("GET", f"{self._run(dag, run)}/taskInstances?state=failed") or {}
        found = sorted(held.get("task_instances", ()), key=lambda each: str(each["end_date"]))
        return {
            str(each["task_id"]): self._last_error(dag, run, each["task_id"], each["try_number"])
            for each in found
        }

    def sleepers(self) -> list[str]:
        """Those of its parts that do not work."""
        held = self.ask("GET", "/monitor/health") or {}
        parts = ("metadatabase", "scheduler", "dag_processor")
        return [name for name in parts if held.get(name, {}).get("status") != "healthy"]

    # What it is told.

    def fail(self, dag: str, run: str) -> None:
        """End a run, and the containers of its tasks."""
        self.ask("PATCH", self._run(dag, run), {"state": "failed"})

    def start(self, dag: str) -> str:
        """Begin a run of a DAG now, whatever its times are; its id.

        Raises:
            RunError: It has no such DAG.
        """
        made = self.ask("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})
        if made is None:
            raise RunError(f"Airflow at {self.url} has no DAG '{dag}' any more.")
        return str(made["dag_run_id"])

    def pause(self, dag: str) -> None:
        """Let a DAG recur no more."""
        self.ask("PATCH", f"/dags/{dag}", {"is_paused": True})

    def ask(
        self, method: str, path: str, content: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """What it answers; None where it has no such thing.

        Raises:
            Lost: It does not answer, or not as it should.
            ConfigError: It refuses the credentials.
        """
        if self._token is None:
            self._enter()
        answer = self._send(method, f"/api/v2{path}", content)
        if answer.status_code == UNAUTHORIZED and self._given is None:
            # Its tokens last for a day.
            self._enter()
            answer = self._send(method, f"/api/v2{path}", content)
        if answer.status_code == NOT_FOUND:
            return None
        found: dict[str, Any] = self._read(answer)
        return found

    def _enter(self) -> None:
        self._token = None
        self._token = str(
            self._read(self._send("POST", "/auth/token", self._login))["access_token"]
        )

    def _send(self, method: str, path: str, content: Mapping[str, Any] | None) -> Response:
        import httpx

        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self.url}{path}"
        try:
            return httpx.request(method, url, json=content, headers=headers, timeout=SECONDS)
        except httpx.HTTPError as error:
            raise Lost(f"{type(error).__name__}: {error}") from error

    def _read(self, answer: Response) -> Any:
        code = answer.status_code
        if code in (UNAUTHORIZED, FORBIDDEN):
            raise ConfigError(f"Airflow at {self.url} refuses these credentials ({code}).")
        if answer.is_error:
            raise Lost(f"{answer.request.method} {answer.request.url.path} is answered by {code}")
        try:
            return answer.json()
        except ValueError as error:
            raise Lost(f"{answer.request.url.path} is no answer of Airflow's") from error

    def _last_error(self, dag: str, run: str, task: str, attempt: int) -> str:
        held = self.ask("GET", f"{self._run(dag, run)}/taskInstances/{task}/logs/{attempt}") or {}
        return last_error([each for each in held.get("content", ()) if isinstance(each, dict)])

    def _run(self, dag: str, run: str) -> str:
        return f"/dags/{dag}/dagRuns/{quote(run, safe='')}"


def state(run: Mapping[str, Any]) -> str:
    """Airflow's state of a run, in the words of a watch."""
    return STATES.get(str(run.get("state")), "PENDING")


def last_error(lines: Sequence[Mapping[str, Any]]) -> str:
    """The last error that a task's log holds, with what its container raised before it."""
    errors = [place for place, line in enumerate(lines) if line.get("level") == "error"]
    if not errors:
        return ""
    error = lines[errors[-1]]
    details = error.get("error_detail") or ()
    told = [f"{each['exc_type']}: {each['exc_value']}" for each in details]
    told += [str(error.get("event", ""))]
    before = [COLOUR.sub("", str(line.get("event", ""))) for line in lines[: errors[-1]]]
    raised = next((line for line in reversed(before) if RAISED.match(line)), "")
    said = f"{raised[:LENGTH]} ({told[0][:LENGTH]})" if raised else told[0][:LENGTH]
    return " ".join(said.split())
