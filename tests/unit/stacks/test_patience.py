"""How often a call to ZenML's server is tried, against a server that takes it and says nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from stacks.patience import AGAIN, PAUSE, limit_tries

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Door:
    """A server that takes every connection, and closes it with or without an answer."""

    def __init__(self) -> None:
        self.taken, self.answers = 0, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until closed."""
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, suppress(OSError):
                    self.taken += 1
                    client.recv(1 << 16)
                    client.sendall(ANSWER if self.answers else b"")


@pytest.fixture
def door() -> Iterator[Door]:
    """Such a server."""
    opened = Door()
    thread = threading.Thread(target=opened.serve)
    thread.start()
    yield opened
    opened.listener.shutdown(socket.SHUT_RDWR)
    opened.listener.close()
    thread.join()


def limited(retries: Retry) -> requests.Session:
    """A session as ZenML makes it, and then limited."""
    session = requests.Session()
    for prefix in ("https://", "http://"):
        session.mount(prefix, HTTPAdapter(max_retries=retries))
    limit_tries(session, pool=1)
    return session


def fails(session: requests.Session, door: Door) -> int:
    """How often a call was tried in vain."""
    before = door.taken
    with pytest.raises(requests.ConnectionError):
        session.get(door.url, timeout=30)
    return door.taken - before


def test_a_call_that_is_cut_off_has_as_many_tries_as_one_that_is_refused(door: Door) -> None:
    assert fails(limited(Retry(connect=5, read=8, backoff_factor=0)), door) == 1 + AGAIN


def test_a_call_after_one_in_vain_is_tried_once_until_one_is_answered(door: Door) -> None:
    session = limited(Retry(connect=5, read=8, backoff_factor=0))
    assert [fails(session, door) for _ in range(3)] == [1 + AGAIN, 1, 1]
    door.answers = True
    assert session.get(door.url, timeout=30).json() == {}
    door.answers = False
    assert fails(session, door) == 1 + AGAIN


def test_zenmls_own_tries_of_a_busy_server_are_kept_with_shorter_pauses() -> None:
    session = limited(Retry(connect=5, read=8, status=10, backoff_factor=1))
    adapter = session.get_adapter("http://any")
    assert isinstance(adapter, HTTPAdapter)
    assert (adapter.max_retries.connect, adapter.max_retries.status) == (5, 10)
    assert (adapter.max_retries.backoff_factor, adapter.max_retries.backoff_max) == (1, PAUSE)
