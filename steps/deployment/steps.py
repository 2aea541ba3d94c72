"""From the champion to an answer: check its export, deploy it, ask it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from zenml import step

from serving.errors import DeployError, RunError
from serving.model import Model
from serving.spec import ServiceSpec
from steps.config import Settings
from steps.deployment.deployer import access_to, active_deployer, endpoint_of
from steps.deployment.smoke import Smoke, ask
from steps.registry.registry import Registry
from steps.registry.tracking import tracking_uri
from steps.registry.version import Champion, Version


class Export(Settings):
    """A bundle that was fetched from the registry, checked and asked.

    Args:
        size: In bytes.
        rows: How many example rows it answered.
    """

    digest: str
    size: int
    rows: int


class Deployment(Settings):
    """Where a version answers.

    Args:
        predict_url: Empty where the server does not speak the Open Inference Protocol.
        before: The version that answered there until now; empty when none did.
    """

    name: str
    version: str
    url: str
    predict_url: str
    seldon_url: str
    before: str = ""


@step(enable_cache=False)
def check_export(champion: Champion) -> Annotated[Export, "export"]:
    """Load the champion's bundle as a server would, before any server is touched."""
    version = required(champion)
    with TemporaryDirectory() as scratch:
        bundle = Registry(tracking_uri()).fetch(version, Path(scratch))
        model = Model.load(bundle, digest=version.digest)
        size = sum(path.stat().st_size for path in bundle.iterdir())
    return Export(digest=model.digest, size=size, rows=len(model.schema.examples))


@step(enable_cache=False)
def deploy(champion: Champion, export: Export) -> Annotated[Deployment, "deployment"]:
    """Let the active stack's deployer serve the champion, in place of the version before it."""
    version, deployer = required(champion), active_deployer()
    # A bundle that an MLflow server hands out is fetched with the tracker's credentials.
    tracking_uri()
    before = endpoint_of(deployer, version.model)
    endpoint = deployer.serve(spec_of(version, export.digest))
    return Deployment(
        name=endpoint.name,
        version=endpoint.version,
        url=endpoint.url,
        predict_url=endpoint.predict_url,
        seldon_url=endpoint.seldon_url,
        before=before.version if before else "",
    )


@step(enable_cache=False)
def smoke(champion: Champion, deployment: Deployment) -> Annotated[Smoke, "answer"]:
    """Ask the served model; one that answers wrongly gives way to the version before it."""
    version = required(champion)
    with TemporaryDirectory() as scratch:
        model = Model.load(Registry(tracking_uri()).fetch(version, Path(scratch)))
    try:
        access = access_to(active_deployer(), version.model)
        return ask(deployment.predict_url, deployment.seldon_url, model, access)
    except DeployError as error:
        raise DeployError(f"{error} {give_way(version, deployment.before)}") from error


def required(champion: Champion) -> Version:
    """The champion's version, or an error where there is no champion."""
    if champion.version is None:
        raise RunError(f"'{champion.model}' has no champion to deploy: no challenger has passed.")
    return champion.version


def spec_of(version: Version, digest: str) -> ServiceSpec:
    """What a deployer is told of a version."""
    return ServiceSpec(version.model, version.version, version.bundle_uri, digest)


def give_way(version: Version, before: str) -> str:
    """Serve the version before again, or stop serving; says which."""
    if before in ("", version.version):
        active_deployer().stop(version.model)
        return f"No other version was served, so '{version.model}' is stopped."
    older = Registry(tracking_uri()).version(version.model, before)
    active_deployer().serve(spec_of(older, older.digest))
    return f"Version {before} is served again."
