"""The rules for a SeldonDeployment, written down from its documented fields.

The pods and the autoscaling metrics are held to the types of Kubernetes' official client; the rest
to a schema of our own, since no package ships the operator's. Both refuse unknown fields, where a
real API server would silently drop them.
"""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from kubernetes import client

Json = dict[str, Any]


def closed(required: str = "", **properties: Json) -> Json:
    """An object with these fields and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
TEXTS: Json = {"type": "object", "additionalProperties": TEXT}
BOUND: Json = {"anyOf": [WHOLE, TEXT]}
ANY: Json = {"type": "object"}
COMPONENT = closed(
    spec=ANY,
    metadata=ANY,
    replicas=WHOLE,
    hpaSpec=closed(
        "maxReplicas",
        minReplicas=WHOLE,
        maxReplicas=WHOLE,
        metricsv2={"type": "array", "items": ANY},
    ),
    pdbSpec=closed(minAvailable=BOUND, maxUnavailable=BOUND),
)
GRAPH = closed(
    "name",
    name=TEXT,
    type={"enum": ["MODEL", "ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER"]},
    children={"type": "array", "items": ANY},
)
PREDICTOR = closed(
    "name graph",
    name=TEXT,
    graph=GRAPH,
    annotations=TEXTS,
    labels=TEXTS,
    replicas=WHOLE,
    traffic=WHOLE,
    shadow={"type": "boolean"},
    progressDeadlineSeconds=WHOLE,
    svcOrchSpec=closed(resources=ANY, env={"type": "array"}, replicas=WHOLE),
    componentSpecs={"type": "array", "items": COMPONENT},
)
SCHEMA = closed(
    "apiVersion kind metadata spec",
    apiVersion={"const": "machinelearning.seldon.io/v1"},
    kind={"const": "SeldonDeployment"},
    metadata=ANY,
    status=ANY,
    spec=closed(
        "predictors",
        annotations=TEXTS,
        protocol={"enum": ["seldon", "tensorflow", "kfserving", "v2"]},
        predictors={"type": "array", "items": PREDICTOR},
    ),
)
LABEL = re.compile(r"(|[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def problems(made: Json) -> list[str]:
    """What the API server has against a SeldonDeployment."""
    found = [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(made)
    ]
    if found:
        return found
    if not SUBDOMAIN.fullmatch(made["metadata"]["name"]):
        found.append("metadata.name is no DNS subdomain")
    for index, predictor in enumerate(made["spec"]["predictors"]):
        labels = {**predictor.get("labels", {}), **made["metadata"].get("labels", {})}
        found += [f"label '{value}'" for value in labels.values() if not LABEL.fullmatch(value)]
        for component in predictor.get("componentSpecs", ()):
            place = f"predictors[{index}]"
            found += shape(component["spec"], "V1PodSpec", f"{place}.spec")
            metrics = component.get("hpaSpec", {}).get("metricsv2", [])
            found += shape(metrics, "list[V2MetricSpec]", f"{place}.metricsv2")
    return found


def shape(value: Any, kind: str, place: str) -> Iterator[str]:
    """What differs from a type of the official client, which stems from Kubernetes' own schema."""
    if kind.startswith("list["):
        if not isinstance(value, list):
            yield f"{place} is no list"
            return
        for index, item in enumerate(value):
            yield from shape(item, kind[5:-1], f"{place}[{index}]")
    elif kind.startswith("dict("):
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            yield f"{place} is no mapping of texts"
    elif kind.startswith("V"):
        yield from _fields(value, getattr(client, kind), place)
    else:
        kinds: dict[str, Any] = {"str": str, "int": int, "bool": bool, "object": (int, str)}
        types = kinds[kind]
        if not isinstance(value, types) or (kind == "int" and isinstance(value, bool)):
            yield f"{place} is no {kind}"


def _fields(value: Any, model: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is no object"
        return
    names = {key: name for name, key in model.attribute_map.items()}
    for key, item in value.items():
        if key not in names:
            yield f"{place}.{key} is unknown"
        else:
            yield from shape(item, model.openapi_types[names[key]], f"{place}.{key}")
    try:
        model(**{names[key]: item for key, item in value.items() if key in names})
    except ValueError as error:
        yield f"{place}: {error}"


def refused(made: Json) -> list[str]:
    """What the operator's webhook has against it: rules that no schema holds."""
    predictors = made["spec"]["predictors"]
    found = [] if predictors else ["there is no predictor"]
    names = [each["name"] for each in predictors]
    found += ["Duplicate predictor name"] if len(set(names)) < len(names) else []
    shadows = sum(bool(each.get("shadow")) for each in predictors)
    found += ["Multiple shadows are not allowed"] if shadows > 1 else []
    found += ["Shadow can not exist as only predictor"] if shadows == len(names) == 1 else []
    total = sum(each.get("traffic", 0) for each in predictors if not each.get("shadow"))
    if total != 100 and (len(names) - shadows > 1 or total > 0):
        found.append("Traffic must sum to 100")
    for each in predictors:
        containers = [
            container["name"]
            for component in each["componentSpecs"]
            for container in component["spec"]["containers"]
        ]
        if each["graph"]["name"] not in containers:
            found.append("Can't find container for Predictive Unit")
    return found
