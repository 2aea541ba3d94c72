"""A server in this process, with a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.admin import Versions
from serving.errors import ModelError
from serving.log import PredictionLog
from serving.routes import App
from serving.service import Served
from serving.settings import ServerSettings
from tests.unit.serving.client import Client
from tests.unit.serving.tiny import model

TOKEN = "open sesame"


def load(wanted: dict[str, object]) -> Served:
    if wanted.get("version") == "broken":
        raise ModelError("The model does not load.")
    return Served(model(str(wanted["version"]), shift=1.0))


VERSIONS = Versions(load, keep=lambda _: None)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A server of version 1, which rolls to any version but "broken"."""
    log, settings = PredictionLog(tmp_path), ServerSettings(body_limit=1_000_000)
    return App(Served(model()), log, VERSIONS, token=TOKEN, settings=settings)


@pytest.fixture
def client(app: App) -> Iterator[Client]:
    """A client of that server."""
    with Client(app) as client:
        yield client
