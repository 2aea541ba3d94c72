"""`run.py rollback` where the model serves from a container, and from pods of a cluster.

The cluster is the stand-in of tests/kubernetes: its API is asked over real HTTP, and its pods are
real servers. The Seldon microservice's own rollback is in test_local_seldon.py.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from tests.integration.stacks.store import KEY, SECRET, mlflow_over, store_in
from tests.integration.tumours import LINEAR, STUMP, write_config
from tests.kubernetes.standin import IMAGE, standing_in
from tests.workplace import ROOT, Workplace

if TYPE_CHECKING:
    from docker import DockerClient

ZENML = str(Path(sys.executable).with_name("zenml"))


def story(place: Workplace, stack: str, environment: Mapping[str, str]) -> None:
    """A weak model, a better one in its place, and back: at one address, seen by a client."""
    first = trained(place, stack, environment, STUMP)
    second = trained(place, stack, environment, LINEAR)
    assert (first["champion"], second["champion"]) == ("1", "2")
    assert first["endpoint"]["url"] == second["endpoint"]["url"]
    assert version_at(second) == "2"
    back = place.run("rollback", "--reason", "late labels", "--json", **environment)
    assert back.status == 0, back.errors
    assert back.document["champion"] == "1"
    assert back.document["endpoint"]["url"] == first["endpoint"]["url"]
    assert version_at(second) == "1"
    moves = place.run("history", "--json", **environment).document
    assert [(move["by"], move["to"]) for move in moves][-1] == ("rollback", "1")
    assert place.run("stop", **environment).status == 0


def trained(place: Workplace, stack: str, environment: Mapping[str, str], candidate: Any) -> Any:
    """What a training came to."""
    config = write_config(place.home, candidate["name"], candidate)
    done = place.run("--stack", stack, "--config", config, "--json", **environment)
    assert done.status == 0, done.errors
    return done.document


def version_at(answer: Any) -> str:
    """The version that answers a row of the training's."""
    row = answer["prediction"]["row"]
    body = {"data": {"names": list(row), "ndarray": [list(row.values())]}}
    said = httpx.post(answer["endpoint"]["seldon_url"], json=body, trust_env=False)
    assert said.status_code == 200, said.text
    return str(said.json()["meta"]["tags"]["model_version"])


@pytest.mark.nightly
def test_a_container_returns_to_the_version_before(
    workplace: Workplace, docker_engine: "DockerClient", base_image: str
) -> None:
    assert docker_engine
    stack = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
    contained = {"name": "contained", "flavor": "resident_docker"}
    settings = {"configuration": {"base_image": base_image}}
    stack["stack_name"] = "contained"
    stack["components"]["model_deployer"] = [{**contained, **settings}]
    path = workplace.home / "contained.yaml"
    path.write_text(yaml.safe_dump(stack), encoding="utf-8")
    story(workplace, str(path), {})


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """What stacks/seldon.yaml asks for, on a stand-in for a cluster."""
    (folder / "cluster").mkdir()
    with (
        store_in(folder / "rclone") as store,
        mlflow_over(store, folder) as mlflow,
        standing_in(folder / "cluster") as made,
    ):
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")
        made.secrets["switchyard-store"] = {name: store.environment[name] for name in names}
        yield {
            **store.environment,
            **made.environ,
            "SWITCHYARD_MLFLOW_URI": mlflow,
            "SWITCHYARD_KUBERNETES_CONTEXT": "here",
            "SWITCHYARD_SERVING_NAMESPACE": "models",
            "SWITCHYARD_INGRESS_URL": made.ingress_url,
            "SWITCHYARD_SERVING_IMAGE": IMAGE,
        }


@pytest.mark.nightly
def test_pods_return_to_the_version_before(workplace: Workplace, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "word").write_text(SECRET)
    with cluster(tmp_path) as environment:
        words = [f"--key=@{tmp_path / 'key'}", f"--secret=@{tmp_path / 'word'}"]
        made = workplace.call(ZENML, "secret", "create", "switchyard-s3", *words)
        assert made.status == 0, made.errors
        story(workplace, "seldon", environment)
