"""What a cluster's webhook would refuse, or Seldon could not run, is refused here."""

from typing import Any

import pytest

from serving.errors import ConfigError
from serving.spec import ServiceSpec, Traffic
from stacks.flavors.seldon.manifest import manifest
from stacks.flavors.seldon.rules import check_predictors, check_traffic
from stacks.flavors.seldon.settings import SeldonSettings

IMAGE = "registry.example:5000/switchyard@sha256:0123"
SPEC = ServiceSpec("Iris_Model", "3", "s3://bucket/3", "sha256:ab")
NEXT = ServiceSpec("Iris_Model", "4", "s3://bucket/4", "sha256:cd")


def broken(**changes: Any) -> list[dict[str, Any]]:
    """Two predictors, the second of which is changed."""
    made = manifest(SPEC, SeldonSettings(image=IMAGE), (NEXT, Traffic("canary", 0.4)))
    stable, tried = made["spec"]["predictors"]
    return [stable, {**tried, **changes}]


@pytest.mark.parametrize(
    ("predictors", "told"),
    [
        ([], "There is none"),
        (broken(traffic=30), "is 90 and not 100"),
        (broken(traffic=140), "from 0 to 100"),
        (broken(name="default"), "'default' is there 2 times"),
        (broken(name="Trial_1"), "'Trial_1' is no name"),
        (broken(shadow=True)[1:], "One shadow may be beside"),
        (broken(graph={"name": "other"}), "has no container 'other'"),
        (broken(componentSpecs=broken()[1]["componentSpecs"] * 2), "'classifier' twice"),
    ],
)
def test_the_rules_that_only_the_webhook_knows_are_kept_here_too(
    predictors: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        check_predictors(predictors)


@pytest.mark.parametrize(
    ("traffic", "told"),
    [
        (Traffic("canary", 0.005), "share of 0.005 is no whole percentage"),
        (Traffic("shadow", 0.0), "share of 0 is no whole percentage"),
        (Traffic("canary", 0.1, sticky=True), "set sticky to false"),
    ],
)
def test_a_trial_that_seldon_cannot_run_is_refused(traffic: Traffic, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        check_traffic(traffic, SeldonSettings(image=IMAGE, ingress_url="http://ingress"))


def test_traffic_is_not_split_where_there_is_no_ingress() -> None:
    with pytest.raises(ConfigError, match="ingress_url"):
        check_traffic(Traffic("canary", 0.1), SeldonSettings(image=IMAGE))
    check_traffic(Traffic("canary", 0.29), SeldonSettings(image=IMAGE, ingress_url="http://a"))
