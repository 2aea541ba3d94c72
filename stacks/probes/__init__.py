"""Questions to the services that a stack names, each short and without a trace left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stacks.probes import airflow, bucket, cluster, docker, registry, tracking
from stacks.problem import Problem, place
from stacks.schema import Component
from stacks.values import SECRET_NAME, is_credential, secret_references, unset_variables

LOGIN = "--username=@FILE --password=@FILE"
Secrets = Mapping[str, Mapping[str, str]]


def probe(
    type_: str,
    component: Component,
    configuration: Mapping[str, Any],
    secrets: Secrets | None = None,
) -> list[Problem]:
    """Ask the service behind a component; nothing where it has none that is known here.

    Args:
        configuration: With every variable and secret read.
        secrets: Those that components name, by name and key.
    """
    try:
        return list(_ask(type_, component, configuration, secrets or {}))
    except ModuleNotFoundError:
        # A missing package is a problem of its own, which is told without asking anybody.
        return []


def _ask(
    type_: str, component: Component, configuration: Mapping[str, Any], secrets: Secrets
) -> Iterator[Problem]:
    where, remedy = place(type_, component), _renewal(component)
    match type_, component.flavor:
        case "artifact_store", "s3":
            yield from bucket.ask(where, configuration, remedy or "aws configure")
        case (("experiment_tracker" | "model_registry"), "mlflow"):
            yield from tracking.ask(where, configuration, remedy or "set its credentials")
        case "container_registry", flavor:
            name, uri = configuration.get(SECRET_NAME), str(configuration.get("uri", ""))
            renewal = f"zenml secret update {name} {LOGIN}" if name else ""
            named = secrets.get(str(name), {})
            yield from registry.ask(where, flavor, uri, named, renewal)
        case ("image_builder", "local") | ("model_deployer", "resident_docker"):
            yield from docker.ask(where)
        case "orchestrator", "airflow_watched":
            yield from airflow.ask(where, configuration, remedy or "set its credentials")
        case "orchestrator", ("kubeflow" | "kubeflow_watched"):
            yield from cluster.ask_pipelines(where, configuration)
        case "orchestrator", ("kubernetes" | "kubernetes_watched"):
            yield from cluster.ask(where, configuration)


def _renewal(component: Component) -> str:
    """How the credentials of a component are given anew; empty where it has none of its own."""
    written = {
        key: value for key, value in component.configuration.items() if is_credential(key) and value
    }
    keys: dict[str, list[str]] = {}
    for name, key in sorted(secret_references(written)):
        keys.setdefault(name, []).append(f"--{key}=@FILE")
    if keys:
        return "; ".join(
            f"zenml secret update {name} {' '.join(each)}" for name, each in keys.items()
        )
    exports = " ".join(f"{name}=..." for name in unset_variables(written, {}))
    return f"export {exports}" if exports else ""


def probe_server() -> list[Problem]:
    """Whether this client and the server that it talks to are of one version."""
    import zenml
    from zenml.client import Client

    served = str(Client().zen_store.get_store_info().version)
    if served == zenml.__version__:
        return []
    text = f"ZenML's server is of version {served} and this client of {zenml.__version__}"
    return [Problem("stack", text, f"python -m pip install zenml=={served}")]
