"""A model and the settings as a SeldonDeployment: pure functions from what is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from serving import settings as server
from serving.shipping.settings import to_variables
from serving.spec import ServiceSpec, Traffic
from stacks.flavors.seldon.names import label_value, resource_name
from stacks.flavors.seldon.settings import Autoscale, SeldonSettings

GROUP, VERSION, PLURAL = "machinelearning.seldon.io", "v1", "seldondeployments"
CONTAINER = "classifier"
STABLE, TRIAL = "default", "trial"
OWNER = {"app.kubernetes.io/managed-by": "switchyard"}
REVISION = "SWITCHYARD_REVISION"
HOME = "/srv/switchyard"
# Seconds in which a pod that is to end still answers, until no ingress sends to it any more.
LEAVING = 5

Json = dict[str, Any]
NOTHING: Mapping[str, str] = {}


def manifest(
    spec: ServiceSpec, settings: SeldonSettings, trial: tuple[ServiceSpec, Traffic] | None = None
) -> Json:
    """The SeldonDeployment that serves a version, and another one beside it where asked."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "SeldonDeployment",
        "metadata": {
            "name": resource_name(spec.name),
            "namespace": settings.namespace,
            "labels": dict(OWNER),
            "annotations": {"switchyard/model": spec.name},
        },
        "spec": {
            # Both protocols are the container's own: the operator's executor, which would sit
            # before it, passes on one of them.
            "protocol": "seldon",
            "annotations": dict(settings.annotations),
            "predictors": predictors(spec, settings, trial),
        },
    }


def predictors(
    spec: ServiceSpec, settings: SeldonSettings, trial: tuple[ServiceSpec, Traffic] | None = None
) -> list[Json]:
    """The predictor that serves and, beside it, the one on trial."""
    stable = predictor(STABLE, spec, settings)
    if trial is None:
        return alone(stable)
    return beside(stable, tried(*trial, spec, settings), trial[1])


def tried(
    spec: ServiceSpec, traffic: Traffic, served: ServiceSpec, settings: SeldonSettings
) -> Json:
    """The predictor on trial, whose pods score each answer with the version that serves, too.

    What a shadow says is no answer, and is not logged as one.
    """
    mute = {"log_uri": ""} if traffic.mode == "shadow" else {}
    compared = {
        "SWITCHYARD_BESIDE_VERSION": served.version,
        "SWITCHYARD_BESIDE_URI": served.model_uri,
        "SWITCHYARD_BESIDE_DIGEST": served.digest,
        "SWITCHYARD_TOLERANCE": str(traffic.tolerance),
    }
    return predictor(TRIAL, spec, settings.model_copy(update=mute), compared)


def alone(stable: Json) -> list[Json]:
    """A predictor that gets all traffic."""
    return [{**stable, "traffic": 100}]


def beside(stable: Json, other: Json, traffic: Traffic) -> list[Json]:
    """A predictor that serves, and one that gets a share of its requests or a copy of it."""
    percent = round(traffic.share * 100)
    if traffic.mode == "shadow":
        return [*alone(stable), {**other, "traffic": percent, "shadow": True}]
    return [{**stable, "traffic": 100 - percent}, {**other, "traffic": percent}]


def traffic_of(made: Json) -> Traffic:
    """How a predictor is being tried."""
    return Traffic("shadow" if made.get("shadow") else "canary", made.get("traffic", 0) / 100)


def predictor(
    name: str, spec: ServiceSpec, settings: SeldonSettings, more: Mapping[str, str] = NOTHING
) -> Json:
    """A version's pods, under a name that stays while versions come and go.

    The operator's `version` label is left to it: the ingress selects pods by it, and one that
    changed with the version would lead nowhere until the new pods are up.
    """
    component: Json = {"spec": pod(name, spec, settings, more)}
    made: Json = {
        "name": name,
        "graph": {"name": CONTAINER, "type": "MODEL", "children": []},
        "annotations": {
            "seldon.io/no-engine": "true",
            "prometheus.io/path": "/metrics",
            "prometheus.io/port": str(settings.port),
        },
        "labels": {
            "switchyard/predictor": name,
            "switchyard/version": label_value(spec.version),
        },
        "componentSpecs": [component],
    }
    if settings.autoscale is not None and name == STABLE:
        component["hpaSpec"] = _scaling(settings.autoscale)
    else:
        made["replicas"] = settings.replicas if name == STABLE else settings.trial_replicas
    if settings.disruption is not None and name == STABLE:
        bounds = settings.disruption
        component["pdbSpec"] = _some(
            minAvailable=bounds.min_available, maxUnavailable=bounds.max_unavailable
        )
    if settings.progress_deadline is not None:
        made["progressDeadlineSeconds"] = settings.progress_deadline
    return made


