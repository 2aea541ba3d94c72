"""What a version was trained with, to be trained with again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipelines.settings import RunConfig, build_config

if TYPE_CHECKING:
    from steps.registry.registry import Registry
    from steps.registry.version import Version

ATTEMPTS = ("retry", "timeout")


def trained_config(registry: Registry, version: Version) -> RunConfig:
    """The run config of a version's training, with how often and for how long a step was tried."""
    content = json.loads(registry.text_of(version, "config.json"))
    return build_config({**content, **_attempts(version.tags.get("zenml_run", ""))}, {})


def _attempts(run: str) -> dict[str, Any]:
    """The policies of a run, which are no part of what it computes; none where it is not here."""
    from zenml.client import Client

    if not run:
        return {}
    try:
        held = Client().get_pipeline_run(run, allow_name_prefix_match=False)
    except KeyError:
        return {}
    config = (held.config.parameters or {}).get("config", {})
    return {name: config[name] for name in ATTEMPTS if name in config}
