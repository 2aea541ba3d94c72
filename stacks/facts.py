"""What this machine and ZenML's store say about the things that a stack file names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from serving.errors import ConfigError
from stacks.requirements import installed, packages
from stacks.schema import Component, StackFile
from stacks.values import SECRET_NAME, expand, secret_references, with_secrets

# What the flavors read from the secret that a component names, where its type alone does not tell.
SECRET_KEYS = {"azure": ("account_name", "account_key"), "gcp": ("token",)}
LOGIN = ("username", "password")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is known without asking a service.

    Args:
        installed: Those of the packages that the stack needs which are there.
        secrets: The values of the secrets that the stack refers to, by name and key.
        programs: Those of the programs that a stack may need which are there.
        contexts: The Kubernetes contexts that kubectl would know.
        own_store: Whether ZenML keeps its records in a database file of this machine.
    """

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    installed: Collection[str] = ()
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    programs: Collection[str] = ()
    contexts: Collection[str] = ()
    own_store: bool = False


def gather(file: StackFile) -> Facts:
    """The facts that matter to this stack."""
    named = {*(name for name, _ in references(file)), *named_secrets(file)}
    return replace(gather_here(file), secrets=_secrets(named), own_store=_own_store())


def gather_here(file: StackFile) -> Facts:
    """Those of the facts that are known without ZenML, within milliseconds."""
    return Facts(
        environ=os.environ,
        installed=installed(packages(file)),
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


def named_secrets(file: StackFile) -> dict[str, tuple[str, ...]]:
    """The secrets that components name instead of single values, with the keys they hold."""
    return {
        str(name): LOGIN if type_ == "container_registry" else SECRET_KEYS.get(each.flavor, ())
        for type_, group in file.components.items()
        for each in group
        if (name := each.configuration.get(SECRET_NAME))
    }


def known_values(component: Component, facts: Facts) -> dict[str, object] | None:
    """A configuration with its variables and secrets read; None where one is not there."""
    try:
        found = with_secrets(expand(component.configuration, facts.environ), facts.secrets)
    except (ConfigError, KeyError):
        return None
    return dict(found) if isinstance(found, Mapping) else None


def _own_store() -> bool:
    from zenml.client import Client

    url: str = Client().zen_store.url
    return url.startswith("sqlite:")


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
