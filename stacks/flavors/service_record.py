"""ZenML's record of a served model, kept up to date."""

from zenml.client import Client
from zenml.services.service import BaseDeploymentService


def write(service: BaseDeploymentService) -> None:
    """Bring ZenML's record of a service up to date."""
    Client().update_service(
        id=service.uuid,
        service_source=service.type,
        admin_state=service.admin_state,
        status=service.status.model_dump(mode="json"),
        prediction_url=service.get_prediction_url(),
        health_check_url=service.get_healthcheck_url(),
    )
