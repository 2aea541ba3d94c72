"""The microservice's process: `python -m serving.seldon_app --home HOME`, in its environment.

It is the `main` of seldon-core-microservice, called as its console command calls it, on a socket
that was bound before: the command itself listens on every address of the machine.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO

from serving.errors import DeployError, SwitchyardError
from serving.listening import listen, tell
from serving.model import Model
from serving.state import claim, read_state, release, write_state

GROUP = "group.lock"
# Threads of the one worker: each holds a client whose request is still coming, or is large.
THREADS = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve what the home's state names until told to stop, or check a bundle."""
    options = parser().parse_args(arguments)
    try:
        if options.check:
            Model.load(options.check, digest=options.digest)
            return 0
        return serve(options.home, options.shipper)
    except SwitchyardError as error:
        return tell(error)


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m serving.seldon_app", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="where the state and bundles are")
    parser.add_argument("--shipper", default=sys.executable, help="the Python that ships the log")
    parser.add_argument("--check", type=Path, help="load this bundle and end")
    parser.add_argument("--digest", help="what the checked bundle's digest must be")
    return parser


def serve(home: Path, shipper: str) -> int:
    """Listen and answer."""
    signal.signal(signal.SIGTERM, _end)
    process, master = claim(home), os.getpid()
    # The lock on the first file tells whether the server lives: its children must not hold it.
    # That on the second tells whether any process of it does.
    os.register_at_fork(after_in_child=process.close)
    group = join(home)
    state = read_state(home)
    if state is None:
        raise DeployError(f"{home} holds no service.json: nothing was deployed there.")
    listener = listen(state.server.host, state.server.port)
    seconds, rest = divmod(state.server.patience, 1)
    limit = struct.pack("ll", int(seconds), int(rest * 1e6))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    port = listener.getsockname()[1]
    write_state(home, replace(state, server=replace(state.server, port=port)))
    try:
        run({"home": str(home), "shipper": shipper}, listener, port)
    except SystemExit as ended:  # A worker of this process passes here too.
        if os.getpid() == master and not ended.code:
            release(process)
        raise
    finally:
        group.close()
    return 0


def join(home: Path) -> IO[str]:
    """Hold the lock that every process of a server holds, and write down the group's number."""
    file = (home / GROUP).open("w")
    fcntl.flock(file, fcntl.LOCK_SH)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def run(model: Mapping[str, str], listener: socket.socket, port: int) -> None:
    """Call the microservice.

    Args:
        model: What the model's class is made with.
    """
    # A body is handed to the model as it came, and its answer sent as it is.
    os.environ["PAYLOAD_PASSTHROUGH"] = "true"
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    from gunicorn import systemd
    from gunicorn.workers import gthread
    from seldon_core import microservice

    from serving.seldon_worker import Worker

    gthread.ThreadWorker = Worker
    systemd.SD_LISTEN_FDS_START = listener.detach()
    # Its page of metrics would listen on every address too, and a process that keeps them be asked
    # in every request; ours are at /metrics.
    microservice._make_rest_metrics_server = lambda *_: None
    microservice.SeldonMetrics = NoMetrics
    parameters = [{"name": k, "value": v, "type": "STRING"} for k, v in model.items()]
    sys.argv = [
        "seldon-core-microservice",
        "serving.seldon_model.SeldonModel",
        *("--parameters", json.dumps(parameters)),
        *("--http-port", str(port)),
        *("--workers", "1"),
        *("--threads", str(THREADS)),
        # A connection that is kept would be closed on a roll, perhaps under a request.
        *("--keepalive", "0"),
        # Its children would go on answering with the version before.
        *("--grpc-workers", "0"),
        *("--log-level", "WARNING"),
    ]
    microservice.main()


class NoMetrics:
    """Stands where the microservice keeps what its models count."""

    def __init__(self, **_: object) -> None:
        """Start no process."""

    def update(self, metrics: object, method: str) -> None:
        """Count nothing."""

    def update_reward(self, reward: float) -> None:
        """Count nothing."""

    def clear(self) -> None:
        """Forget nothing."""


def _end(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
