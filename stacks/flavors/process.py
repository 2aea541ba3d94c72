"""What the ZenML model deployers have in common that serve from a process of this machine.

A process outlives the command that started it. ZenML holds a record of it, so that
`zenml model-deployer models list` and the dashboard show it.
"""

import math
import platform
import re
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import UUID

from pydantic import Field
from zenml.client import Client
from zenml.config.global_config import GlobalConfiguration
from zenml.exceptions import EntityExistsError
from zenml.model_deployers.base_model_deployer import (
    DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
    BaseModelDeployer,
)
from zenml.models import ServiceResponse
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig
from zenml.utils.secret_utils import SecretField

from serving.errors import ConfigError, SwitchyardError
from serving.settings import BODY_LIMIT, PATIENCE, ServerSettings
from serving.shipping.settings import write_settings
from serving.spec import Access, Endpoint, ServiceSpec
from stacks.flavors.prediction_log import PredictionLogConfig, log_settings, target
from stacks.flavors.service import ProcessService, ProcessServiceConfig, ProcessServiceStatus
from stacks.flavors.service_record import write

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ProcessConfig(PredictionLogConfig):
    """Settings of a deployer whose servers are processes of this machine."""

    host: str = Field(default="127.0.0.1", description="The address that servers listen on.")
    port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="The port of the one model served; 0 takes a free port for each model and "
        "keeps it.",
    )
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
    home: str | None = Field(
        default=None,
        description="The directory in which each model's server has its own. Default: beside the "
        "local artifact stores of ZenML.",
    )

    @property
    def is_local(self) -> bool:
        """Servers are processes of this machine."""
        return True

    def server(self) -> ServerSettings:
        """What a server's process is told."""
        names = ("host", "port", "body_limit", "patience", "api_key")
        return ServerSettings(**{name: getattr(self, name) for name in names})


class BundleConfig(ServiceConfig):
    """Which bundle is to be served, in the words of ZenML's deployers."""

    model_uri: str
    digest: str


