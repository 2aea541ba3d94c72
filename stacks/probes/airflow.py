"""An Airflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.errors import ConfigError
from stacks.problem import Problem


def ask(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    """Whether Airflow answers, lets this client in, and works."""
    from stacks.flavors.airflow.api import Airflow
    from stacks.flavors.dealing.watch import Lost

    login = [configuration.get(name) for name in ("username", "password", "token")]
    airflow = Airflow(str(configuration.get("url")), *login)
    try:
        airflow.version()
        parts = airflow.sleepers()
    except ConfigError as error:
        yield Problem(where, str(error).rstrip("."), remedy)
    except Lost as error:
        start = "start `airflow api-server`, or correct the url"
        yield Problem(where, f"no Airflow answers at {airflow.url} ({error})", start, mistake=False)
    else:
        for part in parts:
            yield Problem(where, f"its {part} does not work", _start(part), mistake=False)


def _start(part: str) -> str:
    if part == "metadatabase":
        return "see what `airflow db check` says"
    return f"start `airflow {part.replace('_', '-')}`"
