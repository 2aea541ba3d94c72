"""The ZenML server that this client is logged in to, asked before anything waits for it."""

from __future__ import annotations

import ssl
from typing import Any

from serving.errors import ConfigError, RunError

# A server that is down is told at once; one that is busy may take its time, as long as ZenML's
# own setting says.
CONNECT, ANSWER = 5.0, 30.0


def require_server() -> None:
    """Stop at once where a server holds the client's store and cannot be used.

    ZenML itself tries for half a minute to reach a server that is down, and for much longer to
    reach one that takes calls and answers none: it is limited here for what follows.

    Raises:
        RunError: It does not answer.
        ConfigError: It refuses this client's credentials.
    """
    from zenml.config.global_config import GlobalConfiguration
    from zenml.enums import StoreType

    store = GlobalConfiguration().store_configuration
    if store.type != StoreType.REST:
        return
    _require_answer(store)
    _require_login(store.url)


def _require_answer(store: Any) -> None:
    import httpx

    # A store that only the environment names does not say how it is trusted.
    url, verified = f"{store.url}/api/v1/info", getattr(store, "verify_ssl", True)
    trust = ssl.create_default_context(cafile=verified) if isinstance(verified, str) else verified
    try:
        patience = httpx.Timeout(_seconds(store), connect=CONNECT)
        answer = httpx.get(url, timeout=patience, verify=trust, follow_redirects=True)
    except httpx.HTTPError as error:
        raise RunError(_silent(store.url, error)) from error
    if answer.status_code != httpx.codes.OK:
        raise RunError(
            f"{store.url} answers {answer.status_code}, and not as a ZenML server. Log in to "
            "another one with `zenml login URL`, or out with `zenml logout`."
        )


def _seconds(store: Any) -> float:
    """How long ZenML itself waits for an answer; from the environment it comes as text.

    Raises:
        ConfigError: It is no number.
    """
    asked = getattr(store, "http_timeout", ANSWER)
    try:
        return float(asked)
    except ValueError:
        raise ConfigError(
            f"ZENML_STORE_HTTP_TIMEOUT is '{asked}' and not a number of seconds."
        ) from None


def _require_login(url: str) -> None:
    from requests import RequestException
    from zenml.config.global_config import GlobalConfiguration
    from zenml.exceptions import AuthorizationException, CredentialsNotValid

    from stacks.patience import limit_tries

    try:
        store: Any = GlobalConfiguration().zen_store
        limit_tries(store.session, store.config.connection_pool_size)
    except (AuthorizationException, CredentialsNotValid) as error:
        told = str(error).strip().splitlines()[0]
        raise ConfigError(
            f"ZenML's server at {url} refuses this client ({told}). Log in again: "
            f"`zenml login {url} --api-key`."
        ) from error
    except RequestException as error:
        raise RunError(_silent(url, error)) from error


def _silent(url: str, error: Exception) -> str:
    return (
        f"ZenML's server at {url} does not answer ({error}). Start it, log in to another one with "
        "`zenml login URL`, or work without a server after `zenml logout`."
    )
