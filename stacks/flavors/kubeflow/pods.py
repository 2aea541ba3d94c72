"""What a pod asks for, in the words of Kubeflow's compiler."""

from typing import Any

from stacks.flavors.dealing.pods import Pod


def ask_for(task: Any, pod: Pod) -> None:
    """Write a pod's wishes into a task of Kubeflow's compiler."""
    from kfp import kubernetes

    if pod.cpu:
        task.set_cpu_limit(f"{pod.cpu:g}").set_cpu_request(f"{pod.cpu:g}")
    if pod.memory:
        task.set_memory_limit(pod.memory).set_memory_request(pod.memory)
    if pod.gpu:
        task.set_accelerator_type(pod.gpu_type or "nvidia.com/gpu").set_accelerator_limit(pod.gpu)
    if pod.timeout:
        kubernetes.set_timeout(task, pod.timeout)
    if pod.root is False:
        # Capabilities and the rest Kubeflow takes away by itself.
        kubernetes.set_security_context(task, run_as_non_root=True)
    for name, keys in (pod.environment_from or {}).items():
        kubernetes.use_secret_as_env(task, name, {key: key for key in keys})
    for key, value in (pod.node_selectors or {}).items():
        kubernetes.add_node_selector(task, key, value)
    for toleration in pod.tolerations or ():
        said = toleration.model_dump(exclude_none=True, exclude={"taint"})
        kubernetes.add_toleration(task, key=toleration.taint, **said)
