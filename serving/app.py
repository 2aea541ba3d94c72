"""The server's process: `python -m serving.app --home HOME`."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import uvicorn

from serving import trying
from serving.access import Guarded
from serving.admin import Versions
from serving.connections import Beside, Server, allow_many
from serving.direct import DirectConnection
from serving.errors import DeployError, ModelError, SwitchyardError
from serving.listening import listen, tell
from serving.log import open_log
from serving.model import Model
from serving.routes import App
from serving.service import Served
from serving.settings import ServerSettings
from serving.spec import Traffic
from serving.state import State, claim, read_state, release, write_state
from serving.tls import leaf
from serving.trial import Trial


@dataclass
class Home:
    """The home that a server serves from, and what it serves at this moment."""

    path: Path
    state: State

    def stable(self) -> Served:
        """Load the version that the home's state names."""
        bundle = self.path / "versions" / self.state.bundle
        return Served(Model.load(bundle, digest=self.state.digest), self.state.bundle)

    def load(self, wanted: dict[str, object]) -> Served:
        """Load another version of the model."""
        bundle = str(wanted.get("bundle"))
        if bundle != Path(bundle).name:
            raise ModelError(f"'{bundle}' is no directory in the home's versions.")
        version, digest = str(wanted.get("version")), str(wanted.get("digest"))
        served = Served(Model.load(self.path / "versions" / bundle, digest=digest), bundle)
        if (served.model.name, served.model.version) != (self.state.name, version):
            found = f"'{served.model.name}' version '{served.model.version}'"
            raise ModelError(f"The bundle is {found} where version '{version}' was announced.")
        return served

    def keep(self, served: Served) -> None:
        """Record a version as the one to be served, so that a restart comes back with it."""
        model = served.model
        state = replace(
            self.state, version=model.version, digest=model.digest, bundle=served.bundle
        )
        write_state(self.path, state)
        self.state = state


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve what the home's state names until told to stop."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    try:
        process = claim(options.home)
    except SwitchyardError as error:
        return tell(error)
    try:
        serve(options.home, options.host, options.port)
    except SwitchyardError as error:
        return tell(error)
    except (SystemExit, KeyboardInterrupt):  # uvicorn drained and raised the signal again.
        release(process)
    return 0


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m serving.app", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where the state and bundles are")
    parser.add_argument("--host", help="listen here; the state's address is how others get here")
    parser.add_argument("--port", type=int, help="listen here, and leave the state's port alone")
    return parser


def serve(path: Path, host: str | None, port: int | None) -> None:
    """Load, listen and answer."""
    state = read_state(path)
    if state is None:
        raise DeployError(f"{path} holds no service.json: nothing was deployed there.")
    home = Home(path, state)
    served = home.stable()
    settings = state.server
    shown = leaf(settings)
    host = host or settings.host
    with listen(host, settings.port if port is None else port) as listener:
        settings = replace(settings, grpc_port=reserve(host, settings.grpc_port))
        if port is None:
            settings = replace(settings, port=listener.getsockname()[1])
        home.state = replace(state, server=settings, trust=shown)
        if home.state != state:
            write_state(path, home.state)
        versions = Versions(home.load, home.keep)
        app = App(served, open_log(path), versions, token=state.token, settings=settings)
        if wanted := trying.read(path):
            app.trial = Trial(served, home.load(wanted), Traffic(**wanted["traffic"]))
        # What is loaded by now stays: the collector need not walk it in the middle of a request,
        # nor run at all after every few of them.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        allow_many()
        server = Server(
            configure(app, settings), settings.patience, beside(app, replace(settings, host=host))
        )
        server.run(sockets=[listener])
        if not server.started:
            raise DeployError("The HTTP server did not start; its log is above.")


def beside(app: App, settings: ServerSettings) -> Beside | None:
    """The gRPC server, where one is asked for; only then its packages are imported."""
    if settings.grpc_port is None:
        return None
    try:
        from serving.grpc.server import GRPCServer
    except ImportError as error:
        raise DeployError(f"'grpc_port' needs the package grpcio: {error}") from error
    return GRPCServer(app, settings)


def reserve(host: str, port: int | None) -> int | None:
    """The port of the gRPC server, which is free at this moment."""
    if port is None:
        return None
    with listen(host, port) as listener:
        return int(listener.getsockname()[1])


def configure(app: App, settings: ServerSettings) -> uvicorn.Config:
    """The settings of the HTTP server."""
    return uvicorn.Config(
        Guarded(app, settings.api_key) if settings.api_key else app,
        ssl_certfile=settings.certificate or None,
        ssl_keyfile=settings.key_file or None,
        loop="uvloop",
        http=DirectConnection,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # A client that keeps its connections may send on one in the moment that it is closed for
        # being idle; it seldom keeps one idle for this long.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
