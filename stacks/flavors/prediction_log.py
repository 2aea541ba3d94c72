"""Where a model deployer's predictions are kept, from its settings and the stack around it."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson
from pydantic import Field
from zenml.client import Client
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig

from serving.shipping.settings import LogSettings


class PredictionLogConfig(BaseModelDeployerConfig):
    """The settings of a deployer that are about its prediction log."""

    log_uri: str | None = Field(
        default=None,
        description="Where whole segments of the prediction log are shipped to. Default: "
        "`predictions` in the artifact store of the active stack; empty: nowhere. A store other "
        "than the stack's takes its credentials from the environment.",
    )
    log_sensitive: Literal["hash", "omit"] = Field(
        default="hash", description="Whether the log hashes sensitive columns or leaves them out."
    )
    log_segment_mb: float = Field(
        default=64, gt=0, description="Megabytes after which a new segment is begun."
    )
    log_segment_seconds: float = Field(
        default=300, gt=0, le=3600, description="Seconds after which a segment is shipped."
    )
    log_keep_mb: float = Field(
        default=1024,
        gt=0,
        description="Megabytes of segments that are kept where the server runs; the oldest go.",
    )


def log_settings(config: PredictionLogConfig) -> LogSettings:
    """How a deployer's servers keep their predictions."""
    uri, options = target(config.log_uri)
    return LogSettings(
        uri=uri,
        options=options,
        sensitive=config.log_sensitive,
        segment=int(config.log_segment_mb * 2**20),
        seconds=config.log_segment_seconds,
        keep=int(config.log_keep_mb * 2**20),
    )


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
