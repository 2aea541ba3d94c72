"""What Kubeflow and ZenML say of a run."""

import io
from contextlib import redirect_stdout
from typing import Any
from uuid import UUID

from kfp_server_api.exceptions import ApiException
from urllib3.exceptions import HTTPError

from stacks.flavors.dealing.watch import Look, Lost
from stacks.flavors.told import statuses


class Quiet:
    """A client of Kubeflow that does not print."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)

        def called(*words: Any, **named: Any) -> Any:
            with redirect_stdout(io.StringIO()):
                return found(*words, **named)

        return called


def look(client: Any, identity: str, run: UUID) -> Look:
    """A run as Kubeflow and ZenML have it now.

    Raises:
        Lost: Kubeflow did not answer.
    """
    try:
        there = client.get_run(identity)
    except (ApiException, HTTPError, OSError) as error:
        raise Lost(str(error).splitlines()[0]) from error
    status, steps = statuses(run)
    tasks = (there.run_details.task_details or ()) if there.run_details else ()
    failed = [task for task in tasks if task.state == "FAILED"]
    reasons = [f"{task.display_name}: {task.error.message}" for task in failed if task.error]
    return Look(
        str(there.state or "PENDING").upper(),
        status,
        steps,
        "; ".join(reasons) or (there.error.message if there.error else "") or "",
    )
