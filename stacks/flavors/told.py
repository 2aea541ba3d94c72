"""What ZenML has of a run that is watched, and what is said of it here."""

import logging
from uuid import UUID

from stacks.flavors.dealing.watch import DONE

log = logging.getLogger(__name__)


def statuses(run: UUID) -> tuple[str, dict[str, str]]:
    """ZenML's status of a run, and of each of its steps that has begun."""
    from zenml.client import Client

    here = Client().get_pipeline_run(run, hydrate=False)
    steps = Client().list_run_steps(pipeline_run_id=run, size=500, hydrate=False).items
    return str(here.status), {step.name: str(step.status) for step in steps}


def tell(where: str, step: str, status: str) -> None:
    """Say what became of a step, in the words that ZenML has for a step of this machine."""
    if status == "running":
        log.info("Step `%s` has started.", step)
    elif status in DONE - {"cached"}:
        log.info("Step `%s` has finished in %s.", step, where)
    elif status == "failed":
        log.info("Failed to run step `%s`.", step)
