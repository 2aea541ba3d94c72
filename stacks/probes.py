"""Questions to the services that a stack names, each short and without a trace left behind."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from stacks.problem import Problem
from stacks.schema import Component
from stacks.values import is_credential, secret_references, unset_variables

SECONDS = 5
REFUSED = {"403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
ABSENT = {"404", "NoSuchBucket"}
ENVIRONMENT = "export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... AWS_ENDPOINT_URL=..."


def probe(type_: str, component: Component, configuration: Mapping[str, Any]) -> list[Problem]:
    """Ask the service behind a component; nothing where it has none that is known here.

    Args:
        configuration: With every variable and secret read.
    """
    try:
        return list(_ask(type_, component, configuration))
    except ModuleNotFoundError:
        # A missing package is a problem of its own, which is told without asking anybody.
        return []


def _ask(type_: str, component: Component, configuration: Mapping[str, Any]) -> Iterator[Problem]:
    where, remedy = f"{type_} '{component.name}'", _renewal(component)
    match type_, component.flavor:
        case "artifact_store", "s3":
            yield from _s3(where, configuration, remedy)
        case (("experiment_tracker" | "model_registry"), "mlflow"):
            yield from _mlflow(where, configuration, remedy)
        case "container_registry", _:
            yield from _registry(where, str(configuration.get("uri", "")))
        case "orchestrator", "local_docker":
            yield from _docker(where)


def _renewal(component: Component) -> str:
    """How the credentials of a component are given anew: its secrets, else its variables."""
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
    return f"export {exports}" if exports else "correct them in the stack's file"


def probe_server() -> list[Problem]:
    """Whether this client and the server that it talks to are of one version."""
    import zenml
    from zenml.client import Client

    served = str(Client().zen_store.get_store_info().version)
    if served == zenml.__version__:
        return []
    text = f"ZenML's server is of version {served} and this client of {zenml.__version__}"
    return [Problem("stack", text, f"python -m pip install zenml=={served}")]


def _s3(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    client = _s3_client(
        **configuration.get("client_kwargs") or {},
        aws_access_key_id=configuration.get("key") or None,
        aws_secret_access_key=configuration.get("secret") or None,
        aws_session_token=configuration.get("token") or None,
    )
    yield from _bucket(where, client, str(configuration.get("path", "")), remedy)


def _s3_client(**settings: Any) -> Any:
    import boto3
    from botocore.config import Config

    quick = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    # A session of its own, since the one that boto3 shares keeps the first credentials it reads.
    return boto3.session.Session().client("s3", config=quick, **settings)


def _bucket(where: str, client: Any, uri: str, remedy: str) -> Iterator[Problem]:
    """Write, read and delete one small object."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    bucket, prefix = urlsplit(uri).netloc, urlsplit(uri).path.strip("/")
    key = f"{prefix}/.switchyard-check-{uuid4().hex}".lstrip("/")
    try:
        client.head_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=key, Body=b"check")
        client.delete_object(Bucket=bucket, Key=key)
    except NoCredentialsError:
        yield Problem(where, f"no credentials for {uri}", remedy)
    except ClientError as error:
        yield _answered(where, uri, error, remedy)
    except BotoCoreError:
        # Its own text may repeat a whole request.
        end = client.meta.endpoint_url
        yield Problem(where, f"nothing answers at {end}", f"curl -I {end}", mistake=False)


def _answered(where: str, uri: str, error: Any, remedy: str) -> Problem:
    code, action = str(error.response["Error"]["Code"]), error.operation_name
    if code in ABSENT:
        return Problem(where, f"there is no bucket behind {uri}", f"aws s3 mb {uri}")
    if code in REFUSED and action == "HeadBucket":
        return Problem(where, f"the credentials for {uri} are refused", remedy)
    if action == "HeadBucket":
        return Problem(where, f"{uri} answers {code}", "correct its address in the stack's file")
    return Problem(where, f"{uri} is not writable ({code})", "allow these credentials to write")


def _mlflow(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    import httpx

    uri = str(configuration.get("tracking_uri") or "")
    if not uri.startswith(("http://", "https://")):
        return
    try:
        answer = httpx.post(
            f"{uri.rstrip('/')}/api/2.0/mlflow/experiments/search",
            json={"max_results": 1},
            headers=_authorisation(configuration),
            auth=_login(configuration),
            timeout=SECONDS,
        )
    except httpx.HTTPError:
        shown = _shown(uri)
        yield Problem(where, f"nothing answers at {shown}", f"curl -I {shown}", mistake=False)
        return
    yield from _told(where, uri, answer, remedy)


def _told(where: str, uri: str, answer: Any, remedy: str) -> Iterator[Problem]:
    if answer.status_code in (401, 403):
        yield Problem(where, f"the credentials for {_shown(uri)} are refused", remedy)
    elif answer.status_code != 200:
        text = f"{_shown(uri)} answers {answer.status_code}, and not as an MLflow server"
        yield Problem(where, text, "correct its tracking_uri")
    else:
        for experiment in answer.json().get("experiments", ()):
            yield from _artifacts(where, str(experiment["artifact_location"]))


def _artifacts(where: str, location: str) -> Iterator[Problem]:
    """MLflow's clients read and write S3 themselves, with the environment's credentials."""
    if location.startswith("s3://"):
        yield from _bucket(where, _s3_client(), location, ENVIRONMENT)


def _login(configuration: Mapping[str, Any]) -> tuple[str, str] | None:
    name, password = (configuration.get(f"tracking_{key}") for key in ("username", "password"))
    return (str(name), str(password)) if name and password else None


def _authorisation(configuration: Mapping[str, Any]) -> dict[str, str]:
    token = configuration.get("tracking_token")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _registry(where: str, uri: str) -> Iterator[Problem]:
    import httpx

    host = uri.partition("/")[0]
    for scheme in ("https", "http"):
        try:
            # 401 is an answer too: whoever may push is not asked here.
            httpx.get(f"{scheme}://{host}/v2/", timeout=SECONDS)
        except httpx.HTTPError:
            continue
        return
    yield Problem(where, f"no registry answers at {host}", f"curl {host}/v2/", mistake=False)


def _docker(where: str) -> Iterator[Problem]:
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],  # noqa: S607
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if asked.returncode:
        yield Problem(where, "the Docker daemon does not answer", "docker version", mistake=False)


def _shown(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
