"""Accounts and secrets on the team's ZenML server, made as its administrator."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.integration.team.servers import ADMIN, Team


def api_key(team: Team, name: str) -> str:
    """Make a service account on the ZenML server, and a key for it."""
    with as_admin(team) as server:
        account = server.post("/service_accounts", json={"name": name, "active": True}).json()
        keys = f"/service_accounts/{account['id']}/api_keys"
        return str(server.post(keys, json={"name": "laptop"}).json()["body"]["key"])


def keep_secret(team: Team, name: str, values: dict[str, str]) -> None:
    """What `zenml secret create` does, which takes two seconds."""
    with as_admin(team) as server:
        server.post("/secrets", json={"name": name, "values": values}).raise_for_status()


@contextmanager
def as_admin(team: Team) -> Iterator[httpx.Client]:
    """A client of the ZenML server's own API."""
    said = {"username": ADMIN[0], "password": ADMIN[1]}
    with httpx.Client(base_url=f"{team.zenml}/api/v1", timeout=30) as server:
        token = server.post("/login", data=said).json()["access_token"]
        server.headers["Authorization"] = f"Bearer {token}"
        yield server
