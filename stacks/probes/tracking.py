"""MLflow servers, and the buckets in which they keep artifacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from stacks.probes.bucket import ask_bucket, client_with
from stacks.problem import SECONDS, Problem

DATABASES = ("postgresql", "mysql")
DENIED = ("password authentication failed", "Access denied", "no password supplied")
ENVIRONMENT = "export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=... AWS_ENDPOINT_URL=..."


def ask(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    """Whether an MLflow server lets this client in, and its artifacts are within reach."""
    import httpx

    uri = str(configuration.get("tracking_uri") or "")
    if uri.startswith(DATABASES):
        yield from _database(where, uri, remedy)
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


def _database(where: str, uri: str, remedy: str) -> Iterator[Problem]:
    """Connect to the database in which MLflow's clients write themselves."""
    import sqlalchemy

    # Drivers agree on this one option, and take seconds.
    engine = sqlalchemy.create_engine(uri, connect_args={"connect_timeout": SECONDS})
    try:
        engine.connect().close()
    except sqlalchemy.exc.DBAPIError as error:
        # Its own text may repeat the address with the password.
        if any(word in str(error.orig) for word in DENIED):
            yield Problem(where, f"the credentials for {_shown(uri)} are refused", remedy)
        else:
            text = f"no database answers at {_shown(uri)}"
            yield Problem(where, text, "start it, or correct the tracking_uri", mistake=False)
    finally:
        engine.dispose()


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
        yield from ask_bucket(where, client_with(), location, ENVIRONMENT)


def _login(configuration: Mapping[str, Any]) -> tuple[str, str] | None:
    name, password = (configuration.get(f"tracking_{key}") for key in ("username", "password"))
    return (str(name), str(password)) if name and password else None


def _authorisation(configuration: Mapping[str, Any]) -> dict[str, str]:
    token = configuration.get("tracking_token")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _shown(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
