"""The worker of the microservice's web server, which answers most requests without a thread."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import time
from concurrent import futures
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# Bytes of a request that is answered at once: its answer, which is not much longer, fits what the
# kernel keeps for a client that does not read yet.
SMALL = 4096
# Connections that the kernel may hold, and that a worker which ends still takes.
WAITING = 64
TEND = 1.0

LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d*)", re.IGNORECASE)
CODED = re.compile(rb"\r\ntransfer-encoding", re.IGNORECASE)


class Worker(ThreadWorker):
    """Answers a small request itself once it is there; a thread waits for the rest of any other.

    The web server's own worker gives every request to a thread, and most of the time of a small
    one goes into that. A client that has sent nothing yet takes no thread either.
    """

    alive: bool

    def run(self) -> None:
        """Answer until told to end, and then whoever has connected by that time."""
        self._tended = 0.0
        # A signal ends the wait.
        self.poller.register(self.PIPE[0], EVENT_READ, partial(_drain, self.PIPE[0]))
        for listener in self.sockets:
            listener.setblocking(False)
            accept = partial(self.accept, listener.getsockname())
            self.poller.register(listener, EVENT_READ, accept)
        while self.alive:
            self._turn()
        for listener in self.sockets:
            self.poller.unregister(listener)
            for _ in range(WAITING):
                self.accept(listener.getsockname(), listener)
            listener.close()
        while self._keep:
            self._turn()
        self.tpool.shutdown(wait=False)
        self.poller.close()
        futures.wait(self.futures, timeout=self.cfg.graceful_timeout)

    def accept(self, server: object, listener: socket.socket) -> None:
        """Take a connection; above the limit the kernel holds it."""
        if self.nr_conns < self.worker_connections:
            super().accept(server, listener)
        else:
            time.sleep(0.01)

    def enqueue_req(self, conn: TConn) -> None:
        """Answer a connection, wait for what it sends, or give it to a thread."""
        try:
            sent = conn.sock.recv(SMALL, socket.MSG_PEEK)
        except BlockingIOError:
            self._wait_for(conn)
            return
        except OSError:  # The client is gone.
            sent = b""
        if sent and not whole(sent):
            super().enqueue_req(conn)
            return
        try:
            if sent:
                answer = conn.sock = Whole(conn.sock)
                conn.init()
                self.handle(conn)
                answer.flush()
        finally:
            self.nr_conns -= 1
            conn.close()

    def _wait_for(self, conn: TConn) -> None:
        conn.timeout = time.time() + patience(conn.sock)
        with self._lock:
            self._keep.append(conn)
            answer = partial(self.reuse_connection, conn)
            self.poller.register(conn.sock, EVENT_READ, answer)

    def _turn(self) -> None:
        for key, _ in self.poller.select(TEND):
            key.data(key.fileobj)
        now = time.monotonic()
        if now - self._tended >= TEND:
            self._tended = now
            self._tend()

    def _tend(self) -> None:
        """Tell that the worker lives, and forget what is over."""
        self.notify()
        for each in futures.wait(self.futures, 0).done:
            self.futures.remove(each)
        self.murder_keepalived()
        self.alive = self.alive and self.is_parent_alive()


class Whole:
    """A socket that sends an answer's head and body together, once both are there."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """Keep a part."""
        self._parts.append(data)

    def flush(self) -> None:
        """Send it all; a client that is gone by now wants none of it."""
        with contextlib.suppress(OSError):
            self._sock.sendall(b"".join(self._parts))


def whole(sent: bytes) -> bool:
    """Whether a request is there to its end, so that reading it waits for nothing."""
    head, end, body = sent.partition(b"\r\n\r\n")
    lengths = LENGTH.findall(head)
    if not end or len(lengths) > 1 or CODED.search(head):
        return False
    return len(body) >= int(lengths[0] or 0) if lengths else True


def patience(sock: socket.socket) -> float:
    """Seconds that a connection may stay silent, as it has them from the listening socket."""
    limit = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.calcsize("ll"))
    seconds, rest = struct.unpack("ll", limit)
    return float(seconds + rest / 1e6)


def _drain(pipe: int, _: object) -> None:
    os.read(pipe, 1)
