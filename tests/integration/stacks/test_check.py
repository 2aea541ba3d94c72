"""A stack checked against real services: a store, an MLflow server, and ports where nothing is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.check import check
from stacks.problem import Problem
from stacks.schema import StackFile, read_stack
from tests.integration.stacks.conftest import Run
from tests.integration.stacks.store import KEY, SECRET, Store, mlflow_over, store_in
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("zenml")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for the tests of this module."""
    with store_in(tmp_path_factory.mktemp("store")) as found:
        yield found


@pytest.fixture(scope="module")
def mlflow(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One MLflow server for the tests of this module."""
    with mlflow_over(store, tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture
def file(store: Store, mlflow: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackFile]:
    """The stack file with everything that it needs."""
    from zenml.client import Client

    for name, value in {**store.environment, "SWITCHYARD_MLFLOW_URI": mlflow}.items():
        monkeypatch.setenv(name, value)
    Client().create_secret("switchyard-s3", {"key": KEY, "secret": SECRET})
    yield read_stack("local-s3")
    Client().delete_secret("switchyard-s3")


def only(problems: list[Problem]) -> Problem:
    """The one problem that there is."""
    assert len(problems) == 1, problems
    return problems[0]


def test_a_stack_whose_services_answer_is_clean_and_leaves_no_trace(
    file: StackFile, store: Store
) -> None:
    assert check(file) == []
    assert store.objects() == []


def test_a_wrong_secret_is_refused_with_the_command_that_renews_it(file: StackFile) -> None:
    from zenml.client import Client

    Client().update_secret("switchyard-s3", add_or_update_values={"secret": "wrong-word"})
    problem = only(check(file))
    assert problem.text == "the credentials for s3://bucket are refused"
    assert problem.remedy == "zenml secret update switchyard-s3 --key=@FILE --secret=@FILE"
    assert problem.mistake


def test_mlflows_own_credentials_are_asked_too(
    file: StackFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-word")
    problem = only(check(file))
    assert problem.place == "experiment_tracker 'mlflow-server'"
    assert problem.text.startswith("the credentials for s3://bucket/mlflow")
    assert "AWS_SECRET_ACCESS_KEY" in problem.remedy


def test_a_bucket_that_is_not_there_is_told(
    file: StackFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_S3_BUCKET", "s3://no-such-bucket")
    assert only(check(file)).text == "there is no bucket behind s3://no-such-bucket"


def test_a_bucket_that_cannot_be_written_is_told(
    file: StackFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with store_in(tmp_path, "--read-only") as fixed:
        monkeypatch.setenv("SWITCHYARD_S3_ENDPOINT", fixed.endpoint)
        assert only(check(file)).text.startswith("s3://bucket is not writable")


@pytest.mark.fault(
    kind="server down",
    where="MLflow's server and the S3 store, before a run",
    promise="Both are named at once by `stack check`.",
    then="the same command",
)
def test_services_that_are_down_are_all_told_at_once(
    file: StackFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("SWITCHYARD_S3_ENDPOINT", nowhere)
    monkeypatch.setenv("SWITCHYARD_MLFLOW_URI", nowhere)
    found = check(file)
    assert [problem.text for problem in found] == [f"nothing answers at {nowhere}"] * 2
    assert not any(problem.mistake for problem in found)


def test_the_command_tells_everything_and_a_run_stops_before_any_work(run: Run) -> None:
    checked = run("python", "run.py", "stack", "check", "local-s3")
    assert checked.returncode == 2
    assert "export SWITCHYARD_MLFLOW_TOKEN=..." in checked.stdout
    assert "zenml secret create switchyard-s3" in checked.stdout
    started = run("python", "run.py", "--stack", "local-s3", "--config", "breast_cancer")
    assert started.returncode == 2
    assert "The stack 'local-s3' cannot run" in started.stderr
    listed = run("python", "run.py", "stack", "list").stdout
    row = next(line.split() for line in listed.splitlines() if line.startswith("local-s3 "))
    assert row[1] == "-"


def test_a_stack_that_zenml_registered_itself_is_checked_too(run: Run) -> None:
    done = run("python", "run.py", "stack", "check", "default")
    assert done.returncode == 2
    assert "no experiment_tracker of flavor mlflow" in done.stdout


def test_a_literal_credential_is_refused_by_name(run: Run, tmp_path: Path) -> None:
    text = Path("stacks/local-s3.yaml").read_text().replace("{{switchyard-s3.secret}}", "hunter2")
    (tmp_path / "clear.yaml").write_text(text)
    done = run("python", "run.py", "stack", "check", str(tmp_path / "clear.yaml"))
    assert done.returncode == 2
    assert "'secret' holds a credential in clear text" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
