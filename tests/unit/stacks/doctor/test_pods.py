"""What a compiled pipeline costs."""

import pytest

from stacks.doctor.draft import Draft
from stacks.doctor.finding import Finding, status_of
from stacks.doctor.pods import finding

TRAINING = {
    "load": (),
    "split": ("load",),
    "train_a": ("split",),
    "train_b": ("split",),
    "blend": ("train_a", "train_b"),
    "promote": ("blend",),
}
COMPILED: dict[str, dict[str, dict[str, object]]] = {
    "deploymentSpec": {"executors": {}},
    "components": {},
    "root": {"dag": {"tasks": {}}},
}


def kubeflow(*alone: str) -> Finding:
    """What is said of that training on Kubeflow Pipelines."""
    return finding("training", Draft(TRAINING, "kubeflow_watched", alone, COMPILED))


def test_a_level_costs_half_a_minute_whatever_stands_on_it() -> None:
    """Candidates side by side are one level; the graph itself has a price too."""
    found = kubeflow("train_*")
    assert "6 steps in 4 pods on 3 levels: about 100 s" in found.text
    assert (found.details["levels"], found.details["seconds"]) == (3, 100)


def test_more_pods_are_told_to_cost_more() -> None:
    """`alone: ["*"]` gives each step its own."""
    assert "6 steps in 6 pods on 5 levels: about 160 s" in kubeflow("*").text


def test_nothing_alone_is_one_pod() -> None:
    """The least that a run can cost."""
    assert "6 steps in 1 pod on 1 level: about 40 s" in kubeflow().text


def test_no_price_is_named_where_none_is_known() -> None:
    """A cloud's own service was never measured."""
    local = finding("training", Draft(TRAINING, "local"))
    assert local.text == "6 steps in one process, one after another"
    vertex = finding("training", Draft(TRAINING, "vertex", ("*",)))
    assert vertex.text == "6 steps in 6 containers"


@pytest.mark.parametrize(
    ("flavor", "told"),
    [
        ("local_docker", "4 containers, one after another: about 40 s"),
        ("kubeflow_rehearsal", "4 containers, one after another: about 40 s"),
        ("docker_parallel", "4 containers on 3 levels: about 30 s"),
        ("airflow_watched", "4 containers on 3 levels: about 30 s"),
    ],
)
def test_containers_side_by_side_cost_what_one_of_them_does(flavor: str, told: str) -> None:
    """Where they run in turn, each costs."""
    assert told in finding("training", Draft(TRAINING, flavor, ("train_*",))).text


@pytest.mark.parametrize(
    ("states", "mistake", "status"),
    [
        (["ok", "unknown"], True, 0),
        (["ok", "problem"], True, 2),
        (["problem", "unknown"], False, 1),
    ],
)
def test_the_status_is_that_of_the_check(states: list[str], mistake: bool, status: int) -> None:
    """What cannot be told fails nothing."""
    found = [Finding("x", state, "", mistake=mistake) for state in states]  # type: ignore[arg-type]
    assert status_of(found) == status
