"""What ZenML builds by itself from requirements.txt: `naive_image PARENT`, with the stack active.

It prints the image's name and the seconds that the build took.
"""

import json
import sys
import time

from zenml import pipeline, step
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.enums import StackComponentType


@step
def one() -> int:
    """Something to build for."""
    return 1


@pipeline
def naive() -> None:
    """One step."""
    one()


def main(parent: str) -> None:
    """Build it."""
    client = Client()
    parts = {"orchestrator": "local_docker", "image_builder": "local"}
    for type_, flavor in parts.items():
        client.create_stack_component("naive", flavor, StackComponentType(type_), {})
    client.create_stack("naive", {**dict.fromkeys(parts, "naive"), "artifact_store": "default"})
    client.activate_stack("naive")
    settings = DockerSettings(
        parent_image=parent,
        requirements="requirements.txt",
        build_config={"build_options": {"rm": True}},
    )
    since = time.perf_counter()
    built = naive.with_options(settings={"docker": settings}).build()
    (image,) = built.images.values()
    print("\n" + json.dumps([image.image, time.perf_counter() - since]))


if __name__ == "__main__":
    main(sys.argv[1])
