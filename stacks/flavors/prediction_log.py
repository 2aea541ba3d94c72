"""Where a model deployer's predictions are kept, from its settings and the stack around it."""

from collections.abc import Mapping
from typing import Any

import orjson
from zenml.client import Client
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig

from serving.shipping.settings import LogSettings
from stacks.flavors.log_fields import LogFields


class PredictionLogConfig(LogFields, BaseModelDeployerConfig):
    """The settings of a ZenML model deployer that are about its prediction log."""


def log_settings(config: LogFields) -> LogSettings:
    """How a deployer's servers keep their predictions."""
    return config.kept(*target(config.log_uri))


def target(uri: str | None) -> tuple[str, dict[str, Any]]:
    """Where segments go, and what the driver of that store takes."""
    if uri == "":
        return "", {}
    store = Client().active_stack.artifact_store
    if uri is None:
        uri = f"{store.path.rstrip('/')}/predictions"
    if not uri.startswith(f"{store.path.rstrip('/')}/"):
        return uri, {}
    filesystem = getattr(store, "filesystem", None)
    return uri, plain(getattr(filesystem, "storage_options", {}))


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a file can hold; a driver looks for the others in its environment."""
    kept = {}
    for name, value in options.items():
        try:
            kept[name] = orjson.loads(orjson.dumps(value))
        except TypeError:
            continue
    return {name: value for name, value in kept.items() if value not in (None, {})}
