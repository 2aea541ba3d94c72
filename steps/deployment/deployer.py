"""The active stack's model deployer, seen through the one interface that steps know."""

from serving.errors import ConfigError
from serving.spec import Access, Deployer, Endpoint, Guarded, Trials
from steps.deployment.settings import RolloutSettings


def serves() -> bool:
    """Whether the active stack has a model deployer, of whichever flavor."""
    from zenml.client import Client

    return Client().active_stack.model_deployer is not None


def active_deployer() -> Deployer:
    """The active stack's model deployer.

    Raises:
        ConfigError: The stack has none, or one of a flavor that does not share the interface.
    """
    from zenml.client import Client

    stack = Client().active_stack
    deployer = stack.model_deployer
    if deployer is None:
        raise ConfigError(
            f"The stack '{stack.name}' has no model deployer. Choose one that has, such as "
            "`python run.py --stack local`, or stop after the gate with `--no-deploy`."
        )
    if not isinstance(deployer, Deployer):
        raise ConfigError(
            f"The model deployer '{deployer.name}' of the stack '{stack.name}' is of the flavor "
            f"'{deployer.flavor}', which this project cannot drive. Use the flavor 'resident', "
            "'resident_docker', 'seldon_local' or 'seldon_core'."
        )
    return deployer


def access_to(deployer: Deployer, name: str) -> Access:
    """What a request to that model must bring; never to be shown or stored."""
    return deployer.access(name) if isinstance(deployer, Guarded) else Access()


def require_trials(deployer: Deployer, rollout: RolloutSettings) -> None:
    """Refuse a rollout that the deployer cannot carry out, before anything is deployed.

    Raises:
        ConfigError: The config asks for a trial and the deployer can try nothing out.
    """
    if rollout.strategy != "immediate":
        trials_of(deployer)


def trials_of(deployer: Deployer) -> Trials:
    """The deployer as one that can try a version out.

    Raises:
        ConfigError: It can not.
    """
    if isinstance(deployer, Trials):
        return deployer
    flavor = getattr(deployer, "flavor", type(deployer).__name__)
    raise ConfigError(
        f"The stack's model deployer is of the flavor '{flavor}', which cannot try a version out "
        "beside another. Set rollout.strategy to 'immediate', or choose a stack whose deployer "
        "can, such as `--stack local`."
    )


def endpoint_of(deployer: Deployer, name: str) -> Endpoint | None:
    """Where that model answers now; None when it does not."""
    for endpoint in deployer.endpoints():
        if endpoint.name == name and endpoint.status == "ready":
            return endpoint
    return None
