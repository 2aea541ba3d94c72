"""A ZenML model deployer that serves each model from a Seldon microservice of this machine."""

from typing import ClassVar

from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models.v2.misc.service import ServiceType

from stacks.flavors.process import ProcessConfig, ProcessDeployer
from stacks.flavors.service import Life, ProcessService


class SeldonLocalConfig(ProcessConfig):
    """Settings of the local Seldon deployer."""


class SeldonLocalService(ProcessService):
    """One model that a Seldon microservice serves."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon-local",
        type="model-serving",
        flavor="seldon_local",
        description="A model served by seldon-core-microservice on a machine",
    )

    @property
    def life(self) -> Life:
        """The life of a microservice."""
        from serving import seldon_local

        return seldon_local


class SeldonLocalDeployer(ProcessDeployer):
    """Serves each model from a Seldon microservice of its own, in the Seldon v1 protocol."""

    SERVICE: ClassVar[type[ProcessService]] = SeldonLocalService


class SeldonLocalFlavor(BaseModelDeployerFlavor):
    """The flavor that ZenML knows as `seldon_local`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "seldon_local"

    @property
    def config_class(self) -> type[SeldonLocalConfig]:
        """The settings that a component of this flavor takes."""
        return SeldonLocalConfig

    @property
    def implementation_class(self) -> type[SeldonLocalDeployer]:
        """The deployer itself."""
        return SeldonLocalDeployer


SeldonLocalDeployer.FLAVOR = SeldonLocalFlavor
