"""A real server with an API key and TLS, as its clients on this machine and elsewhere meet it."""

import ssl
from pathlib import Path

import httpx
import pytest

from serving.client import access
from serving.errors import ConfigError, DeployError
from serving.model import Model
from serving.openapi import v2_body
from serving.resident import serve, status, stop
from serving.settings import ServerSettings
from serving.spec import Access
from serving.state import read_state
from serving.tls import trusting
from steps.deployment.smoke import ask
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.certificates import issue
from tests.unit.serving.tiny import ROW, schema

KEY = "a key that no log may show"


def access_to(home: Path) -> Access:
    state = read_state(home)
    assert state is not None
    return access(state)


def test_a_server_with_key_and_tls_is_deployed_asked_rolled_and_stopped(
    home: Path, spec: MakeSpec, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = issue(tmp_path)
    settings = ServerSettings(api_key=KEY, certificate=files.certificate, key_file=files.key_file)
    wanted = spec("1")
    endpoint = serve(home, wanted, settings)
    assert endpoint.url.startswith("https://127.0.0.1:")
    assert status(home) == endpoint
    model = Model.load(Path(wanted.model_uri))
    ask(endpoint.predict_url, endpoint.seldon_url, model, access_to(home))
    bare = Access(certificate=access_to(home).certificate)
    with pytest.raises(DeployError, match="answered 401"):
        ask(endpoint.predict_url, endpoint.seldon_url, model, bare)
    with pytest.raises(DeployError, match="certificate verify failed"):
        ask(endpoint.predict_url, endpoint.seldon_url, model)
    assert serve(home, spec("2"), settings).version == "2"
    # Another server's certificate, and this one's once its file was renewed.
    other = trusting(Path(issue(tmp_path / "other").certificate).read_text())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{endpoint.url}/readyz", verify=other)
    issue(tmp_path)
    renewed = status(home)
    assert renewed is not None
    assert renewed.status == "ready"
    assert stop(home)
    shown = (home / "server.log").read_text() + "".join(capfd.readouterr()) + repr(settings)
    assert KEY not in shown
    assert (home / "service.json").stat().st_mode & 0o777 == 0o600


def test_a_client_elsewhere_trusts_the_authority_and_finds_the_name(
    home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    files = issue(tmp_path, name="localhost")
    settings = ServerSettings(certificate=files.certificate, key_file=files.key_file)
    endpoint = serve(home, spec(), settings)
    elsewhere = ssl.create_default_context(cafile=files.certificate)
    url = endpoint.predict_url.replace("127.0.0.1", "localhost")
    answer = httpx.post(url, json=v2_body(schema(), [ROW]), verify=elsewhere)
    assert answer.json()["model_version"] == "1"
    with pytest.raises(httpx.HTTPError):
        httpx.get(endpoint.url.replace("https", "http"))
    assert status(home) == endpoint


def test_other_settings_than_a_running_server_has_are_refused_and_not_passed_over(
    home: Path, spec: MakeSpec
) -> None:
    endpoint = serve(home, spec("1"))
    with pytest.raises(DeployError, match="with another api_key: stop it first") as refused:
        serve(home, spec("2"), ServerSettings(api_key=KEY))
    assert KEY not in str(refused.value)
    assert status(home) == endpoint
    stop(home)
    again = serve(home, spec("2"), ServerSettings(api_key=KEY))
    assert again.url == endpoint.url
    assert httpx.get(f"{again.url}/docs").status_code == 401
    assert httpx.get(f"{again.url}/docs", headers={"x-api-key": KEY}).status_code == 200
    assert again.pid is not None
    assert KEY.encode() not in Path(f"/proc/{again.pid}/cmdline").read_bytes()
    assert KEY.encode() not in Path(f"/proc/{again.pid}/environ").read_bytes()


def test_a_certificate_that_cannot_be_used_stops_the_deployment_and_names_it(
    home: Path, spec: MakeSpec, tmp_path: Path
) -> None:
    ended = issue(tmp_path, days=-1)
    with pytest.raises(ConfigError, match="certificate has expired"):
        serve(home, spec(), ServerSettings(certificate=ended.certificate, key_file=ended.key_file))
    assert status(home) is None
