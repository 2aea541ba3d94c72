"""The API of a Kubernetes cluster, and Kubeflow Pipelines in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.problem import SECONDS, Problem

HEALTH = "apis/v2beta1/healthz"


def ask(where: str, configuration: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether a context's cluster answers and takes its credentials."""
    if context := configuration.get("kubernetes_context"):
        yield from _asked(where, str(context), "/version")


def ask_pipelines(where: str, configuration: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether Kubeflow Pipelines is well, by its address or through the cluster's own API."""
    if address := configuration.get("kubeflow_hostname"):
        yield from _asked_by_address(where, str(address))
        return
    if not (context := configuration.get("kubernetes_context")):
        return
    told = list(_asked(where, str(context), "/version"))
    namespace = configuration.get("kubeflow_namespace") or "kubeflow"
    service = f"/api/v1/namespaces/{namespace}/services/ml-pipeline:http/proxy/{HEALTH}"
    yield from told or _asked(where, str(context), service, namespace)


def _asked(where: str, context: str, path: str, namespace: str = "") -> Iterator[Problem]:
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    kubectl = f"kubectl --context {context}"
    try:
        _get(context, path)
    except ConfigException:
        # A context that is not there is told without asking anybody.
        return
    except ApiException as error:
        if error.status in (401, 403):
            text = f"the cluster of context '{context}' refuses its credentials"
            yield Problem(where, text, f"{kubectl} get --raw {path}")
        elif namespace:
            text = f"no Kubeflow Pipelines answers in namespace '{namespace}' ({error.status})"
            remedy = f"{kubectl} --namespace {namespace} get service ml-pipeline"
            yield Problem(where, text, remedy, mistake=False)
        else:
            text = f"the cluster of context '{context}' answers {error.status}"
            yield Problem(where, text, f"{kubectl} get --raw {path}", mistake=False)
    except HTTPError:
        text = f"the cluster of context '{context}' does not answer"
        yield Problem(where, text, f"{kubectl} cluster-info", mistake=False)


def _get(context: str, path: str) -> None:
    from kubernetes import client, config

    settings = client.Configuration()
    # The package reads the variable once, when it is imported.
    places = os.environ.get("KUBECONFIG")
    config.load_kube_config(places, context=context, client_configuration=settings)
    settings.retries = False
    with client.ApiClient(settings) as api:
        api.call_api(
            path, "GET", auth_settings=["BearerToken"], _request_timeout=SECONDS, response_type=None
        )


def _asked_by_address(where: str, address: str) -> Iterator[Problem]:
    import httpx

    base = (address if "://" in address else f"https://{address}").rstrip("/")
    try:
        answer = httpx.get(f"{base}/{HEALTH}", timeout=SECONDS)
    except httpx.HTTPError:
        yield Problem(where, f"nothing answers at {base}", f"curl {base}/{HEALTH}", mistake=False)
        return
    if answer.status_code in (301, 302, 401, 403):
        # A login is a matter of cookies there: whether one would be taken is not asked here.
        return
    if answer.status_code != 200:
        text = f"{base} answers {answer.status_code}, and not as Kubeflow Pipelines"
        yield Problem(where, text, f"curl {base}/{HEALTH}")
