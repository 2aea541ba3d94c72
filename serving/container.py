"""A container's process: fetches the bundle that its environment names, then serves its home.

The variables are told in serving/Dockerfile.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

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

    What the home serves already is not fetched again: a restart needs no storage.
    """
    from serving.settings import ServerSettings
    from serving.spec import ServiceSpec
    from serving.state import State, read_state, write_state
    from serving.versions import place, prune

    if not (uri := environment.get("SWITCHYARD_MODEL_URI")):
        return
    name, version, digest = (_need(environment, word) for word in ("NAME", "VERSION", "DIGEST"))
    before = read_state(home)
    if before and (before.name, before.version, before.digest) == (name, version, digest):
        return
    home.mkdir(parents=True, exist_ok=True)
    bundle = place(home, ServiceSpec(name, version, uri, digest))
    settings = ServerSettings(host=ANY, port=port(environment))
    write_state(home, State(name, version, digest, bundle, secrets.token_urlsafe(32), settings))
    prune(home, bundle)


def log_named(home: Path, environment: Mapping[str, str]) -> None:
    """Keep the prediction log as the environment says; where it says nothing, the home does."""
    from serving.sensitive import write_key
    from serving.shipping.settings import from_variables, write_settings

    if settings := from_variables(environment):
        home.mkdir(parents=True, exist_ok=True)
        write_settings(home, settings)
    if word := environment.get("SWITCHYARD_LOG_KEY"):
        write_key(home, word)


def _need(environment: Mapping[str, str], word: str) -> str:
    from serving.errors import ConfigError

    variable = f"SWITCHYARD_MODEL_{word}"
    if value := environment.get(variable):
        return value
    raise ConfigError(f"{variable} is not set, and SWITCHYARD_MODEL_URI is: set both.")


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
