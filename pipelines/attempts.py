"""How often a step is tried and for how long, by its name; never part of what it computes."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field

from serving.errors import near_miss
from steps.config import Settings

# What stands for every step that is not named itself.
DEFAULT = "default"
TRAINING = (
    "resolve_champion",
    "load_table",
    "trace_lineage",
    "validate",
    "split_rows",
    "report_drift",
    "blend",
    "evaluate",
    "compare",
    "register_model",
    "promote",
)
DEPLOYMENT = ("check_export", "deploy", "smoke", "canary")

Seconds = Annotated[float, Field(gt=0)]


class RetrySettings(Settings):
    """How often a step is tried before the run fails.

    Args:
        tries: The first one included.
        wait: Seconds from the first to the second.
        backoff: What the wait is multiplied by after each further one.
    """

    tries: int = Field(default=3, ge=1, le=20)
    wait: int = Field(default=5, ge=0)
    backoff: int = Field(default=2, ge=1)


def steps_of(candidates: Collection[str]) -> list[str]:
    """The names of the steps of a training with these candidates, and of its deployment."""
    return [*TRAINING, *(f"train_{name}" for name in candidates), *DEPLOYMENT]


def require_known(group: str, asked: Collection[str], known: Collection[str]) -> None:
    """Refuse a name that no step has.

    Raises:
        ValueError: With the names that come closest.
    """
    for name in asked:
        if name not in {*known, DEFAULT}:
            raise ValueError(
                f"Run config key '{group}.{name}': there is no step '{name}'. "
                f"{near_miss(name, [*known, DEFAULT])}"
            )


def step_options(
    retry: Mapping[str, RetrySettings], timeout: Mapping[str, float], known: Collection[str]
) -> dict[str, dict[str, Any]]:
    """What ZenML is told of each step, laid over its decorator; neither enters its cache key.

    A step that is in a pipeline twice bears a number the second time.
    """
    options: dict[str, dict[str, Any]] = {}
    for name in known:
        asked = retry.get(name) or retry.get(DEFAULT)
        limit = timeout.get(name) or timeout.get(DEFAULT)
        told: dict[str, Any] = {}
        if asked is not None and asked.tries > 1:
            told["retry"] = {
                "max_retries": asked.tries - 1,
                "delay": asked.wait,
                "backoff": asked.backoff,
            }
        if limit is not None:
            told["extra"] = {"timeout": limit}
        if told:
            options |= {name: told, f"{name}_2": told}
    return options
