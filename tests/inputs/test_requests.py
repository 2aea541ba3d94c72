"""Any request is answered, or refused in its protocol's form: many more of them than for a change.

The properties and what is drawn are those of tests/unit/serving.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from serving.log import PredictionLog
from serving.routes import App
from serving.service import Served
from tests.inputs.cases import ended
from tests.unit.serving import test_any_body, test_binary, test_grpc_messages
from tests.unit.serving.client import Client
from tests.unit.serving.conftest import TOKEN, VERSIONS
from tests.unit.serving.tiny import model

MANY = settings(
    max_examples=3000, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


SECONDS = 1800


def again(ask: Any) -> Any:
    """The same property, of many more cases."""
    property_ = ask.hypothesis
    return MANY(given(**property_._given_kwargs)(property_.inner_test))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    log: Path = tmp_path_factory.mktemp("log")
    with Client(App(Served(model()), PredictionLog(log), VERSIONS, token=TOKEN)) as found:
        yield found


@pytest.mark.nightly
@pytest.mark.parametrize(
    "ask",
    [
        test_any_body.test_any_json,
        test_any_body.test_any_bytes,
        test_any_body.test_a_right_request_with_any_one_part_replaced,
        test_any_body.test_a_right_request_with_bytes_changed,
    ],
)
def test_many_bodies(client: Client, ask: Any) -> None:
    with ended(SECONDS):
        again(ask)(client=client)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "ask",
    [
        test_binary.test_any_bytes_behind_the_json_are_values_or_a_refusal,
        test_grpc_messages.test_any_bytes_are_a_message_or_a_refusal,
        test_grpc_messages.test_any_tensor_is_answered_or_refused,
    ],
)
def test_many_messages(ask: Any) -> None:
    with ended(SECONDS):
        again(ask)()
