"""What an engineer is told when a team's server is down, refuses, or is of another version."""

from pathlib import Path

import pytest
import zenml

from stacks.probes import probe
from stacks.problem import Problem
from stacks.schema import Component
from tests.chaos.proxy import Mode, before
from tests.integration.team.conftest import Laptop
from tests.integration.team.servers import WORD, Team
from tests.integration.team.stand_in import of_version
from tests.ports import free_port
from tests.workplace import Finished, Workplace


def as_client(place: Path, server: str, key: str, *words: str) -> Finished:
    """Run the program as a client that never logged in by command."""
    named = {"ZENML_STORE_URL": server, "ZENML_STORE_API_KEY": key}
    return Workplace(place).run(*words, **named)


def test_a_wrong_key_is_told_in_one_line_with_the_command_to_log_in(
    team: Team, tmp_path: Path
) -> None:
    done = as_client(tmp_path, team.zenml, "ZENKEY_wrong", "--config", "breast_cancer")
    assert (done.status, done.output) == (2, ""), done.errors
    assert done.errors.startswith(f"error: ZenML's server at {team.zenml} refuses this client")
    assert f"`zenml login {team.zenml} --api-key`" in done.errors
    assert done.errors.count("\n") == 1


@pytest.mark.fault(
    kind="server down",
    where="ZenML's server, before a run",
    promise="One line with its address, before any work.",
    then="the same command",
)
def test_a_server_that_is_down_is_told_in_one_line(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = as_client(tmp_path, nowhere, "ZENKEY_any", "--config", "breast_cancer")
    assert (done.status, done.output) == (1, "")
    assert done.errors.startswith(f"error: ZenML's server at {nowhere} does not answer")
    assert done.errors.count("\n") == 1


@pytest.mark.fault(
    kind="server down",
    where="ZenML's server takes connections and closes them, or says nothing, before a run",
    promise="One line with its address, after one try and ZenML's `http_timeout`.",
    then="the same command",
)
@pytest.mark.parametrize("mode", ["down", "hang", "deaf"])
def test_a_server_that_answers_nothing_is_told_in_one_line(
    team: Team, tmp_path: Path, mode: Mode
) -> None:
    port = int(team.zenml.rpartition(":")[2])
    with before(port, tmp_path, "zenml") as door:
        door.set(mode)
        named = {
            "ZENML_STORE_URL": f"http://127.0.0.1:{door.port}",
            "ZENML_STORE_API_KEY": "ZENKEY_any",
            "ZENML_STORE_HTTP_TIMEOUT": "3",
        }
        done = Workplace(tmp_path).run("--config", "breast_cancer", **named)
        assert done.errors.startswith(f"error: ZenML's server at {named['ZENML_STORE_URL']} does")
        assert (done.status, done.output, done.errors.count("\n")) == (1, "", 1)
        assert door.faults == 1


def test_something_else_at_the_servers_address_is_told(team: Team, tmp_path: Path) -> None:
    done = as_client(tmp_path, team.mlflow, "ZENKEY_any", "history")
    assert done.status == 1
    assert "not as a ZenML server" in done.errors


def test_a_stack_whose_servers_answer_is_clean(ann: Laptop, team: Team) -> None:
    done = ann.run("stack", "check", "team", **team.environment)
    assert (done.status, done.output) == (0, "Nothing stands in the way.\n")


def test_a_server_of_another_version_is_told_with_the_version_to_install(
    ann: Laptop, team: Team, tmp_path: Path
) -> None:
    with of_version("0.1.2", team.zenml) as address:
        named = {"ZENML_STORE_URL": address, "ZENML_STORE_API_KEY": ann.key}
        done = Workplace(tmp_path).run("stack", "check", "team", **team.environment, **named)
    assert done.status == 2, done.errors
    assert f"server is of version 0.1.2 and this client of {zenml.__version__}" in done.output
    assert "python -m pip install zenml==0.1.2" in done.output


def test_services_that_are_down_are_told_at_once(ann: Laptop, team: Team) -> None:
    nowhere = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    named = dict(zip(("SWITCHYARD_S3_ENDPOINT", "SWITCHYARD_MLFLOW_URI"), nowhere, strict=True))
    done = ann.run("stack", "check", "team", **{**team.environment, **named})
    assert done.status == 1
    assert [f"nothing answers at {each}" in done.output for each in nowhere] == [True, True]


def test_credentials_that_are_refused_are_told_with_the_secrets_to_renew(
    ann: Laptop, team: Team, tmp_path: Path
) -> None:
    text = Path("stacks/team.yaml").read_text().replace("{{switchyard-", "{{wrong-")
    (tmp_path / "wrong.yaml").write_text(text)
    done = ann.run("stack", "check", str(tmp_path / "wrong.yaml"), **team.environment)
    assert done.status == 2
    assert "the credentials for s3://bucket are refused" in done.output
    assert f"the credentials for {team.mlflow} are refused" in done.output
    assert "zenml secret update wrong-mlflow --password=@FILE" in done.output


def asked(uri: str) -> list[Problem]:
    """What is told of an MLflow tracker that keeps its records in a database itself."""
    values: dict[str, object] = {"tracking_uri": uri}
    return probe("experiment_tracker", Component(name="t", flavor="mlflow"), values)


def test_mlflows_database_is_asked_where_no_server_stands_before_it(team: Team) -> None:
    assert asked(team.database) == []


@pytest.mark.fault(
    kind="server down",
    where="MLflow's own database, PostgreSQL or MariaDB",
    promise="It is named by `stack check`, without its password.",
    then="the same command",
)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql"])
def test_a_database_that_is_down_is_told(scheme: str) -> None:
    port = free_port()
    (problem,) = asked(f"{scheme}://ann:{WORD}@127.0.0.1:{port}/mlflow")
    assert problem.text == f"no database answers at {scheme}://127.0.0.1:{port}/mlflow"
    assert not problem.mistake


def test_a_databases_refusal_is_told_without_the_password(team: Team) -> None:
    for uri in (
        team.database.replace(WORD, "wrong-word"),
        team.zenml_database.replace("mysql:", "mysql+pymysql:").replace(WORD, "wrong-word"),
    ):
        (problem,) = asked(uri)
        assert "are refused" in problem.text
        assert "wrong-word" not in str(problem)
        assert problem.mistake
