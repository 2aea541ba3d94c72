"""The active stack's MLflow server, and the ZenML model versions that follow its aliases."""

from serving.errors import ConfigError
from steps.registry.registry import Registry
from steps.registry.version import Version

PRODUCTION = "production"


def tracking_uri() -> str:
    """The tracking URI of the active stack, with its credentials in this process's environment.

    Raises:
        ConfigError: The stack has no MLflow experiment tracker.
    """
    from zenml.client import Client

    stack = Client().active_stack
    tracker = stack.experiment_tracker
    if tracker is None or tracker.flavor != "mlflow":
        raise ConfigError(
            f"Stack '{stack.name}' has no MLflow experiment tracker, which keeps the models. "
            "Add an experiment_tracker of flavor mlflow to its file in stacks/ and apply it."
        )
    tracker.configure_mlflow()
    return str(tracker.get_tracking_uri())


def open_registry() -> Registry:
    """The registry behind the active stack."""
    return Registry(tracking_uri())


def zenml_version() -> str:
    """The ZenML model version that the running step belongs to; empty where it has none."""
    from zenml import get_step_context
    from zenml.exceptions import StepContextError

    try:
        return str(get_step_context().model.number)
    except (StepContextError, RuntimeError):
        return ""


def mark_production(version: Version) -> bool:
    """Put the ZenML model version that belongs to a champion into production.

    Returns:
        False where the version was registered outside of a ZenML model.
    """
    return set_production(version.model, version.zenml_version)


def set_production(model: str, number: str) -> bool:
    """Put that version of a ZenML model into production; False where there is none."""
    from zenml.client import Client

    client = Client()
    if not number:
        return False
    try:
        held = client.get_model_version(model, int(number))
    except KeyError:
        return False
    if held.stage != PRODUCTION:
        # The stage may be taken: one version is in production, and a promotion moves it.
        client.update_model_version(model, held.id, stage=PRODUCTION, force=True)
    return True
