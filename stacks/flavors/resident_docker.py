"""A ZenML model deployer that serves each model from a container of this machine."""

from collections.abc import Generator
from typing import ClassVar, Self, cast

from pydantic import Field, PrivateAttr, model_validator
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models.v2.misc.service import ServiceType

from serving.docker_runner import ContainerSettings
from serving.image import BASE
from serving.resident_docker import Containers
from stacks.flavors.process import ProcessDeployer
from stacks.flavors.resident import ResidentConfig
from stacks.flavors.service import ProcessService
from stacks.flavors.trials import TrialDeployer, TrialService


class ResidentDockerConfig(ResidentConfig):
    """Settings of the deployer; the address is the one at which the container is reached."""

    image: str = Field(
        default="",
        description="The image to run, made from serving/Dockerfile. Default: one that is built "
        "from it here, once for as long as nothing that goes into it changes.",
    )
    base_image: str = Field(
        default=BASE, description="What that image is built over: Python 3.11 with pip."
    )
    memory: str = Field(
        default="",
        pattern=r"^(\d+[kmg])?$",
        description="The most memory that a container may use, such as 512m. Default: any.",
    )
    cpus: float = Field(
        default=0.0,
        ge=0,
        description="How many processors' time a container may use. Default: any.",
    )

    @model_validator(mode="after")
    def _no_grpc(self) -> Self:
        if self.grpc_port is not None:
            raise ValueError("'grpc_port' is for the flavor resident: a container shows HTTP alone")
        return self

    def containers(self) -> ContainerSettings:
        """What a container is made of."""
        return ContainerSettings(self.image, self.base_image, self.memory, self.cpus)


class ResidentDockerService(TrialService):
    """One model that a container serves."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="resident-docker",
        type="model-serving",
        flavor="resident_docker",
        description="A model served by a container of a machine",
    )

    _containers: ContainerSettings = PrivateAttr(default_factory=ContainerSettings)

    @property
    def life(self) -> Containers:
        """The life of a resident server in a container."""
        return Containers(self._containers)

    def contain(self, settings: ContainerSettings) -> None:
        """Have the next container made of this."""
        self._containers = settings

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """The lines that the server wrote."""
        self.require_here()
        yield from self.life.printed(self.home, follow=follow, tail=tail)


class ResidentDockerDeployer(TrialDeployer):
    """Serves each model from a container of its own."""

    SERVICE: ClassVar[type[ProcessService]] = ResidentDockerService

    def _asked(self, service: ProcessService) -> ProcessService:
        """The service with what the component's settings ask for now."""
        config = cast("ResidentDockerConfig", self.config)
        cast("ResidentDockerService", service).contain(config.containers())
        return super()._asked(service)


class ResidentDockerFlavor(BaseModelDeployerFlavor):
    """The flavor that ZenML knows as `resident_docker`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "resident_docker"

    @property
    def config_class(self) -> type[ResidentDockerConfig]:
        """The settings that a component of this flavor takes."""
        return ResidentDockerConfig

    @property
    def implementation_class(self) -> type[ProcessDeployer]:
        """The deployer itself."""
        return ResidentDockerDeployer


ResidentDockerDeployer.FLAVOR = ResidentDockerFlavor
