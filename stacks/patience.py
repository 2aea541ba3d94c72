"""How long ZenML's client waits for a server that went away in the middle of the work.

ZenML tries a call again that was refused, cut off, not answered in time or put off, and pauses for
up to two minutes between two tries. It does so for each of the many calls by which a run's end is
written down, so that a server that is gone holds a run for much longer than ten minutes. Here a
call has as many tries where it is cut off as where it is refused, with pauses of seconds, and one
try where the call before it was in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Mapping

# Tries after the first, as many as ZenML has for a server that refuses; seconds between two.
AGAIN, PAUSE = 5, 16


class Patience(HTTPAdapter):
    """Gives a call up after some tries, and then each further one at once, until one is answered.

    Args:
        retries: What the first call that fails is tried by.
        pool: How many connections are kept.
    """

    def __init__(self, retries: Retry, pool: int) -> None:
        self.patient, self.once = retries, Retry(0, read=False)
        super().__init__(max_retries=retries, pool_maxsize=pool)

    def send(self, *given: Any, **named: Any) -> requests.Response:
        """Send a request, with the tries that are left for it.

        Raises:
            requests.RequestException: All were in vain.
        """
        try:
            answer = super().send(*given, **named)
        except requests.RequestException:
            self.max_retries = self.once
            raise
        self.max_retries = self.patient
        return answer


def limit_tries(session: requests.Session, pool: int) -> None:
    """Let a session of ZenML's client wait no longer than this."""
    adapters: Mapping[str, Any] = dict(session.adapters)
    for prefix, adapter in adapters.items():
        retries = adapter.max_retries.new(read=AGAIN, backoff_max=PAUSE)
        session.mount(prefix, Patience(retries, pool))
