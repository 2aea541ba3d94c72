"""The image of a stack's steps: its name, what it is built from, and whether it is there."""

from __future__ import annotations

import os
from collections.abc import Collection

from stacks.doctor.finding import Finding
from stacks.image import (
    BASE_VARIABLE,
    IMAGE_VARIABLE,
    base_image,
    image_name,
    own_image,
    wanted,
)
from stacks.pairs import CONTAINERS, flavors
from stacks.requirements import pins
from stacks.schema import StackFile

CHECK = "image"


def finding(file: StackFile, spare: Collection[str] = ()) -> Finding:
    """What a run would build, if anything.

    Args:
        spare: Packages that no step of the run imports.
    """
    if not flavors(file, "orchestrator") & CONTAINERS:
        return Finding(CHECK, "ok", "none: steps run in this project's own environment")
    if own := own_image():
        return Finding(CHECK, "ok", f"{own}, as {IMAGE_VARIABLE} says: nothing is built")
    base, packages = base_image(), pins(file)
    try:
        packages = wanted(packages, spare, lambda names: _has(image_name(names, base)))
        name = image_name(packages, base)
        has_image, has_base = _has(name), _has(base)
    except Exception:  # Whether Docker is there and answers is a check of its own.
        text = f"{len(packages)} packages over {base}: no Docker engine says whether it is built"
        return Finding(CHECK, "unknown", text)
    if has_image:
        return Finding(CHECK, "ok", f"{name} is built, and would be used again")
    text = f"{name} would be built: {len(packages)} packages over {base}"
    if has_base:
        return Finding(CHECK, "ok", text)
    if BASE_VARIABLE not in os.environ:
        return Finding(CHECK, "ok", f"{text}, which Docker would pull first")
    return Finding(CHECK, "unknown", f"{text}, which this engine does not have and would pull")


def _has(name: str) -> bool:
    import contextlib

    import docker

    with contextlib.closing(docker.from_env(timeout=5)) as client:
        return bool(client.images.list(name=name))
