"""What the main job left behind, as ZenML and the program tell it."""

import sys
from typing import Any

from tests.integration.tumours import MODEL
from tests.workplace import Workplace

INSPECTION = """
import json
from zenml.client import Client
client = Client()
found = client.list_model_versions(model=MODEL, hydrate=True).items
print(json.dumps({
    "stack": client.active_stack_model.name,
    "stages": {version.number: version.stage for version in found},
    "flavors": {kind.value: [each.flavor_name for each in group]
                for kind, group in client.active_stack_model.components.items()},
}))
"""


def inspect(place: Workplace) -> Any:
    """The active stack, its flavors and the stages of the model's versions, from ZenML itself."""
    code = INSPECTION.replace("MODEL", repr(MODEL))
    return place.call(sys.executable, "-c", code).document


def states(document: Any, pipeline: str = "training") -> dict[str, str]:
    """How each step of a pipeline's run ended."""
    found: dict[str, str] = next(
        steps for run, steps in document["steps"].items() if run.startswith(pipeline)
    )
    return found


def computed(document: Any) -> set[str]:
    """The steps of the training that were not answered from what was there."""
    return {step for step, state in states(document).items() if state not in ("cached", "skipped")}


def process(place: Workplace) -> tuple[str, int]:
    """The URL and the process of the tumours' server."""
    known = place.run("status", "--json").document
    served = next(each for each in known if each["name"] == MODEL)
    assert served["status"] == "ready"
    return served["url"], served["pid"]
