"""The main job in containers: it comes to what it comes to on a laptop, and runs the code of now.

A container costs seconds before its first line, so each run here proves several things.
"""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.airflow.server import AirflowServer
from tests.docker.cluster import Cluster
from tests.workplace import ROOT, Finished, Workplace

if TYPE_CHECKING:
    from docker import DockerClient

STACKS = ("local", "local-s3", "docker", "kubeflow-rehearsal", "airflow")
QUESTION = {
    "candidates": "[{name: linear, kind: linear}, {name: forest, kind: forest}]",
    "tuning.trials": "1",
    "tuning.folds": "2",
    "gate.resamples": "200",
    "report.enabled": "false",
}
SECONDS = 1500
DOCKER, REHEARSAL, AIRFLOW = "switchyard.run", "switchyard.rehearsal", "switchyard.airflow"
LABELS = {DOCKER, REHEARSAL, AIRFLOW}
# What a step of a copy of the project does that no step of the project does.
BROKEN = '    raise ValueError("the code of now")\n'


@dataclass(frozen=True)
class Place:
    """One ZenML, its servers, a table of this machine, and the steps' image."""

    work: Workplace
    table: Path
    environment: dict[str, str]

    def run(self, *words: str, root: Path = ROOT) -> Finished:
        """Run `python run.py` of a copy of the project on the table."""
        said = [word for key, value in QUESTION.items() for word in ("--set", f"{key}={value}")]
        return self.call(*words, "--data", str(self.table), "--target", "sold", *said, root=root)

    def call(self, *words: str, root: Path = ROOT) -> Finished:
        """Run `python run.py` of a copy of the project."""
        done = subprocess.run(
            [sys.executable, "run.py", *words],
            cwd=root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def write_table(path: Path) -> None:
    """Some hundred houses, of which rooms, age and district say whether they were sold."""
    drawn = random.Random(7)
    lines = ["rooms,age,district,sold"]
    for _ in range(300):
        rooms, age = drawn.randint(1, 8), drawn.randint(0, 100)
        district = drawn.choice(("north", "south", "east"))
        score = rooms - age / 20 + (district == "north") + drawn.gauss(0, 1)
        lines.append(f"{rooms},{age},{district},{'yes' if score > 2.3 else 'no'}")
    path.write_text("\n".join([*lines, ""]))


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    servers: Cluster,
    airflow: AirflowServer,
    training_image: str,
    base_image: str,
) -> Iterator[Place]:
    """Where these tests run; what they serve ends with them."""
    home = tmp_path_factory.mktemp("containers")
    work, table = Workplace(home), home / "tables" / "houses.csv"
    table.parent.mkdir()
    write_table(table)
    environment = {
        **work.environment,
        **servers.environment,
        "SWITCHYARD_AIRFLOW_URL": airflow.url,
        "SWITCHYARD_AIRFLOW_DAGS": str(airflow.dags),
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "SWITCHYARD_BASE_IMAGE": base_image,
        "SWITCHYARD_STEPS_IMAGE": training_image,
        "OMP_NUM_THREADS": "1",
        # What the containers would choose by themselves may be another than this.
        "OPENBLAS_CORETYPE": "Haswell",
    }
    yield Place(work, table, environment)
    work.stop_servers()


@dataclass(frozen=True)
class Compared:
    """What the comparison said, and which containers the engine made meanwhile."""

    document: Any
    containers: list[dict[str, str]]


@pytest.fixture(scope="module")
def compared(place: Place) -> Compared:
    """The same training on every stack that this machine can stand for."""
    with watching() as made:
        done = place.run("compare", "--stacks", ",".join(STACKS), "--json")
    assert done.status == 0, done.output + done.errors
    return Compared(done.document, of_steps(made))


@contextmanager
def watching() -> "Iterator[list[dict[str, str]]]":
    """What the engine says of each container that it makes until the block ends."""
    import docker

    with closing(docker.from_env()) as engine:
        told: list[dict[str, str]] = []
        stream = engine.events(decode=True, filters={"type": "container", "event": "create"})
        reader = Thread(target=lambda: told.extend(each["Actor"]["Attributes"] for each in stream))
        reader.start()
        try:
            yield told
        finally:
            stream.close()
            reader.join()


