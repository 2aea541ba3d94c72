"""Buckets of S3 and of what speaks like it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from stacks.problem import SECONDS, Problem

REFUSED = {"403", "AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
ABSENT = {"404", "NoSuchBucket"}


def ask(where: str, configuration: Mapping[str, Any], remedy: str) -> Iterator[Problem]:
    """Whether the bucket of an artifact store is there and writable."""
    client = client_with(
        **configuration.get("client_kwargs") or {},
        aws_access_key_id=configuration.get("key") or None,
        aws_secret_access_key=configuration.get("secret") or None,
        aws_session_token=configuration.get("token") or None,
    )
    yield from ask_bucket(where, client, str(configuration.get("path", "")), remedy)


def client_with(**settings: Any) -> Any:
    """A client of S3 that gives up soon; without settings that of the environment."""
    import boto3
    from botocore.config import Config

    quick = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})
    # A session of its own, since the one that boto3 shares keeps the first credentials it reads.
    return boto3.session.Session().client("s3", config=quick, **settings)


def ask_bucket(where: str, client: Any, uri: str, remedy: str) -> Iterator[Problem]:
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
