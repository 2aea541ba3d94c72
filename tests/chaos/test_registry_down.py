"""The image registry answers, and takes nothing: its disk is full, or its database is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.proxy import Proxy, before
from tests.docker.cluster import Cluster
from tests.integration.tumours import STUMP, write_config
from tests.workplace import Workplace


@pytest.fixture
def door(registry: str, tmp_path: Path) -> Iterator[Proxy]:
    """What stands before the registry."""
    with before(int(registry.rpartition(":")[2]), tmp_path, "registry") as found:
        yield found


@pytest.mark.nightly
@pytest.mark.fault(
    kind="server down",
    where="the image registry answers 500 to what is pushed, once the check was passed",
    promise="The registry and its word are told, before any container.",
    then="the same command",
)
def test_a_registry_that_takes_nothing_is_told_by_its_address(
    door: Proxy, servers: Cluster, training_image: str, workplace: Workplace
) -> None:
    address = f"127.0.0.1:{door.port}"
    named = {
        **servers.environment,
        "SWITCHYARD_REGISTRY": address,
        "SWITCHYARD_STEPS_IMAGE": training_image,
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
    }
    groups = {"ensemble": {"enabled": False}, "report": {"enabled": False}}
    config = write_config(workplace.home, "stump", STUMP, **groups)
    words = ["--stack", "kubeflow-rehearsal", "--config", config, "--no-deploy"]
    door.set("read-only")
    done = workplace.run(*words, **named)
    assert (done.status, done.errors.startswith("error: ")) == (1, True), done.errors
    assert "Traceback" not in done.errors
    assert address in done.errors
    assert "500" in done.errors
    door.set("pass")
    again = workplace.run(*words, "--json", **named)
    assert again.status == 0, again.errors
    assert (again.document["version"], again.document["champion"]) == ("1", "1")
