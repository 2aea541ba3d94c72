"""Evidently's page on a window, kept in MLflow beside the version that it is about."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from steps.monitoring.settings import MonitoringSettings
from steps.monitoring.verdict import Outcome
from steps.registry.recording import keep_page
from steps.registry.registry import Registry, local_path
from steps.registry.version import Version

if TYPE_CHECKING:
    from steps.data.stored import Table

FOLDER = "monitoring"
logger = logging.getLogger(__name__)


def wanted(outcome: Outcome, settings: MonitoringSettings) -> bool:
    """Whether a verdict has the page drawn."""
    found = outcome in ("drift", "degraded")
    return settings.report == "always" or (settings.report == "found" and found)


def keep_report(
    registry: Registry, version: Version, draw: Callable[[], str], until: datetime
) -> tuple[str, str]:
    """Where the page lies, or else why there is none.

    Whatever goes wrong is told and ends nothing: the verdict stands without the page.
    """
    try:
        name = f"{FOLDER}/{until:%Y%m%dT%H%M%SZ}.html"
        registry.client.log_text(version.run_id, draw(), name)
        root = str(registry.client.get_run(version.run_id).info.artifact_uri)
    except LookupError as error:
        return "", str(error.args[0])
    except Exception as error:
        return "", f"Evidently's report could not be made: {type(error).__name__}: {error}"[:300]
    return f"{local_path(root)}/{name}", ""


def keep_verdict(registry: Registry, version: Version, page: str, until: datetime) -> None:
    """Keep the verdict's own page beside it."""
    name = f"{FOLDER}/{until:%Y%m%dT%H%M%SZ}-verdict.html"
    if lost := keep_page(registry.client, version.run_id, page, name):
        logger.warning("The verdict's page is not in MLflow: %s", lost)


def training_rows(version: Version) -> Table:
    """The rows that a version was trained on.

    Raises:
        LookupError: This ZenML store does not hold the run, or its artifact is gone.
    """
    from zenml.client import Client

    name = version.tags.get("zenml_run", "")
    where = f"none: the training rows of the run '{name}'"
    try:
        run = Client().get_pipeline_run(name, allow_name_prefix_match=False)
    except KeyError:
        raise LookupError(f"{where} are not in this ZenML store.") from None
    for step in run.steps.values():
        for held in step.outputs.get("train_rows", ()):
            try:
                rows: Table = held.load()
            except Exception as error:  # Drivers of stores raise errors of their own packages.
                raise LookupError(f"{where} cannot be read: {type(error).__name__}.") from error
            return rows
    raise LookupError(f"{where} are not among its artifacts.")
