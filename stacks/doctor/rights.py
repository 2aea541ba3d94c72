"""What a stack's components do in a cluster, and what of that they may not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from stacks.doctor.api import Api, Right
from stacks.doctor.finding import Finding
from stacks.flavors.seldon.manifest import GROUP, PLURAL

# Who the pods of Kubeflow Pipelines are, where no namespace of a user's is named, and those of
# ZenML's orchestrator for Kubernetes, where nothing is said of it.
RUNNER, STEPS = "pipeline-runner", "default"
DEPLOYMENTS = [Right(verb, PLURAL, GROUP) for verb in ("get", "list", "create", "patch", "delete")]
WATCHED = [
    Right("list", "deployments", "apps"),
    Right("list", "pods"),
    Right("get", "pods/log"),
    Right("list", "services"),
]
SERVING = [*DEPLOYMENTS, *WATCHED]
# What a trial is judged by is read from the pods, through the API server.
TRIED = [Right("get", "pods/proxy")]
KEYED = [Right("get", "secrets")]
THROUGH = [Right(verb, "services/proxy") for verb in ("get", "create")]
# What ZenML's orchestrator for Kubernetes and ours do in its namespace; its own account, which may
# do the same, is made by whoever submits.
JOBS = [
    *(Right(verb, "jobs", "batch") for verb in ("get", "list", "create", "delete")),
    *(Right(verb, "cronjobs", "batch") for verb in ("get", "create", "patch", "delete")),
    Right("list", "pods"),
    *(Right(verb, "secrets") for verb in ("create", "patch", "delete")),
]
ACCOUNTS = [
    Right("create", "serviceaccounts"),
    Right("create", "rolebindings", "rbac.authorization.k8s.io"),
]
STARTING = [
    *(Right(verb, "jobs", "batch") for verb in ("get", "list", "create", "patch", "delete")),
    *(Right(verb, "pods") for verb in ("get", "list")),
    Right("delete", "secrets"),
]
PIPELINES = [
    Right(verb, "services/proxy", name="ml-pipeline:http") for verb in ("get", "create", "delete")
]


def rights(
    api: Api, check: str, namespace: str, wanted: Sequence[Right], account: str | None = None
) -> Finding:
    """Whether somebody may do all that.

    Args:
        account: NAMESPACE:NAME of a service account; without one, who asks.
    """
    who = f"the service account {account}" if account else "this context's user"
    missing = api.missing(namespace, wanted, account)
    if missing is None:
        return Finding(check, "unknown", f"what {who} may do in '{namespace}' is not told")
    if not missing:
        return Finding(check, "ok", f"{who} may do all that is needed in '{namespace}'")
    listed = ", ".join(map(str, missing))
    text = f"{who} may not {listed} in namespace '{namespace}'"
    return Finding(check, "problem", text, _granting(api, namespace, missing, account))


def _granting(api: Api, namespace: str, missing: Sequence[Right], account: str | None) -> str:
    """What somebody with the right to give rights types."""
    name = "switchyard" if account is None else f"switchyard-{account.partition(':')[2]}"
    verbs = ",".join(dict.fromkeys(right.verb for right in missing))
    kinds = ",".join(dict.fromkeys(right.kind for right in missing))
    to = f"--serviceaccount={account}" if account else "--user=NAME"
    call = f"{kubectl(api)} --namespace {namespace} create"
    return (
        f"{call} role {name} --verb={verbs} --resource={kinds} && "
        f"{call} rolebinding {name} --role={name} {to}"
    )


def no_namespace(api: Api, check: str, namespace: str) -> list[Finding]:
    """One finding where a namespace is not there."""
    if api.there(f"/api/v1/namespaces/{namespace}") is not False:
        return []
    remedy = f"{kubectl(api)} create namespace {namespace}"
    return [Finding(check, "problem", f"there is no namespace '{namespace}'", remedy)]


def absent(
    api: Api, check: str, namespace: str, things: Sequence[tuple[str, str, str]]
) -> Iterator[Finding]:
    """What a stack names in a namespace, and is not there.

    Args:
        things: Of each its kind, its name, and what makes it, as kubectl takes it.
    """
    for kind, name, making in things:
        if api.there(f"/api/v1/namespaces/{namespace}/{kind}s/{name}") is False:
            text = f"there is no {kind} '{name}' in namespace '{namespace}'"
            call = f"{kubectl(api)} --namespace {namespace} {making}"
            yield Finding(check, "problem", text, call)


def kubectl(api: Api) -> str:
    """How kubectl is called for this cluster."""
    return f"kubectl --context {shlex.quote(api.context)}" if api.context else "kubectl"
