"""A ZenML model deployer that serves each model from a SeldonDeployment on Kubernetes.

ZenML has a flavor `seldon` of its own, whose name it takes back at each update of its store; this
one is `seldon_core` and needs nothing of ZenML's integration.
"""

from functools import cached_property
from typing import Any, ClassVar, Self, cast
from uuid import UUID

from pydantic import model_validator
from zenml.client import Client
from zenml.exceptions import EntityExistsError
from zenml.model_deployers.base_model_deployer import (
    DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT,
    BaseModelDeployer,
    BaseModelDeployerConfig,
    BaseModelDeployerFlavor,
)
from zenml.models.v2.misc.service import ServiceType

from serving.errors import ConfigError
from serving.spec import Access, Endpoint, Observation, ServiceSpec, Traffic
from stacks.flavors.prediction_log import target
from stacks.flavors.process import BundleConfig
from stacks.flavors.seldon.deployer import SeldonModels
from stacks.flavors.seldon.rules import check
from stacks.flavors.seldon.service import SeldonService, SeldonServiceConfig, SeldonServiceStatus
from stacks.flavors.seldon.settings import SeldonSettings
from stacks.flavors.service_record import write

PATIENCE = DEFAULT_DEPLOYMENT_START_STOP_TIMEOUT


class SeldonConfig(SeldonSettings, BaseModelDeployerConfig):
    """Settings of the Seldon Core model deployer."""

    @model_validator(mode="after")
    def _fit_for_a_cluster(self) -> Self:
        # A reference to a secret of ZenML's is known when the deployer is used.
        if "{{" not in self.model_dump_json():
            try:
                check(self)
            except ConfigError as error:
                raise ValueError(str(error)) from error
        return self


