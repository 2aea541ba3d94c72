"""What a stack file says of models on Seldon Core."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.settings import BODY_LIMIT, PATIENCE
from stacks.flavors.log_fields import LogFields

Share = int | str


class Autoscale(BaseModel):
    """Bounds of the number of pods, and the load that each is to bear.

    Args:
        cpu: Of the CPU requested, in percent.
        memory: Of the memory requested, in percent.
        metrics: Further metrics, as Kubernetes' autoscaling/v2 writes them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_replicas: int = 1
    max_replicas: int
    cpu: int | None = None
    memory: int | None = None
    metrics: list[dict[str, Any]] = []


class Disruption(BaseModel):
    """How many pods a drained node may take away; one of the two, a number or a percentage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_available: Share | None = None
    max_unavailable: Share | None = None


class Resources(BaseModel):
    """What a pod is given, as Kubernetes writes quantities: `{cpu: 500m, memory: 512Mi}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: dict[str, str] = {"cpu": "100m", "memory": "256Mi"}
    limits: dict[str, str] = {}


class SeldonSettings(LogFields, BaseModel):
    """Settings of the Seldon Core model deployer."""

    image: str = Field(description="The image built from serving/Dockerfile.")
    namespace: str = Field(default="default", description="The namespace of the models.")
    kubernetes_context: str | None = Field(
        default=None,
        description="The kubeconfig's context. Default: its current one. Inside a pod the pod's "
        "own service account wins.",
    )
    ingress_url: str | None = Field(
        default=None,
        description="What the URL of the ingress begins with, before /seldon/. Without one the "
        "model's service answers, and no traffic can be split.",
    )
    port: int = Field(default=8000, description="The port of the container and of its service.")
    grpc_port: int | None = Field(
        default=None,
        description="The port on which the Open Inference Protocol is spoken by gRPC too.",
    )
    api_key_from: str | None = Field(
        default=None,
        description="The Kubernetes secret that holds what each request must bring, as NAME/KEY.",
    )
    body_limit: int = Field(default=BODY_LIMIT, description="The largest request body, in bytes.")
    patience: float = Field(
        default=PATIENCE,
        description="Seconds in which a request's head, and then its body, must have arrived.",
    )
    replicas: int = Field(default=1, description="Pods of a version, without `autoscale`.")
    trial_replicas: int = Field(default=1, description="Pods of a version that is being tried.")
    autoscale: Autoscale | None = None
    disruption: Disruption | None = None
    resources: Resources = Resources()
    secret_name: str | None = Field(
        default=None,
        description="The Kubernetes secret whose keys the container finds as variables: what "
        "reading bundles from the artifact store and writing the prediction log to it takes.",
    )
    environment: dict[str, str] = Field(
        default={}, description="Variables of the container that are no secret."
    )
    service_account: str | None = None
    image_pull_secrets: list[str] = []
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    node_selector: dict[str, str] = {}
    tolerations: list[dict[str, Any]] = []
    user: int = Field(default=10001, description="The numeric user that the container runs as.")
    start_seconds: int = Field(
        default=300,
        description="How long a pod may take to be scheduled, pull its image, fetch its bundle and "
        "answer; a caller's longer patience wins.",
    )
    progress_deadline: int | None = Field(
        default=None, description="Seconds until Kubernetes itself calls a rollout failed."
    )
    annotations: dict[str, str] = Field(default={}, description="Of the deployment and its pods.")
