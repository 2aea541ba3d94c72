"""A file of this machine that the steps of the active stack write, wherever they run."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from serving.errors import RunError
from stacks.check import registered_file
from stacks.pairs import containers_of_this_machine, steps_leave_this_process
from stacks.registered import active_stack_name
from steps.data.location import Location, locate_output
from steps.data.objectstore import ARTIFACTS, open_store

if TYPE_CHECKING:
    from rich.console import Console

    from steps.inference.settings import Predictions

# The folder of the artifact store in which a file lies until it is fetched; the prediction log has
# one of its own.
FOLDER = "outputs"
# Where containers of this machine see the folder of the file: a home of theirs is none of ours.
MOUNTED = "/predictions"
LETTERS = 16
BLOCK = 1 << 20


@dataclass(frozen=True)
class Output:
    """A file as it was asked for, and as the steps are told of it.

    Args:
        mounts: What their containers have to see of this machine, as Docker is told of it.
        fetched: Whether the steps leave it in the artifact store.
    """

    asked: str
    told: str
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fetched: bool = False


def within_reach_to_write(out: str) -> Output:
    """A file where the active stack's steps can write it.

    Steps of this process write it where it belongs. Containers of this machine see its folder.
    Those of other machines write into the artifact store, from which it is fetched.
    """
    location = locate_output(out)
    file = registered_file(active_stack_name())
    if location.kind != "file" or not steps_leave_this_process(file):
        return Output(out, out)
    path = Path(location.uri)
    if containers_of_this_machine(file):
        mounts = {str(path.parent): {"bind": MOUNTED, "mode": "rw"}}
        return Output(out, f"{MOUNTED}/{path.name}", mounts)
    # The same for the same command, which goes on from what an interrupted one has left there.
    asker = f"{platform.node()} {os.getuid()} {path}"
    digest = hashlib.sha256(asker.encode()).hexdigest()[:LETTERS]
    return Output(out, f"{ARTIFACTS}://{FOLDER}/{digest}/{path.name}", fetched=True)


def fetch(output: Output, written: Predictions, console: Console) -> Predictions:
    """What the steps wrote, by the name that was asked for, and in its place.

    Raises:
        RunError: It cannot be brought here; then it stays where it is.
    """
    if output.fetched:
        path = Path(locate_output(output.asked).uri)
        console.print(f"[dim]copying {output.told} to {path}[/dim]", soft_wrap=True)
        try:
            _bring(output.told, path, written.digest)
        except Exception as error:
            # Each store's driver has errors of its own.
            kind = f"{type(error).__name__}: {error}"
            raise RunError(
                f"The predictions lie at '{output.told}' in the artifact store, and cannot be "
                f"brought to '{path}': {kind}"
            ) from error
    return written.model_copy(update={"out": output.asked})


def _bring(uri: str, path: Path, digest: str) -> None:
    """Copy a file whole or not at all, and then remove it where it was."""
    store = open_store(Location("object", uri, uri))
    draft, total = path.with_name(f"{path.name}.draft"), hashlib.sha256()
    with store.fs.open(store.path, "rb") as source, draft.open("wb") as target:
        while block := source.read(BLOCK):
            total.update(block)
            target.write(block)
    if f"sha256:{total.hexdigest()}" != digest:
        raise RunError("it was cut off or changed on the way.")
    draft.replace(path)
    store.fs.rm(store.path)
