"""An Airflow, and the directory by which it gets to know pipelines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.errors import ConfigError
from stacks.problem import Problem


def ask(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    """Whether Airflow answers, lets this client in, works, and can be given a DAG."""
    from stacks.flavors.airflow.api import Airflow
    from stacks.flavors.kubeflow.watch import Lost

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
    yield from _directory(where, str(configuration.get("dag_output_dir") or ""))


def _start(part: str) -> str:
    if part == "metadatabase":
        return "see what `airflow db check` says"
    return f"start `airflow {part.replace('_', '-')}`"


def _directory(where: str, folder: str) -> Iterator[Problem]:
    if folder and not os.access(folder, os.W_OK | os.X_OK):
        what = "cannot be written to" if Path(folder).exists() else "is not there"
        yield Problem(
            where,
            f"the dag_output_dir {folder} {what}",
            "name the directory in which Airflow looks for DAGs, as this machine sees it",
        )
