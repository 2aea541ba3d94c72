"""What is told of a model's deployment without a cluster."""

import pytest

from serving.spec import Traffic
from stacks.doctor.seldon import by_rule
from stacks.flavors.seldon.settings import SeldonSettings

SETTINGS = SeldonSettings(image="registry.example/server:1", ingress_url="http://ingress")


def test_a_deployment_that_keeps_the_rules_is_named_as_it_would_be() -> None:
    """In lower case with dashes."""
    found = by_rule("deployer", SETTINGS, "Flights_Late", Traffic("canary", 0.1))
    assert found.state == "ok"
    assert "'flights-late'" in found.text


@pytest.mark.parametrize(
    ("changes", "share", "text"),
    [
        ({"port": 9500}, 0.1, "port: 9500 is the operator's gRPC port"),
        ({"ingress_url": None}, 0.1, "A canary needs an ingress"),
        ({}, 0.125, "share of 0.125 is no whole percentage"),
    ],
)
def test_a_rule_that_is_broken_is_told(changes: dict[str, object], share: float, text: str) -> None:
    """The stack's, and those of the run config's rollout on this stack."""
    wrong = SETTINGS.model_copy(update=changes)
    found = by_rule("deployer", wrong, "flights", Traffic("canary", share))
    assert found.state == "problem"
    assert text in found.text
