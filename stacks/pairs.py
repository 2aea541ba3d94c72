"""Components that cannot work together, told from what a stack file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from stacks.facts import Facts, known_values
from stacks.problem import Problem, place
from stacks.schema import Component, StackFile
from stacks.values import leaves

# Orchestrators whose steps run on other machines, and those whose steps run in containers.
REMOTE = {
    "airflow_watched",
    "azureml",
    "kubeflow",
    "kubeflow_rehearsal",
    "kubeflow_watched",
    "kubernetes",
    "kubernetes_watched",
    "sagemaker",
    "tekton",
    "vertex",
}
# Those whose containers this machine runs for itself: they see its files where a run mounts them.
OWN_CONTAINERS = {"docker_parallel", "local_docker"}
CONTAINERS = {*REMOTE, *OWN_CONTAINERS, "airflow"}
# What lives on this machine only.
LOCAL = {
    ("artifact_store", "local"),
    ("model_deployer", "resident"),
    ("model_deployer", "resident_docker"),
    ("model_deployer", "seldon_local"),
}
# What a step itself talks to; the rest is asked from here too, maybe through a forwarded port.
ASKED_BY_STEPS = {"artifact_store", "experiment_tracker", "model_registry"}
# Those whose containers can have the network of the machine that they run on.
NETWORKED = {"airflow_watched", "kubeflow_rehearsal"}
NETWORK = "on Linux `export SWITCHYARD_DOCKER_NETWORK=host`, which `network` of the orchestrator is"
OWN_MACHINE = {"localhost", "127.0.0.1", "::1"}


def unfit_pairs(file: StackFile, facts: Facts) -> Iterator[Problem]:
    """What the components of a stack need of each other and of ZenML's store, and lack."""
    yield from _tracking(file)
    yield from _passwords(file, facts)
    if flavors(file, "orchestrator") & CONTAINERS and not file.components.get("image_builder"):
        yield Problem(
            "stack", "steps in containers need an image", "add an image_builder of flavor local"
        )
    if "seldon_core" in flavors(file, "model_deployer"):
        yield from _bundles(file)
        yield from _way_to_the_cluster(file)
    if remote := sorted(_remote(file)):
        yield from _local_in_remote(file, facts, ", ".join(remote))


def flavors(file: StackFile, type_: str) -> set[str]:
    """The flavors of a stack's components of one type."""
    return {component.flavor for component in file.components.get(type_, ())}


def steps_leave_this_process(file: StackFile) -> bool:
    """Whether a path of this machine is another place for the steps of a stack."""
    return bool(flavors(file, "orchestrator") & CONTAINERS)


def containers_of_this_machine(file: StackFile) -> bool:
    """Whether this machine runs the containers of a stack's steps, and can mount its files."""
    return bool(flavors(file, "orchestrator") & OWN_CONTAINERS)


def _tracking(file: StackFile) -> Iterator[Problem]:
    stores = flavors(file, "artifact_store")
    trackers = file.components.get("experiment_tracker", ())
    if not any(tracker.flavor == "mlflow" for tracker in trackers):
        yield Problem(
            "stack",
            "no experiment_tracker of flavor mlflow, which keeps the models",
            "add one, as stacks/local.yaml has it",
        )
    for tracker in trackers:
        bare = tracker.flavor == "mlflow" and not tracker.configuration.get("tracking_uri")
        if bare and stores != {"local"}:
            yield Problem(
                place("experiment_tracker", tracker),
                "without a tracking_uri MLflow needs the artifact store of flavor local",
                "set its tracking_uri",
            )


def _passwords(file: StackFile, facts: Facts) -> Iterator[Problem]:
    """Of servers, whose clients put the whole address into what they say of each failure."""
    for tracker in file.components.get("experiment_tracker", ()):
        values = known_values(tracker, facts) or {}
        address = urlsplit(str(values.get("tracking_uri") or ""))
        if address.scheme in ("http", "https") and address.password:
            yield Problem(
                place("experiment_tracker", tracker),
                f"the tracking_uri of {address.hostname} holds a password",
                'give it as tracking_username and tracking_password: "{{secret.key}}"',
            )


def _bundles(file: StackFile) -> Iterator[Problem]:
    for store in file.components["artifact_store"]:
        if store.flavor == "local":
            yield Problem(
                place("artifact_store", store),
                "lives on this machine, and the pods of seldon_core fetch their models from it",
                "choose a flavor that both can reach",
            )


def _way_to_the_cluster(file: StackFile) -> Iterator[Problem]:
    """Pods have an account in their cluster, and containers that Airflow starts have none."""
    for each in file.components["orchestrator"]:
        said = each.configuration
        docker = "docker" in str(said.get("operator", "docker")).lower()
        if each.flavor == "airflow_watched" and docker and not said.get("kubeconfig"):
            yield Problem(
                place("orchestrator", each),
                "its containers deploy by seldon_core, and know of no cluster",
                "name a kubeconfig of the workers' machines as its `kubeconfig`",
            )


def _remote(file: StackFile) -> set[str]:
    """The orchestrators whose steps run on other machines."""
    return {
        each.flavor
        for each in file.components["orchestrator"]
        if each.flavor in REMOTE
        or (each.flavor == "airflow" and each.configuration.get("local") is False)
    }


def _local_in_remote(file: StackFile, facts: Facts, remote: str) -> Iterator[Problem]:
    for type_, group in file.components.items():
        for component in group:
            yield from _out_of_reach(file, type_, component, facts, remote)
    if not file.components.get("container_registry"):
        yield Problem("stack", f"{remote} pulls images", "add a container_registry")
    if facts.own_store:
        yield Problem(
            "stack",
            f"ZenML keeps its records on this machine, and the steps of {remote} write there too",
            "zenml login https://HOST",
        )


def _on_the_hosts_network(file: StackFile, facts: Facts) -> bool:
    """Whether this machine's own addresses mean the same in a step's container."""
    return any(
        (known_values(each, facts) or {}).get("network") == "host"
        for each in file.components["orchestrator"]
    )


def _out_of_reach(
    file: StackFile, type_: str, component: Component, facts: Facts, remote: str
) -> Iterator[Problem]:
    if (type_, component.flavor) in LOCAL:
        yield Problem(
            place(type_, component),
            f"lives on this machine, and the steps of {remote} do not",
            "choose a flavor that both can reach",
        )
    values = known_values(component, facts) or component.configuration
    if type_ == "container_registry":
        yield from _own_registry(place(type_, component), str(values.get("uri", "")), remote)
    if type_ not in ASKED_BY_STEPS or _on_the_hosts_network(file, facts):
        return
    reach = "name an address that both can reach"
    if flavors(file, "orchestrator") <= NETWORKED:
        reach = f"{reach}, or {NETWORK}"
    for key, value in leaves(values):
        if isinstance(value, str) and _host(value) in OWN_MACHINE:
            what = f"{key} names this machine, and the steps of {remote} run on others"
            yield Problem(place(type_, component), what, reach)


def _own_registry(where: str, uri: str, remote: str) -> Iterator[Problem]:
    # A cluster's node may well be this machine, but ZenML takes no `localhost` for one.
    if re.match(r"localhost(:|/|$)", uri):
        yield Problem(
            where,
            f"uri names this machine, and {remote} pulls images from another",
            "name an address that both can reach, 127.0.0.1 where the cluster's node is here",
        )


def _host(text: str) -> str | None:
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        return None
