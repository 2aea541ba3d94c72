"""The active stack's model deployer, seen through the one interface that steps know."""

from serving.errors import ConfigError
from serving.spec import Access, Deployer, Endpoint, Guarded


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
            f"'{deployer.flavor}', which this project cannot drive. Use the flavor 'resident' or "
            "'seldon_local'."
        )
    return deployer


def access_to(deployer: Deployer, name: str) -> Access:
    """What a request to that model must bring; never to be shown or stored."""
    return deployer.access(name) if isinstance(deployer, Guarded) else Access()


def endpoint_of(deployer: Deployer, name: str) -> Endpoint | None:
    """Where that model answers now; None when it does not."""
    for endpoint in deployer.endpoints():
        if endpoint.name == name and endpoint.status == "ready":
            return endpoint
    return None
