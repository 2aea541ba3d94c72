"""From the champion to an answer: check its export, deploy it, ask it."""

from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from zenml import log_metadata, step
from zenml.logger import get_logger

from serving.errors import DeployError, RunError
from serving.model import Model
from serving.spec import ServiceSpec
from steps.config import Settings
from steps.deployment.deployer import (
    access_to,
    active_deployer,
    endpoint_of,
    require_trials,
    trials_of,
)
from steps.deployment.settings import RolloutSettings, Strategy
from steps.deployment.smoke import Smoke, ask
from steps.registry.registry import Registry
from steps.registry.tracking import tracking_uri
from steps.registry.version import Champion, Version

logger = get_logger(__name__)
NO_CHAMPION = (
    "'%s' has no champion: no challenger has passed the gate yet, and nothing is deployed. The "
    "decision's report of this run tells why."
)


class Export(Settings):
    """A bundle that was fetched from the registry, checked and asked.

    Args:
        digest: Empty where there is no champion, and nothing to deploy.
        size: In bytes.
        rows: How many example rows it answered.
    """

    digest: str
    size: int
    rows: int


class Deployment(Settings):
    """Where a version answers.

    Args:
        version: Empty where there is no champion, and nothing was deployed.
        predict_url: Empty where the server does not speak the Open Inference Protocol.
        before: The version that answered there until now; empty when none did.
        strategy: How it takes over.
        share: Of the requests, that it answers while it is on trial; 0 where it answers none.
        tried: Whether it is on trial, and the version before it serves.
    """

    name: str
    version: str
    url: str
    predict_url: str
    seldon_url: str
    before: str = ""
    strategy: Strategy = "immediate"
    share: float = 1.0
    tried: bool = False

    @property
    def tries(self) -> int:
        """How often to ask until the version answers: it fails to in one of 500 million cases."""
        return ceil(20 / self.share) if self.tried and self.share < 1 else 1


@step(enable_cache=False)
def check_export(champion: Champion, needed: bool = True) -> Annotated[Export, "export"]:
    """Load the champion's bundle as a server would, before any server is touched.

    Args:
        needed: Whether it is an error that there is no champion; else nothing is deployed then.
    """
    if champion.version is None and not needed:
        log_metadata({"deployed": "nothing: there is no champion"})
        logger.warning(NO_CHAMPION, champion.model)
        return Export(digest="", size=0, rows=0)
    version = required(champion)
    with TemporaryDirectory() as scratch:
        bundle = Registry(tracking_uri()).fetch(version, Path(scratch))
        model = Model.load(bundle, digest=version.digest)
        size = sum(path.stat().st_size for path in bundle.iterdir())
    return Export(digest=model.digest, size=size, rows=len(model.schema.examples))


@step(enable_cache=False)
def deploy(
    champion: Champion, export: Export, rollout: RolloutSettings
) -> Annotated[Deployment, "deployment"]:
    """Let the active stack's deployer serve the champion, or try it out beside what serves."""
    if champion.version is None and not export.digest:
        return Deployment(name=champion.model, version="", url="", predict_url="", seldon_url="")
    version, deployer = required(champion), active_deployer()
    # A bundle that an MLflow server hands out is fetched with the tracker's credentials.
    tracking_uri()
    require_trials(deployer, rollout)
    before = endpoint_of(deployer, version.model)
    spec, traffic = spec_of(version, export.digest), rollout.traffic
    tried = traffic is not None and before is not None and before.version != version.version
    if tried and traffic is not None:
        endpoint = trials_of(deployer).try_out(spec, traffic)
    else:
        endpoint = deployer.serve(spec)
    return Deployment(
        name=endpoint.name,
        version=version.version,
        url=endpoint.url,
        predict_url=endpoint.predict_url,
        seldon_url=endpoint.seldon_url,
        before=before.version if before else "",
        strategy=rollout.strategy,
        share=rollout.share,
        tried=tried,
    )


@step(enable_cache=False)
def smoke(champion: Champion, deployment: Deployment) -> Annotated[Smoke, "answer"]:
    """Ask the deployed version; one that answers wrongly gives way to the version before it.

    A shadow never answers: beside one, the version that serves is asked.
    """
    if champion.version is None and not deployment.version:
        return Smoke(url="", row={}, answer={})
    version, registry = required(champion), Registry(tracking_uri())
    asked = version
    if deployment.tried and deployment.strategy == "shadow":
        asked = registry.version(version.model, deployment.before)
    try:
        return ask_version(deployment, registry, asked, deployment.tries)
    except DeployError as error:
        raise DeployError(f"{error} {give_way(version, deployment)}") from error


def ask_version(
    deployment: Deployment, registry: Registry, version: Version, tries: int = 1
) -> Smoke:
    """Hold a served version against its own bundle."""
    with TemporaryDirectory() as scratch:
        model = Model.load(registry.fetch(version, Path(scratch)))
    access = access_to(active_deployer(), version.model)
    return ask(deployment.predict_url, deployment.seldon_url, model, access, tries)


def required(champion: Champion) -> Version:
    """The champion's version, or an error where there is no champion."""
    if champion.version is None:
        raise RunError(f"'{champion.model}' has no champion to deploy: no challenger has passed.")
    return champion.version


def spec_of(version: Version, digest: str) -> ServiceSpec:
    """What a deployer is told of a version."""
    return ServiceSpec(version.model, version.version, version.bundle_uri, digest)


def give_way(version: Version, deployment: Deployment) -> str:
    """Serve the version before again, or stop serving; says which."""
    before = deployment.before
    if deployment.tried:
        trials_of(active_deployer()).withdraw(version.model)
        return f"Version {before} serves on alone."
    if before in ("", version.version):
        active_deployer().stop(version.model)
        return f"No other version was served, so '{version.model}' is stopped."
    older = Registry(tracking_uri()).version(version.model, before)
    active_deployer().serve(spec_of(older, older.digest))
    return f"Version {before} is served again."
