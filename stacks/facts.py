"""What this machine and ZenML's store say about the things that a stack file names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from stacks.requirements import installed, packages
from stacks.schema import StackFile
from stacks.values import secret_references


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known without asking a service.

    Args:
        installed: Those of the packages that the stack needs which are there.
        secrets: The values of the secrets that the stack refers to, by name and key.
        programs: Those of the programs that a stack may need which are there.
        contexts: The Kubernetes contexts that kubectl would know.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    installed: Collection[str] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    programs: Collection[str] = ()
    contexts: Collection[str] = ()


def gather(file: StackFile) -> Facts:
    """The facts that matter to this stack."""
    return Facts(
        environ=os.environ,
        installed=installed(packages(file)),
        secrets=_secrets({name for name, _ in references(file)}),
        programs=[name for name in ("docker",) if shutil.which(name)],
        contexts=_contexts(),
    )


def references(file: StackFile) -> set[tuple[str, str]]:
    """Every secret and key that a stack file refers to."""
    return {
        found
        for group in file.components.values()
        for component in group
        for found in secret_references(component.configuration)
    }


def _secrets(names: Collection[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    from zenml.client import Client

    found = {}
    for name in names:
        try:
            secret = Client().get_secret_by_name_and_private_status(name)
        except KeyError:
            continue
        found[name] = dict(secret.secret_values)
    return found


def _contexts() -> set[str]:
    places = os.environ.get("KUBECONFIG", str(Path.home() / ".kube" / "config"))
    found: set[str] = set()
    for place in filter(None, places.split(os.pathsep)):
        try:
            document = yaml.safe_load(Path(place).read_text(encoding="utf-8"))
            found |= {context["name"] for context in document["contexts"]}
        except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
            # A file that kubectl could not read either gives no context.
            continue
    return found
