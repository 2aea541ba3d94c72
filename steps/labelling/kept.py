"""The labels that are kept for a registered version's model."""

from __future__ import annotations

import json

from steps.labelling.settings import LabelSettings
from steps.labelling.store import LabelStore, label_store, place_of
from steps.registry.registry import Registry
from steps.registry.tracking import open_registry
from steps.registry.version import Version

# The registered model's tag that changes when labels come.
TAG = "labels"


def kept_labels(version: Version) -> LabelStore:
    """Where the run config that a version was trained with keeps its labels."""
    trained = json.loads(open_registry().text_of(version, "config.json"))
    settings = LabelSettings(**trained.get("labels", {}))
    return label_store(place_of(version.model, settings.uri))


def note_labels(registry: Registry, model: str, mark: str) -> None:
    """Write on the model that labels have come: an answer of before them stands no more."""
    registry.client.set_registered_model_tag(model, TAG, mark)
