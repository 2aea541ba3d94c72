"""A ZenML model deployer that serves each model from a resident server of this machine."""

from typing import ClassVar, cast

from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models.v2.misc.service import ServiceType

from serving.shipping.settings import write_settings
from stacks.flavors.prediction_log import PredictionLogConfig, log_settings
from stacks.flavors.process import ProcessConfig
from stacks.flavors.service import ProcessService
from stacks.flavors.trials import TrialDeployer, TrialLife, TrialService


class ResidentConfig(ProcessConfig, PredictionLogConfig):
    """Settings of the resident model deployer."""


class ResidentService(TrialService):
    """One model that a resident server serves."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="resident",
        type="model-serving",
        flavor="resident",
        description="A model served by a process of a machine",
    )

    @property
    def life(self) -> TrialLife:
        """The life of a resident server."""
        from serving import resident

        return resident


class ResidentDeployer(TrialDeployer):
    """Serves each model from a resident server of its own."""

    SERVICE: ClassVar[type[ProcessService]] = ResidentService

    def _asked(self, service: ProcessService) -> ProcessService:
        """The service with what the component's settings ask for now."""
        config = cast("ResidentConfig", self.config)
        if service.is_here:
            service.home.mkdir(parents=True, exist_ok=True)
            write_settings(service.home, log_settings(config))
        return super()._asked(service)


class ResidentFlavor(BaseModelDeployerFlavor):
    """The flavor that ZenML knows as `resident`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return "resident"

    @property
    def config_class(self) -> type[ResidentConfig]:
        """The settings that a component of this flavor takes."""
        return ResidentConfig

    @property
    def implementation_class(self) -> type[ResidentDeployer]:
        """The deployer itself."""
        return ResidentDeployer


ResidentDeployer.FLAVOR = ResidentFlavor
