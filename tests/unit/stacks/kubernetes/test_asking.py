"""Why a run on Kubernetes failed, from what its pods say."""

from typing import Any

import pytest
from kubernetes import client

from stacks.flavors.kubernetes.asking import deaths, obstacles


def pod(name: str | None, state: Any = None, reason: str | None = None) -> Any:
    """A pod that failed, as the official client has it."""
    held = [
        client.V1ContainerStatus(
            name="main", image="", image_id="", ready=False, restart_count=0, state=state
        )
    ]
    labels = {"job-name": "first", **({"step_name": name} if name else {})}
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name="p", labels=labels),
        spec=client.V1PodSpec(containers=[client.V1Container(name="main", image="here:1")]),
        status=client.V1PodStatus(
            phase="Failed", reason=reason, container_statuses=held if state else None
        ),
    )


def ended(code: int, reason: str | None) -> Any:
    """The state of a container that ended."""
    told = client.V1ContainerStateTerminated(exit_code=code, reason=reason)
    return client.V1ContainerState(terminated=told)


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (ended(137, "OOMKilled"), None, "OOMKilled, exit status 137"),
        (ended(1, "Error"), None, "exit status 1"),
        (None, "Evicted", "Evicted"),
        (None, None, "it was never begun"),
    ],
)
def test_the_end_of_a_pod_is_told_with_its_step(state: Any, reason: str | None, said: str) -> None:
    assert deaths([pod("fit", state, reason)]) == [f"fit: {said}"]


def test_the_pod_that_starts_the_others_is_told_where_no_step_failed() -> None:
    first, step = pod(None, ended(137, "OOMKilled")), pod("fit", ended(1, "Error"))
    assert deaths([first]) == ["the first pod: OOMKilled, exit status 137"]
    assert deaths([first, step]) == ["fit: exit status 1"]
    assert not deaths([pod(None, ended(45, "Error"))]), "it has told ZenML why"


def test_an_image_that_cannot_be_pulled_is_waited_for_by_nobody() -> None:
    waiting = client.V1ContainerStateWaiting(reason="ErrImagePull", message=None)
    held = pod(None, client.V1ContainerState(waiting=waiting))
    assert list(obstacles([held], "first", ["ErrImagePull"])) == ["ErrImagePull: here:1"]
    assert not list(obstacles([held], "first", ["Other"]))
    assert not list(obstacles([held], "another", ["ErrImagePull"]))
