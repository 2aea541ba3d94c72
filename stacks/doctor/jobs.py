"""What ZenML's orchestrator for Kubernetes, and this project's, need of their namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serving.errors import SwitchyardError
from stacks.doctor.api import Api, api
from stacks.doctor.finding import Finding
from stacks.doctor.rights import ACCOUNTS, JOBS, STARTING, STEPS, absent, no_namespace, rights


def in_cluster(place: str, values: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Whether the namespace is there with what pods are told, and who may do what in it.

    Args:
        values: The orchestrator's settings; None where they are not known yet.
    """
    if not values or not (context := values.get("kubernetes_context")):
        return
    namespace = namespace_of(values)
    try:
        asked = api(str(context))
    except (SwitchyardError, ModuleNotFoundError):
        # Told by the checks before it.
        return
    if missing := no_namespace(asked, place, namespace):
        yield from missing
        return
    yield from absent(asked, place, namespace, list(_named(values)))
    yield from _rights(asked, place, namespace, values.get("service_account_name"))


def account_of_steps(values: Mapping[str, Any]) -> str:
    """NAMESPACE:NAME of the service account of a step's pod."""
    named = values.get("step_pod_service_account_name") or values.get("service_account_name")
    return f"{namespace_of(values)}:{named or STEPS}"


def namespace_of(values: Mapping[str, Any]) -> str:
    """Where the pods of steps are."""
    return str(values.get("kubernetes_namespace") or "zenml")


def _rights(asked: Api, place: str, namespace: str, account: Any) -> Iterator[Finding]:
    yield rights(asked, place, namespace, JOBS if account else [*JOBS, *ACCOUNTS])
    if account:
        yield rights(asked, place, namespace, STARTING, f"{namespace}:{account}")


def _named(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The things of the namespace that pods need."""
    for name in ("service_account_name", "step_pod_service_account_name"):
        if account := values.get(name):
            yield "serviceaccount", str(account), f"create serviceaccount {account}"
    told = values.get("pods") or {}
    secrets = {name: keys for pod in told.values() for name, keys in _secrets(pod).items()}
    for name in secrets:
        yield "secret", name, f"create secret generic {name} --from-env-file=FILE"


def _secrets(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    found = pod.get("environment_from") or {}
    return found if isinstance(found, Mapping) else {}
