"""How a server's process begins to listen, and how it tells why it cannot serve."""

from __future__ import annotations

import errno
import socket
import sys

from serving.errors import DeployError, ModelError, PortTakenError, SwitchyardError
from serving.state import EXIT_MODEL, EXIT_OTHER, EXIT_PORT


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or an error that names the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} of {host} is taken: end what listens there or choose another."
            raise PortTakenError(message) from error
        raise DeployError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener


def tell(error: SwitchyardError) -> int:
    """Print an error where the process's starter looks for it; its exit status says the kind."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    if isinstance(error, ModelError):
        return EXIT_MODEL
    return EXIT_PORT if isinstance(error, PortTakenError) else EXIT_OTHER
