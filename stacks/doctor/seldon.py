"""The SeldonDeployment that a first run would ask for, shown to the API server and not kept."""

from __future__ import annotations

from collections.abc import Iterator

from serving.errors import ConfigError
from serving.spec import ServiceSpec, Traffic
from stacks.doctor.api import Api
from stacks.doctor.finding import Finding
from stacks.doctor.rights import (
    KEYED,
    SERVING,
    THROUGH,
    TRIED,
    absent,
    no_namespace,
    rights,
)
from stacks.flavors.seldon.manifest import GROUP, PLURAL, VERSION, manifest
from stacks.flavors.seldon.rules import check, check_predictors, check_traffic
from stacks.flavors.seldon.settings import SeldonSettings

INSTALL = "docs/kubeflow.md#seldon-core"


def by_rule(place: str, settings: SeldonSettings, model: str, tried: Traffic | None) -> Finding:
    """What is told of the deployment without asking anybody."""
    try:
        check(settings)
        spec = imagined(model)
        trial = None
        if tried is not None:
            check_traffic(tried, settings)
            trial = (spec, tried)
        made = manifest(spec, settings, trial)
        check_predictors(made["spec"]["predictors"])
    except ConfigError as error:
        remedy = "correct it in the stack's file, or `rollout` in the run config"
        return Finding(place, "problem", str(error), remedy)
    name = made["metadata"]["name"]
    return Finding(place, "ok", f"SeldonDeployment '{name}' keeps the rules of the operator")


def in_cluster(
    place: str,
    settings: SeldonSettings,
    model: str,
    api: Api,
    runner: str | None,
    *,
    tries: bool = False,
) -> Iterator[Finding]:
    """What a cluster says of the deployment.

    Args:
        runner: NAMESPACE:NAME of the account whose pods deploy; None where this machine does.
        tries: Whether a new version is tried beside the one that serves.
    """
    namespace = settings.namespace
    if missing := no_namespace(api, place, namespace):
        yield from missing
        return
    yield from absent(api, place, namespace, list(_named(settings)))
    yield dry_run(place, settings, model, api)
    # Whoever deploys asks the model too, and brings its key.
    keyed = KEYED if settings.api_key_from else []
    wanted = [*SERVING, *(TRIED if tries else []), *keyed]
    # From here at least `status`, `stop` and `rollback` ask for the same.
    through = [] if settings.ingress_url else THROUGH
    yield rights(api, place, namespace, [*wanted, *through])
    if runner is not None:
        yield rights(api, place, namespace, wanted, runner)


def dry_run(place: str, settings: SeldonSettings, model: str, api: Api) -> Finding:
    """What the API server, and the operator's webhook behind it, say of the manifest."""
    made = manifest(imagined(model), settings)
    name = made["metadata"]["name"]
    path = f"/apis/{GROUP}/{VERSION}/namespaces/{settings.namespace}/{PLURAL}"
    answer = api.ask("POST", f"{path}?dryRun=All", made)
    if answer.status == 409:
        answer = api.ask("PATCH", f"{path}/{name}?dryRun=All", {"spec": made["spec"]})
    if answer.status in (200, 201):
        return Finding(place, "ok", f"the API server would take SeldonDeployment '{name}'")
    if answer.status == 404:
        return Finding(place, "problem", "the cluster has no Seldon Core", INSTALL)
    if answer.status in (0, 401, 403):
        return Finding(place, "unknown", f"SeldonDeployment '{name}' could not be tried")
    said = f"the API server refuses SeldonDeployment '{name}': {answer.message}"
    return Finding(place, "problem", said, "correct the model deployer in the stack's file")


def imagined(model: str) -> ServiceSpec:
    """A version that is not there, of a model that may be."""
    return ServiceSpec(model, "1", "s3://doctor/none", "0" * 64)


def _named(settings: SeldonSettings) -> Iterator[tuple[str, str, str]]:
    """The things of the namespace that its pods need."""
    if name := settings.secret_name:
        yield "secret", name, f"create secret generic {name} --from-env-file=FILE"
    if settings.api_key_from:
        name, _, key = settings.api_key_from.partition("/")
        yield "secret", name, f"create secret generic {name} --from-file={key}=FILE"
    for name in settings.image_pull_secrets:
        login = "--docker-server=HOST --docker-username=NAME --docker-password=WORD"
        yield "secret", name, f"create secret docker-registry {name} {login}"
    if name := settings.service_account:
        yield "serviceaccount", name, f"create serviceaccount {name}"
