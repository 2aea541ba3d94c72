"""The image in which a stack's steps run, built once for what it is made of.

It holds packages and no code: ZenML keeps the code of each run in the artifact store and fetches
it from there in a step's container, so that a change of the code builds nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import DeployError
from serving.image import BASE, build, context, fingerprint, index
from stacks.check import registered_file
from stacks.pairs import CONTAINERS, flavors
from stacks.registered import active_stack_name
from stacks.requirements import pins

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "switchyard-training"
DOCKERFILE = Path(__file__).resolve().parent / "Dockerfile"
# Seconds for which the engine may say nothing: it does so while it keeps a layer of gigabytes.
PATIENCE = 1800
BASE_VARIABLE = "SWITCHYARD_BASE_IMAGE"


def image_settings() -> dict[str, Any]:
    """What ZenML is to know of the active stack's image; empty where no step is in a container.

    Raises:
        DeployError: There is no Docker engine, or the image cannot be built.
    """
    file = registered_file(active_stack_name())
    if not flavors(file, "orchestrator") & CONTAINERS:
        return {}
    return {"docker": docker_settings(ensure_image(_engine(), pins(file), base_image()))}


def base_image() -> str:
    """What the image is built from."""
    return os.environ.get(BASE_VARIABLE) or BASE


def docker_settings(image: str) -> Any:
    """Run every step in this very image, with the code of the run fetched into it."""
    from zenml.config import DockerSettings

    return DockerSettings(
        parent_image=image,
        target_repository=REPOSITORY,
        install_stack_requirements=False,
        install_deployment_requirements=False,
        allow_including_files_in_images=False,
    )


def ensure_image(client: DockerClient, packages: list[str], base: str) -> str:
    """The name of the image with these packages, built now where the engine has none.

    Args:
        packages: With their versions, as requirements files pin them.

    Raises:
        DeployError: The build failed.
    """
    files, name = _files(packages), image_name(packages, base)
    if not client.images.list(name=name):
        archive = context({**files, **index(os.environ)})
        build(client, name, archive, {"BASE_IMAGE": base}, dockerfile="Dockerfile")
    return name


def image_name(packages: list[str], base: str) -> str:
    """What the image with these packages is called, built or not."""
    return f"{REPOSITORY}:{fingerprint(_files(packages), base, '')}"


def _files(packages: list[str]) -> dict[str, bytes]:
    return {
        "Dockerfile": DOCKERFILE.read_bytes(),
        "requirements.txt": "\n".join([*packages, ""]).encode(),
    }


def _engine() -> DockerClient:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=PATIENCE)
        client.ping()
    except DockerException as error:
        raise DeployError(
            f"No Docker engine answers, and this stack's steps run in containers ({error}). "
            "Start one: `sudo systemctl start docker`."
        ) from error
    return client
