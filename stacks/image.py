"""The image in which a stack's steps run, built once for what it is made of.

It holds packages and no code: ZenML keeps the code of each run in the artifact store and fetches
it from there in a step's container, so that a change of the code builds nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.errors import DeployError
from serving.image import BASE, alone, build, fingerprint, index
from serving.image import ensure_image as server_image
from stacks.check import registered_file
from stacks.pairs import CONTAINERS, OWN_CONTAINERS, flavors
from stacks.registered import active_stack_name
from stacks.requirements import locks, pins
from stacks.schema import StackFile
from stacks.unused import unused

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "switchyard-training"
HERE = Path(__file__).resolve().parent
SOCKET = "/var/run/docker.sock"
# An image of one's own: it has to hold the pins that a stack's steps import.
IMAGE_VARIABLE = "SWITCHYARD_STEPS_IMAGE"
BASE_VARIABLE = "SWITCHYARD_BASE_IMAGE"
# The package index's own torch for Linux brings several gigabytes of CUDA.
TORCH_VARIABLE = "SWITCHYARD_TORCH_INDEX"


def image_settings(
    pipeline: str,
    mounts: Mapping[str, Mapping[str, str]] | None = None,
    spare: Collection[str] = (),
) -> dict[str, Any]:
    """What ZenML is to know of the active stack's image; empty where no step is in a container.

    Args:
        mounts: Files and folders of this machine that steps in its own containers see, as Docker
            is told of them.
        spare: Packages that no step of this run imports.

    Raises:
        DeployError: There is no Docker engine, or the image cannot be built.
    """
    file = registered_file(active_stack_name())
    if not flavors(file, "orchestrator") & CONTAINERS:
        return {}
    settings: dict[str, Any] = {"docker": docker_settings(steps_image(file, spare))}
    if flavors(file, "orchestrator") & OWN_CONTAINERS:
        asked = deploying(file) if pipeline == "deployment" else run_args(file)
        volumes = {**asked.get("volumes", {}), **(mounts or {})}
        settings["orchestrator"] = {"run_args": {**asked, "volumes": volumes}}
    return settings


def steps_image(file: StackFile, spare: Collection[str]) -> str:
    """The image of a stack's steps: somebody else's where one is named, else built here."""
    if own := own_image():
        return own
    client, base = _engine(), base_image()
    packages = wanted(pins(file), spare, lambda names: has_image(client, image_name(names, base)))
    return ensure_image(client, packages, base)


def own_image() -> str:
    """The image that somebody else builds for the steps; empty: it is built here."""
    return os.environ.get(IMAGE_VARIABLE, "")


def wanted(
    packages: list[str], spare: Collection[str], is_built: Callable[[list[str]], bool]
) -> list[str]:
    """What the image is to hold: no spare package, but where only one that has them is built.

    Args:
        packages: With their versions, as requirements files pin them.
        is_built: Whether there is an image of these packages.
    """
    texts = locks()
    gone = set(unused(texts, spare)) - set(unused(texts))
    fewer = [each for each in packages if each.partition("==")[0] not in gone]
    return fewer if is_built(fewer) or not is_built(packages) else packages


def has_image(client: DockerClient, name: str) -> bool:
    """Whether the engine has an image of that name."""
    return bool(client.images.list(name=name))


def base_image() -> str:
    """What the image is built from."""
    return os.environ.get(BASE_VARIABLE) or BASE


def deploying(file: StackFile) -> dict[str, Any]:
    """How a step's container of this machine starts a server's container beside it.

    The server's image is there before: what this machine's pip is told, no step knows.
    """
    for component in file.components.get("model_deployer", ()):
        if component.flavor == "resident_docker" and not component.configuration.get("image"):
            base = component.configuration.get("base_image") or BASE
            server_image(_engine(), str(base))
    asked = run_args(file)
    volumes = {**asked.get("volumes", {}), SOCKET: {"bind": SOCKET, "mode": "rw"}}
    # With the network of this machine a step reaches the server where everyone else does.
    mine = {"network_mode": "host", "group_add": [Path(SOCKET).stat().st_gid], "volumes": volumes}
    return {**asked, **mine}


def run_args(file: StackFile) -> dict[str, Any]:
    """What the stack's file asks Docker for, which settings of a pipeline would replace."""
    (orchestrator,) = file.components["orchestrator"]
    asked: Any = orchestrator.configuration.get("run_args") or {}
    return dict(asked)


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
    with alone(name):
        if not has_image(client, name):
            settings = index(os.environ, packages)
            here = any(path.startswith("index/torch-") for path in settings)
            # pip asks every index for every package: no further one where nothing is taken there.
            wanted = any(each.startswith("torch==") for each in packages) and not here
            arguments = {"BASE_IMAGE": base, "TORCH_INDEX": torch_index() if wanted else ""}
            build(client, name, {**files, **settings}, arguments, dockerfile="Dockerfile")
    return name


def image_name(packages: list[str], base: str) -> str:
    """What the image with these packages is called, built or not."""
    return f"{REPOSITORY}:{fingerprint(_files(packages), base, torch_index())}"


def torch_index() -> str:
    """Where torch comes from; empty: from where everything else does."""
    return os.environ.get(TORCH_VARIABLE, "")


def _files(packages: list[str]) -> dict[str, bytes]:
    return {
        "Dockerfile": (HERE / "Dockerfile").read_bytes(),
        "requirements.txt": "\n".join([*packages, ""]).encode(),
        "trim.py": (HERE / "trim.py").read_bytes(),
        "unused.txt": "\n".join([*unused(locks()), ""]).encode(),
    }


def _engine() -> DockerClient:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.ping()
    except DockerException as error:
        raise DeployError(
            f"No Docker engine answers, and this stack's steps run in containers ({error}). "
            "Start one: `sudo systemctl start docker`."
        ) from error
    return client
