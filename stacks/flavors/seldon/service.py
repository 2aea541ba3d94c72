"""ZenML's record of a model that Seldon Core serves; the cluster itself is what is asked."""

from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar, cast

from zenml.enums import ServiceState
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from serving.spec import Endpoint, ServiceSpec
from stacks.flavors.service import STATES

if TYPE_CHECKING:
    from stacks.flavors.seldon.flavor import SeldonDeployer


class SeldonServiceConfig(ServiceConfig):
    """Which model of which stack component; ZenML cannot change it once recorded.

    Args:
        deployer: The id of the stack component.
    """

    deployer: str


class SeldonServiceStatus(ServiceStatus):
    """What is served now."""

    version: str = ""
    model_uri: str = ""
    digest: str = ""
    url: str = ""
    predict_url: str = ""
    seldon_url: str = ""
    grpc_target: str = ""


class SeldonService(BaseDeploymentService):
    """One served model."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon-core",
        type="model-serving",
        flavor="seldon_core",
        description="A model served by Seldon Core on Kubernetes",
    )

    config: SeldonServiceConfig
    status: SeldonServiceStatus

    @property
    def deployer(self) -> "SeldonDeployer":
        """The stack component that serves the model."""
        from zenml.client import Client
        from zenml.enums import StackComponentType
        from zenml.stack import StackComponent

        kind = StackComponentType.MODEL_DEPLOYER
        found = Client().get_stack_component(kind, self.config.deployer)
        return cast("SeldonDeployer", StackComponent.from_model(found))

    @property
    def prediction_url(self) -> str | None:
        """Where Open Inference Protocol v2 requests go."""
        return self.status.predict_url or None

    def get_healthcheck_url(self) -> str | None:
        """Where the server says whether it is ready."""
        return f"{self.status.url}/readyz" if self.status.url else None

    def check_status(self) -> tuple[ServiceState, str]:
        """Ask the cluster."""
        for endpoint in self.deployer.endpoints():
            if endpoint.name == self.config.model_name:
                self.note(endpoint)
                return self.status.state, endpoint.detail
        return ServiceState.INACTIVE, ""

    def provision(self) -> None:
        """Serve again what was served last."""
        status = self.status
        spec = ServiceSpec(self.config.model_name, status.version, status.model_uri, status.digest)
        self.note(self.deployer.serve(spec))

    def deprovision(self, force: bool = False) -> None:  # noqa: ARG002
        """Stop answering."""
        self.deployer.stop(self.config.model_name)

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:  # noqa: ARG002
        """The last lines that each pod wrote."""
        lines = list(self.deployer.models.log(self.config.model_name))
        yield from lines[-tail:] if tail else lines

    def note(self, endpoint: Endpoint) -> None:
        """Keep where the model answers and with which version."""
        status = self.status
        status.update_state(STATES[endpoint.status])
        status.version, status.url = endpoint.version, endpoint.url
        status.predict_url, status.seldon_url = endpoint.predict_url, endpoint.seldon_url
        status.grpc_target = endpoint.grpc_target
