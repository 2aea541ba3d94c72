"""A ZenML model deployer that serves each model from a resident server of this machine."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator
from zenml.model_deployers.base_model_deployer import BaseModelDeployerFlavor
from zenml.models.v2.misc.service import ServiceType

from serving.settings import ServerSettings
from stacks.flavors.process import ProcessConfig
from stacks.flavors.service import ProcessService
from stacks.flavors.trials import TrialDeployer, TrialLife, TrialService


class ResidentConfig(ProcessConfig):
    """Settings of the resident model deployer."""

    certificate: str = Field(
        default="",
        description="The PEM file of the certificate to serve HTTPS with. Default: plain HTTP.",
    )
    key_file: str = Field(default="", description="The PEM file of the certificate's private key.")

    grpc_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="The port on which the Open Inference Protocol is spoken by gRPC too; 0 takes "
        "a free one at each start. Default: none.",
    )

    @model_validator(mode="after")
    def _both_files(self) -> Self:
        if bool(self.certificate) != bool(self.key_file):
            raise ValueError("'certificate' and 'key_file' are set together or not at all")
        return self

    def server(self) -> ServerSettings:
        """What a server's process is told."""
        return replace(
            super().server(),
            certificate=_absolute(self.certificate),
            key_file=_absolute(self.key_file),
            grpc_port=self.grpc_port,
        )


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


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute()) if path else ""
