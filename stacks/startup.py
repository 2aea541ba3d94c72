"""What a ZenML run costs before its first step, cut down.

A command that only finds every step in the cache spends its time on imports. Five causes are
cured here, and nothing of what ZenML does is left out:

- While thousands of modules load, Python's collector walks all of them again and again and finds
  nothing: it is paused until they are there, and then told to leave them alone. More modules come
  later, with the steps: so it begins less often than by itself.
- When the process ends it walks them once more: it is told to leave them alone then too.
- For every compilation ZenML imports each installed framework, torch and scikit-learn among them,
  to learn how to store its objects. The artifacts of this project have materializers of their own.
- After every tracked step ZenML imports them again, to end what MLflow may log of each by itself:
  that is ended where MLflow has been asked for it, and so has imported its module.
- For every class of another package that it writes down, ZenML lets Python read the lists of files
  of all installed packages: they are read once in a process.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

# Integrations whose activation does nothing but import materializers, and with them a framework.
# An object of theirs that a step returns all the same is stored through cloudpickle, and an
# artifact that was stored through them still loads: its materializer is imported by name.
FRAMEWORKS = (
    "deepchecks",
    "facets",
    "jax",
    "langchain",
    "lightgbm",
    "mlx",
    "neural_prophet",
    "pillow",
    "polars",
    "pycaret",
    "pytorch",
    "pytorch_lightning",
    "scipy",
    "sklearn",
    "xgboost",
)
# So many objects more than before let the collector begin; Python's own number is 700.
SELDOM = 10_000
# Whose automatic logs ZenML ends after a step.
LOGGED = (
    "fastai",
    "lightgbm",
    "pytorch",
    "sklearn",
    "spark",
    "statsmodels",
    "tensorflow",
    "xgboost",
)


@contextmanager
def loading() -> Iterator[None]:
    """Import what a command needs, without looking for garbage meanwhile.

    Inside of another one it is that one's affair.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    read_packages_once()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(SELDOM)
        gc.enable()
        atexit.register(gc.freeze)


def read_packages_once() -> None:
    """Let Python remember which package each module is of: nothing is installed during a run."""
    asked = importlib.metadata.packages_distributions
    if not hasattr(asked, "cache_info"):
        importlib.metadata.packages_distributions = functools.cache(asked)


def leave_frameworks_out() -> None:
    """Let ZenML compile pipelines of this process without importing `FRAMEWORKS`."""
    from zenml.integrations.registry import integration_registry

    activate = integration_registry.activate_integrations

    def activate_others() -> None:
        with _without(integration_registry.integrations, FRAMEWORKS):
            activate()

    # On this one object: the registry itself keeps all, since requirements are looked up in it.
    integration_registry.activate_integrations = activate_others


def track_without_frameworks() -> None:
    """Let runs on the active stack end MLflow's automatic logs without importing `LOGGED`."""
    from zenml.client import Client

    tracker = Client().active_stack.experiment_tracker
    if hasattr(tracker, "disable_autologging"):
        # On this one object too.
        tracker.disable_autologging = lambda: end_logs(sys.modules)


def end_logs(modules: Mapping[str, Any]) -> None:
    """End the automatic logs that these modules may have begun."""
    for name in LOGGED:
        if module := modules.get(f"mlflow.{name}"):
            # ZenML lets a step stand whose logs could not be ended.
            with suppress(Exception):
                module.autolog(disable=True)


@contextmanager
def _without(mapping: MutableMapping[str, Any], keys: tuple[str, ...]) -> Iterator[None]:
    taken = {key: mapping.pop(key) for key in keys if key in mapping}
    try:
        yield
    finally:
        mapping.update(taken)
