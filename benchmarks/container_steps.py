"""Steps that tell when they began and where; as a program, three of them on a stack.

It is called with the file of a stack and the image, and prints what the steps told.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from zenml import pipeline, step


@step(enable_cache=False)
def tell(before: float = 0.0) -> tuple[Annotated[float, "at"], Annotated[dict[str, Any], "told"]]:
    """When the first line of a step runs, in which container, and what is imported by then."""
    now = time.time()
    return now, {
        "at": now,
        "before": before,
        "container": container(),
        "modules": sorted(sys.modules),
    }


@pipeline(enable_cache=False)
def three_steps() -> None:
    """One after another."""
    first, _ = tell()
    second, _ = tell(first)
    tell(second)


def container() -> str:
    """The identity of the container that this runs in, as Docker has it."""
    found = re.search(r"/containers/([0-9a-f]{64})/", Path("/proc/self/mountinfo").read_text())
    return found[1] if found else ""


def main(stack: str, image: str) -> None:
    """Run them."""
    from zenml.client import Client

    from stacks.apply import apply
    from stacks.image import docker_settings
    from stacks.schema import load_stack

    apply(load_stack(stack), active=True)
    three_steps.with_options(settings={"docker": docker_settings(image)})()
    run = Client().list_pipeline_runs(pipeline="three_steps", sort_by="desc:created").items[0]
    steps = Client().get_pipeline_run(run.id).steps.values()
    told = [each.outputs["told"][0].load() for each in steps]
    print("\n" + json.dumps(sorted(told, key=lambda each: each["at"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
