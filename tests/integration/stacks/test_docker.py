"""What `check` tells of a Docker daemon that is away."""

from pathlib import Path

import pytest

from stacks.probes import probe
from stacks.schema import Component

BUILDER = Component(name="local", flavor="local")


@pytest.mark.fault(
    kind="Docker",
    where="the engine is down before a run",
    promise="It is told, with how it is started.",
    then="the same command",
)
def test_a_daemon_that_is_down_is_told_and_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own client asks a socket behind which nobody is."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    [problem] = probe("image_builder", BUILDER, {})
    assert problem.text == "the Docker daemon does not answer"
    assert problem.remedy.startswith("sudo systemctl start docker")
    assert not problem.mistake
