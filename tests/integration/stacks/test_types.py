"""A component's settings are taken as they are written, or refused by their key."""

import pytest

from serving.errors import ConfigError
from stacks.configuration import settled
from stacks.plan import Registration
from stacks.values import FromEnvironment

pytestmark = pytest.mark.usefixtures("zenml")


def taken(**configuration: object) -> object:
    """What ZenML would store."""
    asked = Registration("model_deployer", "served", "resident", configuration)
    return settled(asked).configuration


@pytest.mark.parametrize(
    ("key", "value", "is_"),
    [
        ("port", True, "true or false"),
        ("port", "8080", "text"),
        ("patience", "30", "text"),
        ("grpc_port", False, "true or false"),
    ],
)
def test_a_value_is_never_taken_for_one_of_another_type(key: str, value: object, is_: str) -> None:
    """A number in quotes, or a truth value in a number's place, is a slip."""
    with pytest.raises(ConfigError, match=f"'{key}' is {is_} in the file.*takes a number"):
        taken(**{key: value})


def test_what_comes_from_the_environment_is_text_and_is_converted() -> None:
    """There is no other way to give a number there."""
    assert taken(port=FromEnvironment("8080"), patience=30) == {"port": 8080, "patience": 30.0}
