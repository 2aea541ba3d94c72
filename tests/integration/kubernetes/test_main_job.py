"""The main job on stacks/kubernetes.yaml: pods train, gate, register and deploy; a model answers.

The tests tell one story, in their order, on a stand-in whose pods are containers, with a ZenML
server, an MLflow server, a registry and a store that are real.
"""

import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from stacks.flavors.kubernetes.pods import LOCKED
from tests.docker.cluster import Cluster
from tests.integration.inspection import computed
from tests.integration.kubernetes.test_watched import printed, until
from tests.integration.rehearsal.servers import zenml_server
from tests.integration.stacks.store import KEY, SECRET, mlflow_over, store_in
from tests.integration.tumours import LINEAR, MODEL, SLOW, write_config
from tests.kubernetes.batch import Batch
from tests.kubernetes.containers import Node
from tests.kubernetes.jobs import Jobs
from tests.kubernetes.standin import IMAGE, standing_in
from tests.workplace import Finished, Workplace

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.nightly
STACK = ("--stack", "kubernetes")
FOREST = {"name": "forest", "kind": "forest", "parameters": {"n_estimators": 20}}
PODS = {"train-forest", "train-linear"}


@dataclass(frozen=True)
class Place:
    """A laptop, and the cluster that it talks to."""

    work: Workplace
    environment: dict[str, str]
    jobs: Jobs
    config: str

    def run(self, *words: str) -> Finished:
        """Run `python run.py`."""
        return self.work.run(*words, **self.environment)