def of_steps(made: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those containers that steps ran in."""
    return [each for each in made if LABELS & set(each)]


def ids(engine: "DockerClient", *names: str) -> set[str]:
    """The images behind these names."""
    return {str(engine.images.get(name).id) for name in names}


def test_every_stack_comes_to_the_same_bit_for_bit(compared: Compared) -> None:
    """Data, split, every model's digest and every score with all its digits."""
    facts = {fact["name"]: fact for fact in compared.document["facts"]}
    assert [name for name, fact in facts.items() if not fact["same"]] == []
    assert {"data", "held-out rows", "challenger", "linear: ONNX", "forest: ONNX"} <= set(facts)
    assert tuple(facts["data"]["values"]) == STACKS
    assert tuple(facts["forest: ONNX"]["values"]) == STACKS


def test_the_champion_answers_alike_wherever_it_is_served(compared: Compared) -> None:
    """A process, a process over a store, a container; where nothing serves, that is told."""
    (answer,) = [each for each in compared.document["facts"] if each["name"] == "served answer"]
    assert tuple(answer["values"]) == STACKS[:3]
    serves = {each["stack"]: each["serves"] for each in compared.document["stacks"]}
    assert serves == {**dict.fromkeys(STACKS[:3], True), **dict.fromkeys(STACKS[3:], False)}


def test_cheap_steps_share_a_container(compared: Compared) -> None:
    """A training is four: up to the split, each candidate, and from the blend on."""
    kinds = [label for each in compared.containers for label in LABELS & set(each)]
    assert kinds.count(DOCKER) == 4 + 1
    assert kinds.count(REHEARSAL) == kinds.count(AIRFLOW) == 4


def test_no_image_is_built_for_a_run(
    compared: Compared, training_image: str, docker_engine: "DockerClient"
) -> None:
    """What ZenML names anew, and pushes to the registry, is the image that was there."""
    used = {each["image"] for each in compared.containers}
    assert ids(docker_engine, *used) == ids(docker_engine, training_image)


def test_a_table_of_this_machine_is_copied_to_the_store_once(
    compared: Compared, servers: Cluster
) -> None:
    """The containers of the rehearsal stand for pods, which see no disk of this machine."""
    assert compared
    held = [key for key in servers.store.objects() if key.startswith("tables/")]
    assert sorted(key.rpartition("/")[2] for key in held) == ["houses.csv", "origin.json"]


@pytest.fixture(scope="module")
def predicted(place: Place, compared: Compared) -> bytes:
    """What the champion of this process says of the table."""
    assert compared
    return predictions(place, "local")


def predictions(place: Place, stack: str) -> bytes:
    """What the champion of a stack says of the table: the file, of which nothing else is left."""
    out = place.table.with_name(f"{stack}.csv")
    words = ("--data", str(place.table), "--out", str(out), "--keep", "none")
    done = place.call("predict", "--stack", stack, *words)
    assert done.status == 0, done.output + done.errors
    assert f"written  {out}" in done.output
    assert not list(out.parent.glob(f"{out.name}?*"))
    return out.read_bytes()


@pytest.mark.parametrize("stack", ["docker", "kubeflow-rehearsal"])
def test_a_file_of_this_machine_is_predicted_into_another_wherever_the_steps_run(
    place: Place, predicted: bytes, servers: Cluster, stack: str
) -> None:
    """In containers that see its folder, and in those that see only the artifact store."""
    assert predictions(place, stack) == predicted
    assert predicted.count(b"\n") == 300 + 1
    assert not [key for key in servers.store.objects() if key.startswith("outputs/")]


def test_labels_in_a_file_of_this_machine_are_read_in_a_container(
    place: Place, compared: Compared
) -> None:
    """Each names a request that nobody has sent: that is counted, and no file is missed."""
    assert compared
    labels = place.table.with_name("outcomes.csv")
    labels.write_text("id,sold\na,yes\nb,no\nc,yes\n")
    words = ("--stack", "docker", "--since", "1m", "--labels", str(labels), "--json")
    done = place.call("monitor", *words)
    assert done.status == 0, done.output + done.errors
    assert (done.document["outcome"], done.document["unmatched"]) == ("too few rows", 3)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with a step that fails."""
    root = tmp_path_factory.mktemp("changed") / "project"
    left_out = (".venv", ".git", ".*cache", "__pycache__", "tests", "benchmarks", "docs")
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*left_out))
    steps = root / "steps" / "data" / "steps.py"
    head, mark, tail = steps.read_text().partition("    known = TableSchema.from_json(contract)")
    assert mark
    steps.write_text(f"{head}{BROKEN}{mark}{tail}")
    return root


@pytest.mark.parametrize("stack", ["docker", "kubeflow-rehearsal"])
def test_changed_code_runs_without_a_build_and_a_step_that_fails_fails_the_run(
    place: Place,
    compared: Compared,
    changed: Path,
    docker_engine: "DockerClient",
    training_image: str,
    stack: str,
) -> None:
    """The exit status is 1, the step is named with its own error, and no container is left."""
    assert compared
    with watching() as made:
        done = place.run(
            "--stack", stack, "--no-deploy", "--model", f"broken-{stack}", root=changed
        )
    assert done.status == 1, done.output + done.errors
    assert "The step 'validate' failed: ValueError: the code of now" in done.errors
    (only,) = of_steps(made)
    assert ids(docker_engine, only["image"]) == ids(docker_engine, training_image)
    assert docker_engine.containers.list(all=True, filters={"name": only["name"]}) == []


def test_zenml_has_the_state_and_the_log_of_what_a_container_did(
    compared: Compared, servers: Cluster
) -> None:
    """As on a cluster: the server is asked, not this machine."""
    assert compared
    asked = {"hydrate": "true", "size": "100", "sort_by": "asc:created", "name": "validate"}
    with httpx.Client(base_url=f"{servers.zenml.url}/api/v1", timeout=60) as server:
        key = {"password": servers.zenml.key, "grant_type": "zenml-api-key"}
        token = server.post("/login", data=key).json()["access_token"]
        server.headers["Authorization"] = f"Bearer {token}"
        steps = server.get("/steps", params=asked).json()["items"]
        states = [each["body"]["status"] for each in steps]
        logs = server.get(f"/steps/{steps[-1]['id']}/logs", params={"source": "step"}).text
    assert states == ["completed"] * len(STACKS) + ["failed"] * 2
    assert "the code of now" in logs
