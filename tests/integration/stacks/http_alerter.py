"""An alerter as a user writes one for ZenML: a flavor, its settings, and what posts a message."""

from typing import Any, cast

import httpx
from zenml.alerter import BaseAlerter, BaseAlerterConfig, BaseAlerterFlavor
from zenml.alerter.base_alerter import BaseAlerterStepParameters


class HttpAlerterConfig(BaseAlerterConfig):
    """Where messages go."""

    url: str


class HttpAlerter(BaseAlerter):
    """Posts to a URL, and says whether it was taken."""

    def post(self, message: str, params: BaseAlerterStepParameters | None = None) -> bool:  # noqa: ARG002
        """Post a message."""
        url = cast("HttpAlerterConfig", self.config).url
        return httpx.post(url, json={"message": message}, trust_env=False).is_success


class HttpAlerterFlavor(BaseAlerterFlavor):
    """The flavor that ZenML knows as `http_tested`."""

    @property
    def name(self) -> str:
        """Its name."""
        return "http_tested"

    @property
    def config_class(self) -> type[HttpAlerterConfig]:
        """Its settings."""
        return HttpAlerterConfig

    @property
    def implementation_class(self) -> type[Any]:
        """What posts."""
        return HttpAlerter
