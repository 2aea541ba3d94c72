"""Image registries: whether one answers, and whether it knows who pushes."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.problem import SECONDS, Problem

Login = tuple[str, str]
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def ask(
    where: str, flavor: str, uri: str, named: Mapping[str, str], renewal: str = ""
) -> Iterator[Problem]:
    """Whether a registry answers, and takes the login that a push would use.

    Args:
        named: The secret that the component names, if it names one.
        renewal: The command that gives that secret new values.
    """
    host = uri.partition("/")[0]
    answer = _first_answer(host)
    if answer is None:
        yield Problem(where, f"no registry answers at {host}", f"curl {host}/v2/", mistake=False)
    elif answer.status_code == 401:
        yield from _login(where, flavor, host, answer, named, renewal)
    elif answer.status_code != 200:
        text = f"{host} answers {answer.status_code}, and not as an image registry"
        yield Problem(where, text, "correct its uri")


def _first_answer(host: str) -> Any:
    import httpx

    for scheme in ("https", "http"):
        try:
            return httpx.get(f"{scheme}://{host}/v2/", timeout=SECONDS)
        except httpx.HTTPError:
            continue
    return None


def _login(
    where: str, flavor: str, host: str, asked: Any, named: Mapping[str, str], renewal: str
) -> Iterator[Problem]:
    login = (named.get("username", ""), named.get("password", "")) if named else _kept(host)
    remedy = renewal or _remedy(flavor, host)
    if login is None:
        yield Problem(where, f"{host} wants a login, and Docker has none for it", remedy)
    elif not _accepted(asked, login):
        yield Problem(where, f"the login for {host} is refused", remedy)


def _accepted(asked: Any, login: Login) -> bool:
    """Whether the registry, or the server that gives out its tokens, takes a login."""
    import httpx

    scheme, _, rest = asked.headers.get("www-authenticate", "").partition(" ")
    challenge = dict(_CHALLENGE.findall(rest))
    url, asking = str(asked.url), {}
    if scheme.lower() == "bearer":
        url = challenge.get("realm", url)
        asking = {"service": challenge.get("service", "")}
    try:
        answer = httpx.get(url, params=asking, auth=login, timeout=SECONDS)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


def _kept(host: str) -> Login | None:
    """The login that `docker login` has kept for a registry."""
    folder = os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker"))
    try:
        kept = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        if program := kept.get("credHelpers", {}).get(host) or kept.get("credsStore"):
            return _helped(program, host)
        text = base64.b64decode(kept["auths"][host]["auth"]).decode()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    name, _, password = text.partition(":")
    return name, password


def _helped(program: str, host: str) -> Login | None:
    """What a credential helper of Docker's tells; the helpers are named for what they ask."""
    try:
        told = subprocess.run(
            [f"docker-credential-{program}", "get"],
            input=host.encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        found = json.loads(told.stdout)
        return found["Username"], found["Secret"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _remedy(flavor: str, host: str) -> str:
    if flavor == "aws":
        return f"aws ecr get-login-password | docker login --username AWS --password-stdin {host}"
    if flavor == "gcp":
        return f"gcloud auth configure-docker {host}"
    if flavor == "azure":
        return f"az acr login --name {host.partition('.')[0]}"
    return f"docker login {host}"
