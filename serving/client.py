"""How this machine talks to a server of its own."""

from __future__ import annotations

import http.client
import math
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import orjson

from serving.spec import SELDON, Access, Endpoint, Observation, Sample, Traffic
from serving.state import State, process
from serving.tls import trusting


def endpoint(
    state: State,
    status: Literal["ready", "starting", "stopped", "failed"],
    pid: int | None = None,
    detail: str = "",
) -> Endpoint:
    """Where a state's model answers."""
    url = base_url(state)
    return Endpoint(
        name=state.name,
        version=state.version,
        url=url,
        predict_url=f"{url}/v2/models/{quote(state.name, safe='')}/infer",
        seldon_url=f"{url}{SELDON}",
        status=status,
        pid=pid,
        detail=detail,
        grpc_target=_grpc_target(state),
    )


def observation(told: dict[str, Any]) -> Observation:
    """A trial as a server tells of it."""
    samples = {name: _sample(told[name]) for name in ("stable", "trial")}
    return Observation(**{**told, "traffic": Traffic(**told["traffic"]), **samples})


def _sample(told: dict[str, Any]) -> Sample:
    known: dict[str, Any] = {k: math.nan if v is None else v for k, v in told.items()}
    return Sample(**known)


def _grpc_target(state: State) -> str:
    host, port = address(state), state.server.grpc_port
    if not port:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def address(state: State) -> str:
    """The address at which this machine reaches a server."""
    host = state.server.host
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def base_url(state: State) -> str:
    """What every URL of a server begins with."""
    host, port = address(state), state.server.port
    scheme = "https" if state.server.certificate else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def ask(
    state: State, method: str, path: str, body: object = None, *, timeout: float
) -> tuple[int, dict[str, object]] | None:
    """The status and the parsed body that a server answers; None when it does not.

    Args:
        timeout: Seconds to wait for each part of the answer.
    """
    connection = _connection(state, max(timeout, 0.1))
    data = None if body is None else orjson.dumps(body)
    try:
        connection.request(method, path, data, {"authorization": f"Bearer {state.token}"})
        response = connection.getresponse()
        return response.status, dict(orjson.loads(response.read()))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return None
    finally:
        connection.close()


def access(state: State) -> Access:
    """What a request to a state's server must bring."""
    key = state.server.api_key
    return Access({"authorization": f"Bearer {key}"} if key else {}, state.trust)


def is_ready(home: Path, state: State) -> bool:
    """Whether the home's own process answers, and nothing else that took over its port."""
    pid, alive = process(home)
    if not alive or not state.server.port:
        return False
    answer = ask(state, "GET", "/readyz", timeout=2.0)
    return answer is not None and answer[0] == 200 and answer[1].get("pid") == pid


def _connection(state: State, timeout: float) -> http.client.HTTPConnection:
    where = address(state), state.server.port
    if not state.server.certificate:
        return http.client.HTTPConnection(*where, timeout=timeout)
    return http.client.HTTPSConnection(*where, timeout=timeout, context=trusting(state.trust))