@pytest.fixture(scope="module")
def backing(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """What pods talk to; the clients of MLflow keep artifacts in the store themselves."""
    folder = tmp_path_factory.mktemp("servers")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as held:
        # It answers to no other name than 127.0.0.1 unless it is told.
        patch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", "*")
        store = held.enter_context(store_in(folder / "store"))
        secrets = {"switchyard-s3": {"key": KEY, "secret": SECRET}}
        zenml = held.enter_context(zenml_server(folder / "zenml", secrets))
        mlflow = held.enter_context(mlflow_over(store, folder))
        yield Cluster(registry, store, zenml, mlflow)


@pytest.fixture(scope="module")
def place(
    backing: Cluster,
    docker_engine: "DockerClient",
    training_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """Where the story happens."""
    folder = tmp_path_factory.mktemp("place")
    told = {"OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"}
    jobs = Jobs(Node(docker_engine, folder.name, folder / "cluster" / "account", told, {}))
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    keys["AWS_ENDPOINT_URL"] = backing.store.endpoint
    with standing_in(folder / "cluster", Batch(jobs)) as cluster:
        told |= cluster.inside
        cluster.access.there.add("zenml")
        cluster.secrets["switchyard-store"] = keys
        coded = {name: b64encode(value.encode()).decode() for name, value in keys.items()}
        jobs.secrets["switchyard-store"] = coded
        environment = {
            **backing.environment,
            **cluster.environ,
            **keys,
            # By this number a stack's check does not know this machine.
            "SWITCHYARD_S3_ENDPOINT": backing.store.endpoint.replace("127.0.0.1", "0.0.0.0"),
            "SWITCHYARD_MLFLOW_URI": backing.mlflow.replace("127.0.0.1", "0.0.0.0"),
            "SWITCHYARD_STEPS_IMAGE": training_image,
            "SWITCHYARD_KUBERNETES_CONTEXT": "here",
            "SWITCHYARD_SERVING_IMAGE": IMAGE,
            "SWITCHYARD_SERVING_NAMESPACE": "models",
            "SWITCHYARD_INGRESS_URL": cluster.ingress_url,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_CORETYPE": "Haswell",
        }
        config = write_config(folder, "tumours", LINEAR, FOREST, report={"enabled": False})
        jobs.start()
        try:
            yield Place(Workplace(folder / "home"), environment, jobs, config)
        finally:
            jobs.stop()


@pytest.fixture(scope="module")
def first(place: Place) -> Any:
    """The first run."""
    done = place.run(*STACK, "--config", place.config, "--json")
    assert done.status == 0, done.errors + printed(place.jobs)
    return done.document


def test_nothing_stands_in_the_way_and_doctor_says_so(place: Place) -> None:
    done = place.run("doctor", *STACK, "--config", place.config)
    assert done.status == 0, done.output + done.errors
    assert "pods on 3 levels, and one pod that starts them" in done.output


def test_a_champion_is_registered_and_answers_on_the_cluster(first: Any) -> None:
    assert (first["version"], first["champion"], first["decision"]["outcome"]) == (
        "1",
        "1",
        "promote",
    )
    row, said = first["prediction"]["row"], first["prediction"]["answer"]
    body = {"data": {"names": list(row), "ndarray": [list(row.values())]}}
    answer = httpx.post(first["endpoint"]["seldon_url"], json=body, trust_env=False).json()
    assert answer["data"]["ndarray"] == [said["scores"]]
    assert answer["meta"]["tags"]["model_version"] == "1"


def test_every_pod_was_kept_in_its_place_and_candidates_had_one_each(
    place: Place, first: Any
) -> None:
    assert first
    pods = place.jobs.all_pods()
    assert {pod.phase for pod in pods} == {"Succeeded"}
    assert all(LOCKED.items() <= pod.locked.items() for pod in pods)
    # Each pipeline has one that starts the others.
    assert len(pods) == (1 + 4) + (1 + 1)


def test_the_same_again_begins_no_pod_of_a_candidate(place: Place, first: Any) -> None:
    """ZenML's server may be written to by others, so that it is asked; its cache then answers."""
    before = set(place.jobs.jobs)
    again = place.run(*STACK, "--config", place.config, "--json").document
    assert (again["version"], again["champion"]) == ("1", "1")
    assert again["decision"]["outcome"] == "unchanged"
    assert again["endpoint"]["url"] == first["endpoint"]["url"]
    new = set(place.jobs.jobs) - before
    assert not [name for name in new if any(each in name for each in PODS)], new


def test_a_cluster_comes_to_what_a_laptop_comes_to(place: Place, first: Any) -> None:
    """Data, split, every model's digest, every score, and what the model answers."""
    assert first
    done = place.run("compare", "--stacks", "local,kubernetes", "--config", place.config, "--json")
    assert done.status == 0, done.errors + printed(place.jobs)
    facts = {fact["name"]: fact for fact in done.document["facts"]}
    assert [name for name, fact in facts.items() if not fact["same"]] == []
    assert {"data", "held-out rows", "linear: ONNX", "forest: ONNX", "served answer"} <= set(facts)
    assert tuple(facts["served answer"]["values"]) == ("local", "kubernetes")


def test_ctrl_c_leaves_no_pod_and_the_run_is_gone_on_with(place: Place, tmp_path: Path) -> None:
    """As on a laptop: exit status 130, nothing registered, and no run that seems to be alive."""
    config = write_config(tmp_path, "slow", SLOW, report={"enabled": False})
    before = set(place.jobs.jobs)
    words = [*STACK, "--config", config, "--model", "interrupted", "--no-deploy"]
    process = place.work.start(*words, **place.environment)
    until(lambda: at_work(place.jobs, "train-thorough", before), seconds=400)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, "may live on" in output) == (130, False), output + errors
    assert errors.startswith("interrupted: what finished is kept")
    assert (set(place.jobs.jobs), set(place.jobs.secrets)) == (before, {"switchyard-store"})
    until(lambda: not [pod for pod in place.jobs.all_pods() if pod.phase == "Running"])
    told = place.run("status")
    assert "interrupted. `python run.py resume " in told.output
    done = place.run("resume", "--json")
    assert done.status == 0, done.errors + printed(place.jobs)
    assert done.document["version"] == "1"
    assert "load_table" not in computed(done.document)


def test_a_schedule_trains_and_deploys_at_its_times_until_it_is_ended(place: Place) -> None:
    data = ["--data", "breast_cancer"]
    words = ["train", *STACK, "--config", place.config, *data, "--schedule", "0 3 * * *"]
    done = place.run(*words)
    assert done.status == 0, done.errors
    assert f"unschedule {MODEL}" in done.output
    (cron,) = place.jobs.recurring
    job = place.jobs.tick(cron)
    assert job
    until(ended(place.jobs, job), seconds=400)
    said = place.jobs.jobs[job]["status"]["conditions"][0]["type"]
    assert said == "Complete", printed(place.jobs)
    assert "is trained and deployed at '0 3 * * *'" in place.run("status").output
    done = place.run("unschedule")
    assert (done.status, place.jobs.recurring) == (0, {}), done.errors
    assert set(place.jobs.secrets) == {"switchyard-store"}


def test_a_loop_that_kubernetes_cannot_keep_is_refused(place: Place) -> None:
    done = place.run("loop", *STACK, "--schedule", "0 * * * *")
    assert done.status == 2
    assert "cannot watch a model by itself" in done.errors
    assert not place.jobs.recurring


def at_work(jobs: Jobs, word: str, known: set[str]) -> bool:
    """Whether the pod of a new job with that word in its name is at work."""
    pods = [pod for name in set(jobs.jobs) - known if word in name for pod in jobs.pods[name]]
    return any(pod.phase == "Running" for pod in pods)


def ended(jobs: Jobs, job: str) -> Callable[[], Any]:
    """Asks whether a job has ended."""
    return lambda: jobs.jobs[job]["status"].get("conditions")
