"""This process as a client of a ZenML server, on a stack of a cluster that lacks all for models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.stacks.store import Store
from tests.workplace import ROOT

QUIRKS = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}


@contextmanager
def client_of(url: str, key: str, home: Path) -> Iterator[pytest.MonkeyPatch]:
    """Be a client of the server, for as long as the block; gives what patches this process.

    Args:
        key: Of a service account.
        home: Keeps the client's settings.
    """
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration
    from zenml.utils import source_utils

    mine = {
        "ZENML_CONFIG_PATH": str(home),
        "ZENML_LOCAL_STORES_PATH": str(home / "stores"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_STORE_URL": url,
        "ZENML_STORE_API_KEY": key,
    }
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in mine.items():
                patch.setenv(name, value)
            patch.setattr(source_utils, "_CUSTOM_SOURCE_ROOT", str(ROOT))
            GlobalConfiguration._reset_instance()
            Client._reset_instance()
            yield patch
    finally:
        GlobalConfiguration._reset_instance()
        Client._reset_instance()


def remote_stack(
    name: str, orchestrator: Mapping[str, Any], registry: str, store: Store, secret: str
) -> dict[str, Any]:
    """A stack as far as a pipeline without models needs one.

    Args:
        orchestrator: Its flavor, under that name, and its configuration.
        secret: ZenML's, which holds the keys of the store.
    """

    def one(flavor: str, **configuration: object) -> list[dict[str, object]]:
        return [{"name": name, "flavor": flavor, "configuration": configuration}]

    keys = {key: f"{{{{{secret}.{key}}}}}" for key in ("key", "secret")}
    where = {"endpoint_url": store.endpoint, "region_name": "us-east-1"}
    return {
        "stack_name": name,
        "components": {
            "orchestrator": one(**orchestrator),
            "container_registry": one("default", uri=registry),
            "image_builder": one("local"),
            "artifact_store": one(
                "s3", path="s3://bucket", client_kwargs=where, config_kwargs=QUIRKS, **keys
            ),
        },
    }
