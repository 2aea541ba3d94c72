"""Stacks taken out of ZenML, and of their components only what nobody else uses."""

import pytest

from serving.errors import ConfigError
from stacks.apply import activate, apply, delete
from stacks.registered import active_stack_name, find_component, registered_stacks
from tests.integration.stacks.conftest import MakeFile, Run

pytestmark = pytest.mark.usefixtures("zenml")


def test_a_deleted_stack_leaves_its_components(make_file: MakeFile) -> None:
    apply(make_file("plain"))
    assert delete("plain") == [("stack", "plain")]
    assert "plain" not in registered_stacks()
    assert find_component(("orchestrator", "plain"))


def test_what_another_stack_uses_stays(make_file: MakeFile) -> None:
    shared: tuple[str, str, dict[str, object]] = ("shared", "resident", {})
    apply(make_file("one", model_deployer=shared))
    apply(make_file("two", model_deployer=shared))
    gone = delete("one", components=True)
    assert sorted(gone[1:]) == [("artifact_store", "one"), ("orchestrator", "one")]
    assert find_component(("model_deployer", "shared"))
    assert ("model_deployer", "shared") in delete("two", components=True)
    assert find_component(("model_deployer", "shared")) is None


def test_the_active_stack_is_refused_with_what_to_do(make_file: MakeFile) -> None:
    before = active_stack_name()
    apply(make_file("current"), active=True)
    with pytest.raises(ConfigError, match="Activate another one first"):
        delete("current", components=True)
    assert find_component(("orchestrator", "current"))
    activate(before)


def test_names_that_begin_alike_are_not_deleted(make_file: MakeFile) -> None:
    apply(make_file("begin-more"))
    with pytest.raises(ConfigError, match="no stack 'begin'"):
        delete("begin")
    assert "begin-more" in registered_stacks()


def test_a_deployer_that_still_serves_keeps_its_stack(
    make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serving.spec import Endpoint
    from stacks.flavors.resident import ResidentDeployer

    apply(make_file("serving", model_deployer=("serving", "resident", {})))
    ready = Endpoint("flights", "1", "", "", "", "ready", 1)
    monkeypatch.setattr(ResidentDeployer, "endpoints", lambda _: [ready])
    with pytest.raises(ConfigError, match="still serves flights"):
        delete("serving", components=True)
    assert "serving" in registered_stacks()


def test_the_command_says_what_went_away(make_file: MakeFile, run: Run) -> None:
    apply(make_file("said"))
    done = run("python", "run.py", "stack", "delete", "said", "--components")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "deleted stack 'said'"
    assert run("python", "run.py", "stack", "delete", "said").returncode == 2
