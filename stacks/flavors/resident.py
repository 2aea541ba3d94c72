"""A ZenML model deployer that serves each model from a resident server of this machine."""

from dataclasses import fields
from pathlib import Path
from typing import ClassVar, Self, cast

from pydantic import Field, model_validator
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models.v2.misc.service import ServiceType
from zenml.utils.secret_utils import SecretField

from serving.client import access
from serving.settings import BODY_LIMIT, PATIENCE, ServerSettings
from serving.shipping.settings import write_settings
from serving.spec import Access
from serving.state import read_state
from stacks.flavors.prediction_log import PredictionLogConfig, log_settings
from stacks.flavors.process import ProcessConfig
from stacks.flavors.service import ProcessService
from stacks.flavors.trials import TrialDeployer, TrialLife, TrialService


class ResidentConfig(ProcessConfig, PredictionLogConfig):
    """Settings of the resident model deployer."""

    body_limit: int = Field(
        default=BODY_LIMIT, ge=1, description="The largest request body, in bytes."
    )
    patience: float = Field(
        default=PATIENCE,
        gt=0,
        description="Seconds in which a request's head, and then its body, must have arrived.",
    )
    api_key: str = SecretField(
        default="",
        description="What each request must bring, as 'Authorization: Bearer KEY' or "
        "'X-API-Key: KEY'. Default: nothing.",
    )
    certificate: str = Field(
        default="",
        description="The PEM file of the certificate to serve HTTPS with. Default: plain HTTP.",
    )
    key_file: str = Field(default="", description="The PEM file of the certificate's private key.")

    @model_validator(mode="after")
    def _both_files(self) -> Self:
        if bool(self.certificate) != bool(self.key_file):
            raise ValueError("'certificate' and 'key_file' are set together or not at all")
        return self

    def server(self) -> ServerSettings:
        """What a server's process is told."""
        settings = {each.name: getattr(self, each.name) for each in fields(ServerSettings)}
        for name in ("certificate", "key_file"):
            if settings[name]:
                settings[name] = str(Path(settings[name]).expanduser().absolute())
        return ServerSettings(**settings)


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

    def access(self) -> Access:
        """What a request must bring, as far as this machine knows."""
        state = read_state(self.home)
        return Access() if state is None else access(state)


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
