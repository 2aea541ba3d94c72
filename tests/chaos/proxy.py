"""A proxy before a real server, which passes on, answers 500, hangs, or lets nobody in.

As `read-only` it answers 500 to all but questions, as `deaf` it says nothing to all but those.

What it does is read from a file, so that a command of the shell can change it at any moment.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Mode = Literal["pass", "500", "hang", "down", "read-only", "deaf"]
ANSWER = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
QUESTIONS = (b"GET ", b"HEAD ")
SIZE = 1 << 16


class Proxy:
    """Listens on a port of its own.

    Args:
        port: Of the server behind it.
    """

    def __init__(self, port: int, control: Path) -> None:
        self.faults = 0
        self._server, self._control = port, control
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self.set("pass")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def set(self, mode: Mode) -> None:
        """Do this from now on, on the connections that are open too."""
        self._control.write_text(mode)

    def command(self, mode: Mode) -> str:
        """The same as a command of the shell."""
        return f"echo {mode} > {self._control}"

    def serve(self) -> None:
        """Take connections until closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def close(self) -> None:
        """End, and with it what hangs."""
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _mode(self) -> str:
        return self._control.read_text().strip()

    def _handle(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self._mode() == "down":
                self.faults += 1
                return
            with socket.create_connection(("127.0.0.1", self._server)) as server:
                back = threading.Thread(target=self._back, args=(server, client), daemon=True)
                back.start()
                self._forth(client, server)
                with suppress(OSError):
                    server.shutdown(socket.SHUT_WR)
                back.join()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server, for as long as nothing is wrong."""
        while data := client.recv(SIZE):
            mode = self._mode()
            asks = mode in ("read-only", "deaf") and data.startswith(QUESTIONS)
            if mode == "pass" or asks:
                server.sendall(data)
                continue
            self.faults += 1
            if mode in ("500", "read-only"):
                client.sendall(ANSWER)
            if mode in ("hang", "deaf"):
                self._ended.wait()
            client.shutdown(socket.SHUT_RDWR)
            return

    @staticmethod
    def _back(server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(SIZE):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


@contextmanager
def before(port: int, folder: Path, name: str) -> Iterator[Proxy]:
    """A proxy before the server on a port."""
    proxy = Proxy(port, folder / f"{name}.mode")
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
