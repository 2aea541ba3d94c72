"""Whom a pod lets in: who brings the key that a Kubernetes secret holds, by HTTP and by gRPC."""

import httpx
import pytest
import tritonclient.grpc as triton

from serving.errors import ConfigError, DeployError
from serving.openapi import v2_body
from tests.integration.serving.test_grpc import inputs
from tests.integration.stacks.seldon.conftest import MakeModels, MakeSpec, living, version_at
from tests.kubernetes.standin import StandIn
from tests.unit.serving.tiny import ROW, schema


def test_a_request_brings_the_key_of_the_secret_by_every_door(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    """The ingress, the API server's proxy, gRPC; probes and metrics stay open."""
    cluster.secrets["door"] = {"word": "open sesame\n"}
    keyed = {"api_key_from": "door/word", "grpc_port": 9001, "body_limit": 2000}
    deployer = models(**keyed)
    endpoint = deployer.serve(spec())
    body = v2_body(schema(), [ROW])
    refused = httpx.post(endpoint.predict_url, json=body, trust_env=False)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    access = deployer.access(endpoint.name)
    assert version_at(endpoint, access) == "1"
    large = httpx.post(
        endpoint.predict_url, content=b" " * 2001, headers=dict(access.headers), trust_env=False
    )
    assert large.status_code == 413
    beside = models(**keyed, ingress_url=None)
    (through,) = beside.endpoints()
    assert version_at(through, beside.access(endpoint.name)) == "1"
    assert "open sesame" not in str(cluster.store.all())

    assert endpoint.grpc_target == cluster.ingress_url.removeprefix("http://")
    assert through.grpc_target == ""  # The API server hands no gRPC on.
    (pod,) = living(cluster, endpoint)
    asked = f"127.0.0.1:{cluster.operator.pod(pod).grpc_port}"
    with triton.InferenceServerClient(asked) as client:
        assert client.is_server_ready()
        with pytest.raises(Exception, match="needs its API key"):
            client.infer(endpoint.name, inputs(1))
        told = {"x-api-key": "open sesame"}
        assert client.infer(endpoint.name, inputs(1), headers=told).as_numpy("scores") is not None


def test_a_key_that_is_not_there_is_told_and_nobody_is_let_in_without(
    cluster: StandIn, models: MakeModels, spec: MakeSpec
) -> None:
    with pytest.raises(DeployError, match="couldn't find key word in Secret nowhere"):
        models(api_key_from="nowhere/word").serve(spec())
    cluster.secrets["empty"] = {"word": "\n"}
    with pytest.raises(DeployError, match="SWITCHYARD_API_KEY is set and empty"):
        models(api_key_from="empty/word").serve(spec())
    with pytest.raises(ConfigError, match=r"holds no 'other': make it with `kubectl -n models"):
        models(api_key_from="empty/other").access("any")