def pod(
    predictor: str, spec: ServiceSpec, settings: SeldonSettings, more: Mapping[str, str]
) -> Json:
    """A predictor's pod; its revision tells it from any other that was or will be asked for."""
    container = _container(spec, settings, more)
    made = _some(
        containers=[container],
        volumes=[{"name": name, "emptyDir": {}} for name in ("home", "tmp")],
        terminationGracePeriodSeconds=LEAVING + 25,
        serviceAccountName=settings.service_account,
        imagePullSecrets=[{"name": name} for name in settings.image_pull_secrets] or None,
        nodeSelector=settings.node_selector or None,
        tolerations=settings.tolerations or None,
    )
    text = json.dumps(made, sort_keys=True)
    revision = f"{predictor}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    container["env"].append({"name": REVISION, "value": revision})
    return made


def variables(pod_spec: Json) -> dict[str, str]:
    """The variables of the model's container, by which it is known again."""
    for container in pod_spec.get("containers") or ():
        if container["name"] == CONTAINER:
            given = container.get("env") or ()
            # Kubernetes reads $(NAME) in a value as another variable, and $$ as $.
            return {each["name"]: each.get("value", "").replace("$$", "$") for each in given}
    return {}


def spec_of(made: Json) -> ServiceSpec | None:
    """Which version a predictor serves; None for one that is not of our making."""
    components = made.get("componentSpecs") or [{}]
    found = variables(components[0].get("spec") or {})
    names = ("NAME", "VERSION", "URI", "DIGEST")
    if any(f"SWITCHYARD_MODEL_{name}" not in found for name in names):
        return None
    return ServiceSpec(*(found[f"SWITCHYARD_MODEL_{name}"] for name in names))


def revision_of(made: Json) -> str:
    """What tells a predictor's pods from all others."""
    return variables(made["componentSpecs"][0]["spec"])[REVISION]


def _container(spec: ServiceSpec, settings: SeldonSettings, more: Mapping[str, str]) -> Json:
    own = {
        "SWITCHYARD_MODEL_NAME": spec.name,
        "SWITCHYARD_MODEL_VERSION": spec.version,
        "SWITCHYARD_MODEL_URI": spec.model_uri,
        "SWITCHYARD_MODEL_DIGEST": spec.digest,
        "SWITCHYARD_HOME": HOME,
    }
    given = {**settings.environment, **own, **_log(settings), **_server(settings), **more}
    env: list[Json] = [
        {"name": name, "value": text.replace("$", "$$")} for name, text in given.items()
    ]
    return _some(
        name=CONTAINER,
        image=settings.image,
        imagePullPolicy=settings.image_pull_policy,
        env=[*env, *_key(settings)],
        envFrom=[{"secretRef": {"name": settings.secret_name}}] if settings.secret_name else None,
        # Named as the operator looks for it: it hands the number to the container as
        # PREDICTIVE_UNIT_SERVICE_PORT and gives it to the service.
        ports=[
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in (("http", settings.port), ("grpc", settings.grpc_port))
            if port is not None
        ],
        resources=_some(
            requests=settings.resources.requests or None, limits=settings.resources.limits or None
        ),
        volumeMounts=[{"name": "home", "mountPath": HOME}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
        lifecycle={"preStop": {"exec": {"command": ["/bin/sh", "-c", f"sleep {LEAVING}"]}}},
        securityContext=_locked(settings.user),
        **_probes(settings),
    )


def _log(settings: SeldonSettings) -> dict[str, str]:
    """What the container is told of its prediction log; nothing before anybody has said where."""
    uri = settings.log_uri
    return {} if uri is None else to_variables(settings.kept(uri, {}))


def _server(settings: SeldonSettings) -> dict[str, str]:
    given = settings.model_dump(include={*server.NAMED})
    return server.to_variables(**given)


def _key(settings: SeldonSettings) -> list[Json]:
    """The API key as Kubernetes hands it to the container; the manifest never holds it."""
    if settings.api_key_from is None:
        return []
    name, _, key = settings.api_key_from.partition("/")
    source = {"secretKeyRef": {"name": name, "key": key}}
    return [{"name": "SWITCHYARD_API_KEY", "valueFrom": source}]


def _locked(user: int) -> Json:
    # Of the container, since the operator replaces what is said of the pod.
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _probes(settings: SeldonSettings) -> Json:
    def probe(path: str, period: int, failures: int) -> Json:
        return {
            "httpGet": {"path": path, "port": settings.port, "scheme": "HTTP"},
            "periodSeconds": period,
            "failureThreshold": failures,
            "successThreshold": 1,
            "timeoutSeconds": 3,
        }

    return {
        "startupProbe": probe("/readyz", 2, max(settings.start_seconds // 2, 1)),
        "readinessProbe": probe("/readyz", 5, 2),
        "livenessProbe": probe("/healthz", 10, 3),
    }


def _scaling(scale: Autoscale) -> Json:
    loads = (("cpu", scale.cpu), ("memory", scale.memory))
    metrics: list[Json] = [
        {
            "type": "Resource",
            "resource": {
                "name": name,
                "target": {"type": "Utilization", "averageUtilization": load},
            },
        }
        for name, load in loads
        if load is not None
    ]
    return {
        "minReplicas": scale.min_replicas,
        "maxReplicas": scale.max_replicas,
        "metricsv2": [*metrics, *scale.metrics],
    }


def _some(**fields: Any) -> Json:
    """The fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}