class ProcessDeployer(BaseModelDeployer):
    """Serves each model from a process of its own, one version at a time."""

    SERVICE: ClassVar[type[ProcessService]]

    @property
    def config(self) -> ProcessConfig:
        """The component's settings."""
        return cast("ProcessConfig", self._config)

    @property
    def home(self) -> Path:
        """The directory in which each model's server has its own."""
        if self.config.home:
            return Path(self.config.home).expanduser().absolute()
        return Path(GlobalConfiguration().local_stores_path) / str(self.id)

    # What steps use: serving.spec.Deployer.

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve this version under its name, at the same URL as the version before it.

        Args:
            timeout: Seconds until the version must answer.

        Raises:
            ConfigError: The name is none that a directory can have.
            DeployError: The version did not come up; the one before it still answers.
            ModelError: The bundle is broken; the one before it still answers.
        """
        if not _NAME.fullmatch(spec.name):
            raise ConfigError(
                f"A model named '{spec.name}' cannot be served: use letters, digits, - _ and ."
            )
        config = BundleConfig(
            model_name=spec.name,
            model_version=spec.version,
            model_uri=spec.model_uri,
            digest=spec.digest,
        )
        return self.deploy_model(config, timeout=math.ceil(timeout)).served()

    def endpoints(self) -> list[Endpoint]:
        """Every model that this deployer serves or served; of one name, this client's first."""
        found = [service.served() for service in self.find_model_server()]
        return sorted(found, key=lambda endpoint: endpoint.name)

    def stop(self, name: str) -> bool:
        """Stop answering for a model; False when nothing answered."""
        found = self.find_model_server(model_name=name)
        if not found:
            return False
        answered = found[0].end()
        write(found[0])
        return answered

    def log_store(self) -> tuple[str, dict[str, Any]]:
        """Where the servers ship what they answered, and what the driver of that store takes."""
        return target(self.config.log_uri)

    def access(self, name: str) -> Access:
        """What a request to that model must bring."""
        found = self.find_model_server(model_name=name)
        return found[0].access() if found else Access()

    # What ZenML uses.

    def deploy_model(
        self,
        config: BundleConfig,
        service_type: ServiceType | None = None,  # noqa: ARG002
        replace: bool = False,  # noqa: ARG002
        continuous_deployment_mode: bool = False,  # noqa: ARG002
        timeout: int = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
    ) -> ProcessService:
        """Serve a bundle; a model of the same name is updated in place.

        The base class takes any service of the flavor for the one asked for, whatever its model,
        since the store drops the filter by configuration. Here the exact name decides.
        """
        identity, is_new = self._recorded(config.model_name)
        try:
            return self.perform_deploy_model(identity, config, timeout)
        except SwitchyardError:
            if is_new:
                Client().delete_service(identity)
            raise

    def perform_deploy_model(
        self,
        id: UUID,
        config: BundleConfig,
        timeout: int = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
    ) -> ProcessService:
        """Serve a bundle under the record of this id."""
        service = self._asked(cast("ProcessService", self.load_service(id)))
        spec = ServiceSpec(config.model_name, config.model_version, config.model_uri, config.digest)
        service.serve(spec, timeout)
        write(service)
        return service

    def find_model_server(
        self,
        config: dict[str, Any] | None = None,  # noqa: ARG002
        model_name: str | None = None,
        model_version: str | None = None,
        **criteria: Any,
    ) -> list[ProcessService]:
        """This component's services, by the criteria that ZenML's store keeps, name and version.

        Those of this client come first: others share the component through ZenML's server.
        """
        # Without a service type the base class asks for no flavor, and by a model's name it looks
        # for ZenML's model of that name: where there is none it returns every service.
        criteria["service_type"] = self.SERVICE.SERVICE_TYPE
        found = [
            service
            for service in super().find_model_server(**criteria)
            if service.config.deployer == str(self.id)
            and model_name in (None, service.config.model_name)
            and model_version in (None, service.status.version)
        ]
        return sorted(found, key=lambda service: not service.config.is_in(self.home))

    def perform_start_model(
        self,
        service: ProcessService,
        timeout: int = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
    ) -> ProcessService:
        """Serve again what was served last."""
        self._asked(service).start(timeout)
        write(service)
        return service

    def perform_stop_model(
        self,
        service: ProcessService,
        timeout: int = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
        force: bool = False,
    ) -> ProcessService:
        """Stop answering; what was served can be started again."""
        service.stop(timeout, force)
        return service

    def perform_delete_model(
        self,
        service: ProcessService,
        timeout: int = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
        force: bool = False,
    ) -> None:
        """Stop answering; ZenML then forgets the service."""
        service.stop(timeout, force)

    @staticmethod
    def get_model_server_info(service: ProcessService) -> dict[str, str | None]:
        """What `zenml model-deployer models describe` shows."""
        return {
            "MODEL_NAME": service.config.model_name,
            "MODEL_VERSION": service.status.version,
            "MODEL_DIGEST": service.status.digest,
            "PREDICTION_URL": service.prediction_url,
            "SELDON_URL": service.status.seldon_url,
            "HOME": service.config.home,
            "MACHINE": service.config.machine,
        }

    def _asked(self, service: ProcessService) -> ProcessService:
        """The service with what the component's settings ask for now."""
        if service.is_here:
            service.home.mkdir(parents=True, exist_ok=True)
            write_settings(service.home, log_settings(self.config))
        service.ask_for(self.config.server())
        return service

    def _recorded(self, name: str) -> tuple[UUID, bool]:
        """The id of the record of a model's service, and whether it was made just now."""
        if found := self._record(name):
            return found.id, False
        service_config = self._service_config(name)
        try:
            made = Client().create_service(service_config, self.SERVICE.SERVICE_TYPE)
        except EntityExistsError:
            # Another process deployed this name for the first time at the same moment.
            return self._recorded(name)
        # At once, since a record without its class is lost for every look-up.
        write(self.SERVICE(uuid=made.id, config=service_config, status=ProcessServiceStatus()))
        return made.id, True

    def _record(self, name: str) -> ServiceResponse | None:
        found = Client().list_services(
            service_name=f"equals:{self._service_config(name).service_name}",
            type=self.SERVICE.SERVICE_TYPE.type,
            flavor=self.SERVICE.SERVICE_TYPE.flavor,
            hydrate=True,
        )
        ours = (each for each in found.items if each.config.get("deployer") == str(self.id))
        configs = ((each, ProcessServiceConfig.model_validate(each.config)) for each in ours)
        return next((each for each, config in configs if config.is_in(self.home)), None)

    def _service_config(self, name: str) -> ProcessServiceConfig:
        return ProcessServiceConfig(
            name=name,
            model_name=name,
            deployer=str(self.id),
            home=str(self.home / name),
            machine=platform.node(),
        )
