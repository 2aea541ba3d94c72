"""What Airflow is told of a container, and what its log tells."""

from types import SimpleNamespace
from typing import Any

import pytest
from zenml.config import ResourceSettings

from stacks.flavors.airflow.api import last_error
from stacks.flavors.airflow.tasks import DOCKER, prepared

SMALL = SimpleNamespace(resource_settings=ResourceSettings(cpu_count=0.5, memory="1GiB"))
LARGE = SimpleNamespace(resource_settings=ResourceSettings(memory="2GB"))
COMMAND = ["python", "-m", "zenml.entrypoints.entrypoint"]


def task(operator: str = DOCKER, kubeconfig: str | None = None, **arguments: object) -> Any:
    """A task of two steps, prepared."""
    configured = {"load": SimpleNamespace(config=SMALL), "fit": SimpleNamespace(config=LARGE)}
    dealt: Any = SimpleNamespace(
        groups={"load_to_fit": SimpleNamespace(steps=("load", "fit"))},
        members=lambda _: configured,
    )
    made = SimpleNamespace(
        id="load_to_fit",
        command=COMMAND,
        environment={},
        operator_source=operator,
        operator_args=arguments,
    )
    config: Any = SimpleNamespace(network="host", kubeconfig=kubeconfig)
    prepared(made, dealt, config)
    return made


def test_a_container_gets_the_most_that_any_of_its_steps_asks_for_and_leaves_nothing() -> None:
    assert task().operator_args == {
        "network_mode": "host",
        "auto_remove": "force",
        "mount_tmp_dir": False,
        "labels": {"switchyard.airflow": "load_to_fit"},
        "timeout": 600,
        "mem_limit": "1953125k",
        "cpus": 0.5,
    }


def test_what_the_stack_says_comes_first() -> None:
    assert task(network_mode="ours", retries=0).operator_args["network_mode"] == "ours"
    assert task(mem_limit="1g").operator_args["mem_limit"] == "1g"


def test_a_container_sees_the_kubeconfig_of_its_worker_and_what_the_stack_mounts() -> None:
    own = {"Type": "bind", "Source": "/srv/own", "Target": "/own"}
    made = task(kubeconfig="/srv/kubeconfig", mounts=[own])
    first, second = made.operator_args["mounts"]
    assert (first["Source"], first["ReadOnly"], second) == ("/srv/kubeconfig", True, own)
    assert made.environment == {"KUBECONFIG": first["Target"]}
    assert task().environment == {}


def test_another_operator_is_told_nothing_of_docker() -> None:
    """A pod has an account of its own in its cluster."""
    made = task("airflow.providers.cncf.Pod", kubeconfig="/srv/kubeconfig", retries=1)
    assert (made.operator_args, made.environment) == ({"retries": 1}, {})


def test_a_command_holds_nothing_that_airflow_would_fill_in() -> None:
    """Airflow takes commands for templates."""
    command = task().command
    assert "load,fit" in command
    assert not [word for word in command if "{{" in word or "{%" in word or "{#" in word]


def line(event: str, level: str = "info", **more: object) -> dict[str, object]:
    """A line of a task's log."""
    return {"level": level, "event": event, **more}


ENDED = line(
    "Task failed",
    "error",
    error_detail=[{"exc_type": "DockerContainerFailedException", "exc_value": "StatusCode: 1"}],
)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        ([line("all is well")], ""),
        ([line("no such image", "error"), line("::endgroup::")], "no such image"),
        ([line("\x1b[37mbeating\x1b[0m"), ENDED], "DockerContainerFailedException: StatusCode: 1"),
        (
            [line("Traceback"), line("\x1b[31mmine.OddError: no\x1b[0m"), line("bye"), ENDED],
            "mine.OddError: no (DockerContainerFailedException: StatusCode: 1)",
        ),
    ],
)
def test_a_failed_task_is_told_by_its_error_and_by_what_its_container_raised(
    lines: list[dict[str, object]], said: str
) -> None:
    assert last_error(lines) == said
