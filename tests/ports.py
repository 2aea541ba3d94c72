"""Ports for the servers that tests start."""

import itertools
import os
import re
import socket

# Below those that the system gives to whoever asks for any: what binds to port 0 meanwhile, a model
# server of another test for one, cannot take a port between the time it is found and used.
FIRST, EACH = 12_000, 2_000
_given = itertools.count()


def free_port() -> int:
    """A port that nothing listens on, and that no other process of the tests is given."""
    number = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "9"
    first = FIRST + int(number) % 10 * EACH
    # Sessions of the tests may run side by side, with neighbouring numbers: each begins far off.
    start = os.getpid() * 397 % EACH
    for each in _given:
        port = first + (start + each) % EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("counting ended")
