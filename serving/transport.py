"""Reads a request from the server and writes its answer, with limits on size and patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from serving.errors import RequestError
from serving.log import Record

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = b"application/json"


@dataclass(slots=True)
class Answer:
    """The answer to a request of any route.

    Args:
        seconds: What a prediction took, from the request's body to the answer's.
        record: What the log keeps of a prediction.
    """

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    seconds: float = 0.0
    record: Record | None = None


Handler = Callable[[Scope, Receive], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """What a path does, and by which method."""

    method: str
    handler: Handler


async def read_body(receive: Receive, limit: int, patience: float) -> bytes:
    """The whole body of a request.

    Args:
        limit: The most bytes it may have.
        patience: Seconds in which all of it must have arrived.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        _check_size(len(body), limit)
        return body
    try:
        async with asyncio.timeout(patience):
            return await _read_rest(receive, limit, body)
    except TimeoutError:
        raise stalled(patience) from None


async def _read_rest(receive: Receive, limit: int, first: bytes) -> bytes:
    chunks, size, more = [first], len(first), True
    while more:
        _check_size(size, limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError("The client went away.", status=499)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
    _check_size(size, limit)
    return b"".join(chunks)


async def send_answer(send: Send, answer: Answer) -> None:
    """Send a whole answer."""
    length = b"%d" % len(answer.body)
    headers = [(b"content-type", answer.content_type), (b"content-length", length)]
    if answer.headers:
        headers += answer.headers
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise oversized(limit)


def oversized(limit: int) -> RequestError:
    """Tell of a body that is larger than the server takes."""
    message = f"The body is larger than {limit} bytes; send the rows in several requests."
    return RequestError(message, status=413)


def stalled(patience: float) -> RequestError:
    """Tell of a body that stopped coming."""
    message = f"The request's body did not arrive within {patience:g} s."
    return RequestError(message, status=408)
