"""From the champion to an answer: check the export, deploy it, ask it."""

from typing import Annotated

from zenml import step

from serving.errors import DeployError
from serving.spec import Endpoint, ServiceSpec
from steps.config import Settings
from steps.deployment.deployer import active_deployer
from steps.deployment.smoke import Smoke, ask
from steps.registry.registry import Version


class Deployment(Settings):
    """Where a version answers, and which one answered there before it."""

    name: str
    version: str
    url: str
    predict_url: str
    seldon_url: str
    before: str = ""
