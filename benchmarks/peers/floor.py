"""The floor: a Starlette application that reads a request and answers the same bytes each time."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANSWER = b'{"predictions":[[0.5,0.5]]}'


async def answer(request: Request) -> Response:
    """Read the body and answer."""
    await request.body()
    return Response(ANSWER, media_type="application/json")


async def ping(_: Request) -> Response:
    """Say that it is up."""
    return Response(b"{}", media_type="application/json")


if __name__ == "__main__":
    routes = [Route("/", answer, methods=["POST"]), Route("/ping", ping)]
    uvicorn.run(
        Starlette(routes=routes),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
