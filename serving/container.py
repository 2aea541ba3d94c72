"""A container's process: fetches the bundle that its environment names, then serves its home.

The variables are told in serving/Dockerfile.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serving.settings import ServerSettings
    from serving.spec import ServiceSpec

PORT = 8080
ANY = "0.0.0.0"  # noqa: S104


def main() -> int:
    """Serve until told to stop."""
    # The first process of a container ignores a signal that it does not handle, and the imports
    # take a moment in which it may be told to end.
    signal.signal(signal.SIGTERM, _end)
    from serving import app
    from serving.errors import SwitchyardError
    from serving.listening import tell

    home = Path(os.environ["SWITCHYARD_HOME"])
    try:
        fetch_named(home, os.environ)
        log_named(home, os.environ)
    except SwitchyardError as error:
        return tell(error)
    return app.main(["--home", str(home), "--host", ANY, "--port", str(port(os.environ))])


def port(environment: Mapping[str, str]) -> int:
    """The port to listen on inside the container."""
    return int(environment.get("PREDICTIVE_UNIT_SERVICE_PORT") or PORT)


def fetch_named(home: Path, environment: Mapping[str, str]) -> None:
    """Make the bundle that the environment names the one that the home serves.

    Where it names another version to be compared with, that one is served, and this one tried.
    """
    from serving import trying
    from serving.errors import ConfigError

    if not environment.get("SWITCHYARD_MODEL_URI"):
        return None
    spec = _spec(environment, "MODEL")
    settings = settings_named(environment)
    if not environment.get("SWITCHYARD_BESIDE_URI"):
        trying.forget(home)
        return _fetch(home, spec, settings)
    _fetch(home, _spec(environment, "BESIDE"), settings)
    text = environment.get("SWITCHYARD_TOLERANCE") or "0"
    try:
        return trying.keep(home, spec, float(text))
    except ValueError:
        raise ConfigError(f"SWITCHYARD_TOLERANCE is '{text}', and must be a number.") from None


def _fetch(home: Path, spec: ServiceSpec, settings: ServerSettings) -> None:
    """Have the home serve a version.

    What the home serves already is not fetched again: a restart needs no storage.
    """
    from serving.state import State, read_state, write_state
    from serving.versions import place, prune

    before, asked = read_state(home), (spec.name, spec.version, spec.digest)
    if before and (before.name, before.version, before.digest) == asked:
        return write_state(home, replace(before, server=settings))
    home.mkdir(parents=True, exist_ok=True)
    bundle = place(home, spec)
    write_state(home, State(*asked, bundle, secrets.token_urlsafe(32), settings))
    return prune(home, bundle)


def settings_named(environment: Mapping[str, str]) -> ServerSettings:
    """How to listen and whom to let in, as the environment says.

    Raises:
        ConfigError: A key is asked for and empty, or a number is none.
    """
    from serving.errors import ConfigError
    from serving.settings import from_variables

    key = environment.get("SWITCHYARD_API_KEY", "any").strip()
    if not key:
        # Whoever asks for a key does not want a server that is open to everybody.
        raise ConfigError("SWITCHYARD_API_KEY is set and empty: put the key into its secret.")
    listening = from_variables(environment, host=ANY, port=port(environment))
    return replace(listening, api_key=key) if "SWITCHYARD_API_KEY" in environment else listening


def log_named(home: Path, environment: Mapping[str, str]) -> None:
    """Keep the prediction log as the environment says; where it says nothing, the home does."""
    from serving.sensitive import write_key
    from serving.shipping.settings import from_variables, write_settings

    if settings := from_variables(environment):
        home.mkdir(parents=True, exist_ok=True)
        write_settings(home, settings)
    if word := environment.get("SWITCHYARD_LOG_KEY"):
        write_key(home, word)


def _spec(environment: Mapping[str, str], which: str) -> ServiceSpec:
    """A version that the environment names; both have one name."""
    from serving.spec import ServiceSpec

    name = _need(environment, "SWITCHYARD_MODEL_NAME")
    words = (f"SWITCHYARD_{which}_{word}" for word in ("VERSION", "URI", "DIGEST"))
    return ServiceSpec(name, *(_need(environment, word) for word in words))


def _need(environment: Mapping[str, str], variable: str) -> str:
    from serving.errors import ConfigError

    if value := environment.get(variable):
        return value
    raise ConfigError(f"{variable} is not set, and SWITCHYARD_MODEL_URI is: set both.")


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