class SeldonDeployer(BaseModelDeployer):
    """Serves each model from a SeldonDeployment of its own, and tries versions out beside it."""

    NAME: ClassVar[str] = "seldon_core"

    @property
    def config(self) -> SeldonConfig:
        """The component's settings."""
        return cast("SeldonConfig", self._config)

    @cached_property
    def models(self) -> SeldonModels:
        """The models of the namespace, in the cluster that this process can reach."""
        from stacks.flavors.seldon.cluster import connect, is_inside
        from stacks.flavors.seldon.urls import Place

        config = self.config
        cluster = connect(config.namespace, config.kubernetes_context)
        settings = config.model_copy(update={"log_uri": self.log_store()[0]})
        return SeldonModels(Place(cluster, settings, inside=is_inside()))

    # What steps use: serving.spec.Deployer, Guarded, Logged and Trials.

    def serve(self, spec: ServiceSpec, *, timeout: float = 60.0) -> Endpoint:
        """Serve this version under its name, at the same URL as the version before it.

        Raises:
            ConfigError: The settings or the name are none that the cluster takes.
            DeployError: The version did not come up; the one before it still answers.
            ModelError: The bundle is broken; the one before it still answers.
        """
        endpoint = self.models.serve(spec, timeout=timeout)
        self._record(endpoint, spec)
        return endpoint

    def endpoints(self) -> list[Endpoint]:
        """Every model that is served in the namespace."""
        return self.models.endpoints()

    def stop(self, name: str) -> bool:
        """Stop answering for a model; False when nothing answered."""
        stopped = self.models.stop(name)
        for service in self.find_model_server(model_name=name):
            service.update_status()
            write(service)
        return stopped

    def access(self, name: str) -> Access:
        """What a request to that model must bring."""
        return self.models.access(name)

    def log_store(self) -> tuple[str, dict[str, Any]]:
        """Where the pods ship what they answered, and what reads it there from this side."""
        return target(self.config.log_uri)

    def try_out(self, spec: ServiceSpec, traffic: Traffic, *, timeout: float = 60.0) -> Endpoint:
        """Load a version beside the one that serves and let it have its share."""
        return self.models.try_out(spec, traffic, timeout=timeout)

    def observe(self, name: str) -> Observation | None:
        """The trial of a model as far as it has come; None when none is under way."""
        return self.models.observe(name)

    def finish(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """Give all traffic to the version on trial; it is the one that serves from then on."""
        endpoint = self.models.finish(name, timeout=timeout)
        self._record(endpoint, self.models.spec(name))
        return endpoint

    def withdraw(self, name: str, *, timeout: float = 60.0) -> Endpoint:
        """End the trial; the version that serves goes on alone."""
        return self.models.withdraw(name, timeout=timeout)

    # What ZenML uses.

    def deploy_model(
        self,
        config: BundleConfig,
        service_type: ServiceType | None = None,  # noqa: ARG002
        replace: bool = False,  # noqa: ARG002
        continuous_deployment_mode: bool = False,  # noqa: ARG002
        timeout: int = PATIENCE,
    ) -> SeldonService:
        """Serve a bundle; a model of the same name is updated in place."""
        spec = ServiceSpec(config.model_name, config.model_version, config.model_uri, config.digest)
        return self._record(self.models.serve(spec, timeout=timeout), spec)

    def perform_deploy_model(
        self,
        id: UUID,  # noqa: ARG002
        config: BundleConfig,
        timeout: int = PATIENCE,
    ) -> SeldonService:
        """Serve a bundle; its model's name decides under which record."""
        return self.deploy_model(config, timeout=timeout)

    def find_model_server(
        self,
        config: dict[str, Any] | None = None,  # noqa: ARG002
        model_name: str | None = None,
        model_version: str | None = None,
        **criteria: Any,
    ) -> list[SeldonService]:
        """This component's services, by the criteria that ZenML's store keeps, name and version."""
        criteria["service_type"] = SeldonService.SERVICE_TYPE
        return [
            service
            for service in super().find_model_server(**criteria)
            if service.config.deployer == str(self.id)
            and model_name in (None, service.config.model_name)
            and model_version in (None, service.status.version)
        ]

    def perform_start_model(self, service: SeldonService, timeout: int = PATIENCE) -> SeldonService:
        """Serve again what was served last."""
        service.start(timeout)
        write(service)
        return service

    def perform_stop_model(
        self,
        service: SeldonService,
        timeout: int = PATIENCE,
        force: bool = False,
    ) -> SeldonService:
        """Stop answering; what was served can be started again."""
        service.stop(timeout, force)
        return service

    def perform_delete_model(
        self,
        service: SeldonService,
        timeout: int = PATIENCE,
        force: bool = False,
    ) -> None:
        """Stop answering; ZenML then forgets the service."""
        service.stop(timeout, force)

    @staticmethod
    def get_model_server_info(service: SeldonService) -> dict[str, str | None]:
        """What `zenml model-deployer models describe` shows."""
        return {
            "MODEL_NAME": service.config.model_name,
            "MODEL_VERSION": service.status.version,
            "MODEL_DIGEST": service.status.digest,
            "PREDICTION_URL": service.prediction_url,
            "SELDON_URL": service.status.seldon_url,
        }

    def _record(self, endpoint: Endpoint, spec: ServiceSpec) -> SeldonService:
        """Bring ZenML's record of a model up to date; the first one makes it."""
        config = SeldonServiceConfig(name=spec.name, model_name=spec.name, deployer=str(self.id))
        service = SeldonService(
            uuid=self._recorded(config), config=config, status=SeldonServiceStatus()
        )
        service.status.model_uri, service.status.digest = spec.model_uri, spec.digest
        service.note(endpoint)
        write(service)
        return service

    def _recorded(self, config: SeldonServiceConfig) -> UUID:
        kind = SeldonService.SERVICE_TYPE
        found = Client().list_services(
            service_name=f"equals:{config.service_name}",
            type=kind.type,
            flavor=kind.flavor,
            hydrate=True,
        )
        for each in found.items:
            if each.config.get("deployer") == str(self.id):
                return cast("UUID", each.id)
        try:
            return cast("UUID", Client().create_service(config, kind).id)
        except EntityExistsError:
            # Another process deployed this name for the first time at the same moment.
            return self._recorded(config)


class SeldonFlavor(BaseModelDeployerFlavor):
    """The flavor that ZenML knows as `seldon_core`."""

    @property
    def name(self) -> str:
        """The name that stack files use."""
        return SeldonDeployer.NAME

    @property
    def config_class(self) -> type[SeldonConfig]:
        """The settings that a component of this flavor takes."""
        return SeldonConfig

    @property
    def implementation_class(self) -> type[SeldonDeployer]:
        """The deployer itself."""
        return SeldonDeployer


SeldonDeployer.FLAVOR = SeldonFlavor
