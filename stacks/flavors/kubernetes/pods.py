"""What the pod of a step asks of Kubernetes itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stacks.flavors.dealing.groups import GroupedSnapshot
from stacks.flavors.dealing.pods import Pod, largest, wish

# The image says who it runs as, which has to be somebody else than root.
LOCKED: dict[str, Any] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def wished(dealt: GroupedSnapshot, group: str, pods: dict[str, Pod]) -> Pod:
    """What a pod asks for: what its steps do themselves, over what the stack says of them.

    Args:
        pods: What the stack says, by patterns of step names.
    """
    configured = {name: step.config for name, step in dealt.members(group).items()}
    return largest(
        [
            wish(name, config.resource_settings, pods, config.extra.get("timeout"))
            for name, config in configured.items()
        ]
    )


def ask_for(spec: Any, pod: Pod) -> None:
    """Write a pod's wishes into a specification of the official client's, which is changed."""
    container = spec.containers[0]
    if asked := quantities(pod):
        held = container.resources or {}
        container.resources = {
            **held,
            "requests": {**held.get("requests", {}), **asked},
            "limits": {**held.get("limits", {}), **asked},
        }
    if pod.timeout:
        spec.active_deadline_seconds = pod.timeout
    if pod.node_selectors:
        spec.node_selector = {**(spec.node_selector or {}), **pod.node_selectors}
    if pod.tolerations:
        spec.tolerations = [*(spec.tolerations or ()), *tolerations(pod)]
    if pod.environment_from:
        container.env = [*(container.env or ()), *variables(pod.environment_from)]
    lock(container, pod)


def lock(container: Any, pod: Pod) -> None:
    """Keep a container in its place, unless the stack's file says otherwise."""
    from kubernetes import client

    sent = client.ApiClient().sanitize_for_serialization(container.security_context)
    said = {name: value for name, value in (sent or {}).items() if value is not None}
    if not (pod.root or said.get("privileged")):
        container.security_context = {**LOCKED, **said}


def quantities(pod: Pod) -> dict[str, str]:
    """What a container gets, and no more, in Kubernetes' words."""
    asked = {"cpu": pod.cpu, "memory": pod.memory, pod.gpu_type or "nvidia.com/gpu": pod.gpu}
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in asked.items()
        if value
    }


def tolerations(pod: Pod) -> Iterator[Any]:
    """The taints that a pod puts up with."""
    from kubernetes import client

    for each in pod.tolerations or ():
        said = each.model_dump(exclude_none=True, exclude={"taint"})
        yield client.V1Toleration(key=each.taint, **said)


def variables(sources: dict[str, tuple[str, ...]]) -> Iterator[Any]:
    """The variables that come from keys of secrets of the same names.

    Args:
        sources: By a secret's name, its keys.
    """
    from kubernetes import client

    for secret, keys in sources.items():
        for name in keys:
            selector = client.V1SecretKeySelector(name=secret, key=name)
            source = client.V1EnvVarSource(secret_key_ref=selector)
            yield client.V1EnvVar(name=name, value_from=source)
