"""What Kubernetes calls a model."""

from __future__ import annotations

import re

from serving.errors import ConfigError

# The operator puts the name into a label, which holds no more.
LONGEST = 63
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def resource_name(model: str) -> str:
    """The SeldonDeployment's name: lower case with dashes, as services begin with a letter.

    The operator does not refuse other names; it fails on them for good.

    Raises:
        ConfigError: Nothing is left of the name, or too much.
    """
    name = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    if not name:
        raise ConfigError(f"A model named '{model}' cannot be served on Kubernetes: use letters.")
    name = name if name[0].isalpha() else f"m-{name}"
    if len(name) > LONGEST:
        raise ConfigError(
            f"The model's name '{model}' has {len(name)} letters as a Kubernetes name, which may "
            f"have {LONGEST}: shorten it."
        )
    return name


def label_value(text: str) -> str:
    """A text as a label's value, for people to select by; nothing is read back from it."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:63].strip("._-")
