"""What `check` tells of an image registry: Debian's real one, open and behind a login."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.probes import probe
from stacks.problem import Problem
from stacks.schema import Component
from tests.integration.stacks.registry import (
    NAME,
    PASSWORD,
    by_password,
    keep_login,
    registry_in,
)
from tests.integration.stacks.store import store_in
from tests.ports import free_port


def told(host: str, flavor: str = "default", **configuration: object) -> list[Problem]:
    """What is said of a registry at this host."""
    configuration |= {"uri": f"{host}/models"}
    component = Component(name="r", flavor=flavor, configuration=configuration)
    secrets = {"pushing": {"username": NAME, "password": PASSWORD}, "wrong": {"username": NAME}}
    return probe("container_registry", component, configuration, secrets)


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Docker keeps the logins of this test."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that lets nobody in without the password."""
    folder = tmp_path_factory.mktemp("locked")
    with registry_in(folder / "registry", by_password(folder)) as host:
        yield host


def test_an_open_registry_has_no_problem(tmp_path: Path) -> None:
    """Neither a login nor a secret is asked for."""
    with registry_in(tmp_path / "registry") as host:
        assert told(host) == []


@pytest.mark.fault(
    kind="server down",
    where="the image registry, before a run",
    promise="It is named by `stack check`, and is no mistake of the file.",
    then="the same command",
)
def test_a_port_where_nothing_answers_is_no_mistake() -> None:
    """The registry may come up again."""
    host = f"127.0.0.1:{free_port()}"
    [problem] = told(host)
    assert (problem.text, problem.mistake) == (f"no registry answers at {host}", False)


def test_another_server_is_not_taken_for_a_registry(tmp_path: Path) -> None:
    """An object store answers too, but not this question."""
    with store_in(tmp_path) as store:
        [problem] = told(store.endpoint.removeprefix("http://"))
    assert "not as an image registry" in problem.text


@pytest.mark.parametrize(
    ("flavor", "remedy"),
    [
        ("default", "docker login 127.0.0.1"),
        ("aws", "aws ecr get-login-password | docker login --username AWS --password-stdin 127"),
        ("gcp", "gcloud auth configure-docker 127.0.0.1"),
        ("azure", "az acr login --name 127"),
    ],
)
def test_a_missing_login_is_told_with_the_command_that_makes_it(
    locked: str, flavor: str, remedy: str
) -> None:
    """Each cloud has a command of its own for that."""
    [problem] = told(locked, flavor)
    assert problem.text == f"{locked} wants a login, and Docker has none for it"
    assert problem.remedy.startswith(remedy)


def test_the_login_that_docker_keeps_is_tried(locked: str, docker_config: Path) -> None:
    """A right one is silent, a wrong one is told before an image is built."""
    keep_login(docker_config, locked, PASSWORD)
    assert told(locked) == []
    keep_login(docker_config, locked, "wrong-word")
    [problem] = told(locked)
    assert problem.text == f"the login for {locked} is refused"
    assert "wrong-word" not in str(problem)


def test_the_secret_that_the_component_names_goes_before_dockers_login(
    locked: str, docker_config: Path
) -> None:
    """ZenML pushes with it too."""
    keep_login(docker_config, locked, "wrong-word")
    assert told(locked, authentication_secret="pushing") == []
    [problem] = told(locked, authentication_secret="wrong")
    assert problem.remedy == "zenml secret update wrong --username=@FILE --password=@FILE"


def test_a_credential_helper_is_asked(
    locked: str, docker_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own protocol: the host goes in, a name and a secret come out."""
    helper = tmp_path / "docker-credential-ours"
    said = f'{{"Username": "{NAME}", "Secret": "{PASSWORD}"}}'
    helper.write_text(f"#!/bin/sh\ngrep -q '^{locked}$' && echo '{said}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    docker_config.mkdir()
    (docker_config / "config.json").write_text('{"credsStore": "ours"}')
    assert told(locked) == []
    (docker_config / "config.json").write_text('{"credsStore": "absent"}')
    assert "wants a login" in str(told(locked))
