"""The API key and the certificate of a stack file reach the server, and the store no key."""

import json
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from zenml.client import Client

from serving.errors import ConfigError
from serving.tls import trusting
from stacks.apply import apply
from steps.deployment.deployer import access_to
from tests.integration.stacks.conftest import MakeFile
from tests.integration.stacks.test_resident import MakeSpec, deployer_of, make_spec
from tests.unit.serving.certificates import issue

__all__ = ["make_spec"]

pytestmark = pytest.mark.usefixtures("zenml")

KEY = "the key of this test alone"


def test_key_and_certificate_of_a_stack_reach_the_server(
    make_file: MakeFile, make_spec: MakeSpec, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = issue(tmp_path)
    Client().create_secret("serving-access", values={"key": KEY})
    wanted = {
        "api_key": "{{serving-access.key}}",
        "certificate": files.certificate,
        "key_file": files.key_file,
        "grpc_port": 0,
    }
    apply(make_file("access", model_deployer=("access", "resident", wanted)))
    deployer = deployer_of("access")
    endpoint = deployer.serve(make_spec("kept", "1"))
    try:
        access = access_to(deployer, "kept")
        client = httpx.Client(base_url=endpoint.url, verify=trusting(access.certificate))
        with client:
            assert client.get("/docs").status_code == 401
            assert client.get("/docs", headers=access.headers).status_code == 200
        assert deployer.endpoints() == [endpoint]
        assert endpoint.grpc_target
        records = Client().list_services(hydrate=True).items
        stored = json.dumps([record.model_dump(mode="json") for record in records])
        assert endpoint.url in stored
        assert KEY not in stored + "".join(capfd.readouterr())
    finally:
        deployer.stop("kept")


def test_a_key_written_into_the_file_and_half_of_tls_are_refused(make_file: MakeFile) -> None:
    with pytest.raises(ValidationError, match="'api_key' holds a credential in clear text"):
        make_file("bare", model_deployer=("bare", "resident", {"api_key": KEY}))
    half = make_file("half", model_deployer=("half", "resident", {"certificate": "/x.pem"}))
    with pytest.raises(ConfigError, match="'certificate' and 'key_file' are set together"):
        apply(half)
