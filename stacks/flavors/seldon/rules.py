"""What Kubernetes or the operator would refuse, or fail on for good, told before they are asked.

The API server knows the shapes of the fields alone. That the traffic sums to 100, that names are
unique and that a shadow is not alone only the operator's webhook knows, and of a few things, such
as a port taken twice, one hears when no pod comes up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from serving.errors import ConfigError
from serving.spec import Traffic
from stacks.flavors.seldon.names import LABEL, LONGEST
from stacks.flavors.seldon.settings import Autoscale, Disruption, Resources, SeldonSettings

Json = dict[str, Any]

# What the operator adds to the container by itself: its metrics port and its gRPC port.
TAKEN = {6000: "metrics", 9500: "gRPC"}
OURS = ("SWITCHYARD_", "PREDICTIVE_UNIT_", "PREDICTOR_", "SELDON_", "MLSERVER_")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_KEY = re.compile(
    r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]*")
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_REFERENCE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[-._A-Za-z0-9]+")
_PERCENT = re.compile(r"[0-9]+%")
_UNITS = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15} | {
    f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTP", start=1)
}


def check(settings: SeldonSettings) -> None:
    """Refuse settings from which no pod would come up.

    Raises:
        ConfigError: It names every key that is wrong.
    """
    found = [f"{key}: {problem}" for key, problem in _problems(settings)]
    if found:
        raise ConfigError("The model deployer's configuration is wrong. " + " ".join(found))


def check_traffic(traffic: Traffic, settings: SeldonSettings) -> None:
    """Refuse a trial that this cluster cannot run.

    Raises:
        ConfigError: It names the key that asks for it.
    """
    if settings.ingress_url is None:
        raise ConfigError(
            f"A {traffic.mode} needs an ingress, which alone splits the traffic between versions: "
            "set the model deployer's ingress_url, or switch the trial off in the run config."
        )
    if not 0 < traffic.share <= 1 or abs(traffic.share * 100 - round(traffic.share * 100)) > 1e-9:
        raise ConfigError(
            f"A {traffic.mode}'s share of {traffic.share:g} is no whole percentage from 1 to 100, "
            "which is all that Seldon Core can split by: round it."
        )
    if traffic.sticky:
        raise ConfigError(
            "Seldon Core splits request by request: set sticky to false, or deploy by 'resident'."
        )


def check_predictors(predictors: list[Json]) -> None:
    """Hold predictors to what the operator's webhook asks of them together.

    Raises:
        ConfigError: They break a rule.
    """
    if problems := list(_together(predictors)):
        raise ConfigError("The predictors break a rule of Seldon Core. " + " ".join(problems))


def _problems(settings: SeldonSettings) -> Iterator[tuple[str, str]]:
    yield from _names(settings)
    yield from _numbers(settings)
    yield from _variables(settings.environment)
    yield from _resources(settings.resources)
    if settings.autoscale is not None:
        yield from _scale(settings.autoscale, settings.resources)
    if settings.disruption is not None:
        yield from _bounds(settings.disruption)
    for key in settings.annotations:
        if not _KEY.fullmatch(key):
            yield (
                "annotations",
                f"'{key}' is no annotation's key, such as 'team' or 'example.org/a'.",
            )
        if key == "seldon.io/no-engine":
            yield "annotations", f"'{key}' is the deployer's own; leave it out."


def _names(settings: SeldonSettings) -> Iterator[tuple[str, str]]:
    if not _IMAGE.fullmatch(settings.image):
        yield "image", f"'{settings.image}' names no image, such as HOST:PORT/NAME@sha256:DIGEST."
    if not LABEL.fullmatch(settings.namespace) or len(settings.namespace) > LONGEST:
        yield "namespace", f"'{settings.namespace}' is no namespace: lower case, digits and dashes."
    named = [("secret_name", settings.secret_name), ("service_account", settings.service_account)]
    named += [("image_pull_secrets", name) for name in settings.image_pull_secrets]
    for key, name in named:
        if name is not None and not _SUBDOMAIN.fullmatch(name):
            yield key, f"'{name}' is no name of Kubernetes: lower case, digits, dashes and dots."
    if settings.api_key_from is not None and not _REFERENCE.fullmatch(settings.api_key_from):
        yield "api_key_from", f"'{settings.api_key_from}' names no key of a secret: write NAME/KEY."
    for key in settings.node_selector:
        if not _KEY.fullmatch(key):
            yield "node_selector", f"'{key}' is no label's key."
    if settings.ingress_url is not None and not settings.ingress_url.startswith("http"):
        yield "ingress_url", f"'{settings.ingress_url}' does not begin with http:// or https://."


def _numbers(settings: SeldonSettings) -> Iterator[tuple[str, str]]:
    if not 1024 <= settings.port <= 65535:
        yield "port", f"{settings.port} is not from 1024 to 65535, which a user without rights has."
    elif settings.port in TAKEN:
        yield "port", f"{settings.port} is the operator's {TAKEN[settings.port]} port."
    grpc = settings.grpc_port
    if grpc is not None and (not 1024 <= grpc <= 65535 or grpc in (settings.port, 6000)):
        yield "grpc_port", f"{grpc} is not from 1024 to 65535, or another port of the container."
    if settings.user < 1:
        yield "user", "0 is root, whom the container refuses; give the user's number."
    least = {
        "body_limit": 1,
        "replicas": 1,
        "trial_replicas": 1,
        "start_seconds": 1,
        "progress_deadline": 1,
    }
    for key, bound in least.items():
        value = getattr(settings, key)
        if value is not None and value < bound:
            yield key, f"{value} is less than {bound}."


def _variables(environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name in environment:
        if not _VARIABLE.fullmatch(name):
            yield "environment", f"'{name}' is no variable's name."
        elif name.startswith(OURS):
            yield "environment", f"'{name}' is set by the deployer or the operator; leave it out."


def _resources(resources: Resources) -> Iterator[tuple[str, str]]:
    amounts: dict[tuple[str, str], float] = {}
    for key, given in (("requests", resources.requests), ("limits", resources.limits)):
        for name, text in given.items():
            if not (parts := _QUANTITY.fullmatch(text)):
                yield f"resources.{key}", f"'{text}' is no quantity of {name}, such as 500m or 1Gi."
            else:
                amounts[key, name] = float(parts[1]) * _UNITS[parts[2] or ""]
    for name, text in resources.requests.items():
        if amounts.get(("requests", name), 0.0) > amounts.get(("limits", name), float("inf")):
            yield "resources.requests", f"{text} of {name} is more than its limit."


def _scale(scale: Autoscale, resources: Resources) -> Iterator[tuple[str, str]]:
    if not 1 <= scale.min_replicas <= scale.max_replicas:
        bounds = f"{scale.min_replicas} to {scale.max_replicas}"
        yield "autoscale", f"{bounds} replicas: both must be 1 or more, the first not the larger."
    if scale.cpu is None and scale.memory is None and not scale.metrics:
        yield "autoscale", "it names no load to scale by: give cpu, memory or metrics."
    for name, load in (("cpu", scale.cpu), ("memory", scale.memory)):
        if load is not None and load < 1:
            yield f"autoscale.{name}", f"{load} is no percentage above 0."
        if load is not None and not {name} & (resources.requests.keys() | resources.limits.keys()):
            yield f"autoscale.{name}", f"a share of the {name} requested needs resources.requests."
    for metric in scale.metrics:
        if not isinstance(metric.get("type"), str):
            yield "autoscale.metrics", "each needs a type, as in Kubernetes' autoscaling/v2."


def _bounds(disruption: Disruption) -> Iterator[tuple[str, str]]:
    given = [b for b in (disruption.min_available, disruption.max_unavailable) if b is not None]
    if len(given) != 1:
        yield "disruption", "give one of min_available and max_unavailable."
    for bound in given:
        if bound < 0 if isinstance(bound, int) else not _PERCENT.fullmatch(bound):
            yield "disruption", f"'{bound}' is neither a number of pods nor a percentage."


def _together(predictors: list[Json]) -> Iterator[str]:
    if not predictors:
        yield "There is none."
    for name, count in Counter(each["name"] for each in predictors).items():
        if not LABEL.fullmatch(name):
            yield f"'{name}' is no name of Kubernetes."
        if count > 1:
            yield f"The name '{name}' is there {count} times."
    shadows = [each for each in predictors if each.get("shadow")]
    shares = [each.get("traffic", 0) for each in predictors if not each.get("shadow")]
    if len(shadows) > 1 or (shadows and not shares):
        yield "One shadow may be beside a predictor that answers."
    if any(not 0 <= each.get("traffic", 0) <= 100 for each in predictors):
        yield "The traffic of each must be from 0 to 100."
    if sum(shares) != 100 and (len(shares) > 1 or sum(shares)):
        yield f"The traffic of those that answer is {sum(shares)} and not 100."
    for each in predictors:
        yield from _containers(each)


def _containers(predictor: Json) -> Iterator[str]:
    containers = [
        container
        for component in predictor["componentSpecs"]
        for container in component["spec"]["containers"]
    ]
    names = Counter(container["name"] for container in containers)
    if predictor["graph"]["name"] not in names:
        yield f"Predictor '{predictor['name']}' has no container '{predictor['graph']['name']}'."
    if twice := [name for name, count in names.items() if count > 1]:
        yield f"Predictor '{predictor['name']}' has the container '{twice[0]}' twice."
    ports = Counter(p["containerPort"] for c in containers for p in c.get("ports") or ())
    if taken := [port for port, count in ports.items() if count > 1]:
        yield f"Predictor '{predictor['name']}' takes port {taken[0]} twice."
    if "seldon.io/no-engine" in predictor["annotations"] and predictor["graph"].get("children"):
        yield f"Predictor '{predictor['name']}' needs the executor for its graph."
