"""A real image registry, open or behind a login."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import yaml

from tests.integration.stacks.store import started
from tests.ports import free_port

NAME, PASSWORD = "pusher", "hunter2-of-the-registry"
PROGRAM = Path("/usr/bin/docker-registry")


@contextmanager
def registry_in(folder: Path, auth: dict[str, object] | None = None) -> Iterator[str]:
    """Serve Debian's docker-registry from a directory; gives its host and port.

    Args:
        auth: The registry's own settings of how it knows who asks; open without.
    """
    folder.mkdir(parents=True)
    port = free_port()
    settings = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        "http": {"addr": f"127.0.0.1:{port}"},
        **({"auth": auth} if auth else {}),
    }
    (folder / "config.yml").write_text(yaml.safe_dump(settings))
    with started(PROGRAM, "serve", str(folder / "config.yml"), port=port):
        yield f"127.0.0.1:{port}"


def by_password(folder: Path) -> dict[str, object]:
    """Let in who has the password."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    path = folder / "passwords"
    path.write_text(f"{NAME}:{hashed}\n")
    return {"htpasswd": {"realm": "here", "path": str(path)}}


def keep_login(folder: Path, host: str, password: str) -> None:
    """Write what `docker login` writes."""
    auth = base64.b64encode(f"{NAME}:{password}".encode()).decode()
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
