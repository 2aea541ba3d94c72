"""What a stack file and the facts about this machine say together."""

from pathlib import Path

import pytest

from serving.errors import ConfigError
from stacks.check import directories, problems
from stacks.facts import Facts, references
from stacks.problem import Problem, exit_status, refuse
from stacks.requirements import extra_files, install_line, packages
from stacks.schema import Component, StackFile, load_stack, read_stack

Entry = tuple[str, dict[str, object]]


def stack(**components: Entry) -> StackFile:
    """A stack of components given as TYPE=(flavor, configuration); the rest is local."""
    needed: dict[str, Entry] = {
        "orchestrator": ("local", {}),
        "artifact_store": ("local", {}),
        "experiment_tracker": ("mlflow", {}),
    }
    groups: dict[str, tuple[Component, ...]] = {
        type_: (Component(name="x", flavor=flavor, configuration=configuration),)
        for type_, (flavor, configuration) in (needed | components).items()
    }
    return StackFile(stack_name="x", components=groups)


def told(file: StackFile, **facts: object) -> str:
    """Every problem as it is shown, with every package there unless said otherwise."""
    known: dict[str, object] = {"installed": packages(file), "programs": ["docker"], **facts}
    return "\n".join(map(str, problems(file, Facts(**known))))  # type: ignore[arg-type]


def test_a_local_stack_has_no_problem() -> None:
    """The stack of a fresh clone runs."""
    assert told(read_stack("local")) == ""


def test_unset_variables_are_told_with_one_export() -> None:
    """Each once, whichever component draws on it."""
    file = stack(artifact_store=("s3", {"path": "${BUCKET}", "secret": "${KEY}", "key": "${KEY}"}))
    assert "not set: BUCKET, KEY\n    export BUCKET=... KEY=..." in told(file)
    assert "not set" not in told(file, environ={"BUCKET": "s3://b", "KEY": "k"})


def test_missing_packages_are_one_line_to_paste() -> None:
    """The line installs the pinned file that was resolved together with the core."""
    file = stack(artifact_store=("s3", {"path": "s3://b"}))
    assert install_line(file, {"mlflow", "s3fs"}) == (
        ["boto3"],
        "python -m pip install -r requirements-s3.txt",
    )
    assert install_line(file, packages(file)) is None
    missing = "not installed: boto3, mlflow, s3fs\n    python -m pip install "
    assert f"{missing}-r requirements-s3.txt -r requirements.txt" in told(file, installed=())


def test_only_what_is_beside_the_core_is_an_extra() -> None:
    """`make run` installs nothing more for the local stack."""
    assert extra_files(read_stack("local")) == []
    assert extra_files(read_stack("local-s3")) == ["requirements-s3.txt"]


def test_absent_secrets_and_keys_are_told_with_the_command_that_makes_them() -> None:
    """A secret that lacks one key is updated, not created."""
    found: dict[str, object] = {
        "path": "s3://b",
        "key": "{{vault.key}}",
        "secret": "{{vault.word}}",
    }
    file = stack(artifact_store=("s3", found))
    assert references(file) == {("vault", "key"), ("vault", "word")}
    assert "zenml secret create vault --key=@FILE --word=@FILE" in told(file)
    assert "zenml secret update vault --word=@FILE" in told(file, secrets={"vault": {"key": "k"}})
    assert "secret" not in told(file, secrets={"vault": {"key": "k", "word": "w"}})


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ({"artifact_store": ("s3", {"path": "s3://b"})}, "without a tracking_uri MLflow needs"),
        ({"experiment_tracker": ("wandb", {})}, "no experiment_tracker of flavor mlflow"),
        ({"orchestrator": ("kubeflow", {})}, "artifact_store 'x': lives on this machine"),
        (
            {"orchestrator": ("kubernetes", {}), "model_deployer": ("resident", {})},
            "model_deployer 'x': lives on this machine",
        ),
        (
            {
                "orchestrator": ("kubeflow", {}),
                "container_registry": ("default", {"uri": "localhost:5000"}),
            },
            "container_registry 'x': uri names this machine",
        ),
        ({"orchestrator": ("kubeflow", {})}, "add a container_registry"),
        (
            {"orchestrator": ("kubeflow", {"kubernetes_context": "prod"})},
            "there is no Kubernetes context 'prod'. Did you mean 'prd'?",
        ),
    ],
)
def test_components_that_do_not_fit_are_told(components: dict[str, Entry], message: str) -> None:
    """Each pair is told where it stands."""
    assert message in told(stack(**components), contexts=["prd"])


def test_containers_of_one_machine_can_have_its_network() -> None:
    """Whoever has all servers on one machine is told how its containers reach them."""
    tracker: Entry = ("mlflow", {"tracking_uri": "http://127.0.0.1:5000"})
    said = "or on Linux `export SWITCHYARD_DOCKER_NETWORK=host`"
    for flavor, hinted in (("airflow_watched", True), ("kubernetes", False)):
        text = told(stack(orchestrator=(flavor, {}), experiment_tracker=tracker))
        assert "tracking_uri names this machine" in text
        assert (said in text) == hinted


@pytest.mark.parametrize(
    ("deployer", "settings", "lacks"),
    [
        ("seldon_core", {}, True),
        ("seldon_core", {"kubeconfig": "/etc/kubeconfig"}, False),
        ("seldon_core", {"operator": "kubernetes_pod"}, False),
        ("resident", {}, False),
    ],
)
def test_containers_that_deploy_to_a_cluster_are_shown_the_way(
    deployer: str, settings: dict[str, object], lacks: bool
) -> None:
    """A pod has an account there, and a container of Airflow's has none."""
    text = told(stack(orchestrator=("airflow_watched", settings), model_deployer=(deployer, {})))
    assert ("name a kubeconfig of the workers' machines" in text) == lacks


def test_a_directory_in_which_airflow_finds_nothing_is_told_before_a_run(tmp_path: Path) -> None:
    """It would be made, and nobody would look into it."""
    file, plain = read_stack("airflow"), tmp_path / "file"
    plain.touch()

    def found(**environ: str) -> list[str]:
        return [each.text for each in directories(file, Facts(environ))]

    assert found(SWITCHYARD_AIRFLOW_DAGS=str(tmp_path)) == found() == []
    for path, fault in ((tmp_path / "dags", "is not there"), (plain, "is no directory")):
        assert found(SWITCHYARD_AIRFLOW_DAGS=str(path)) == [f"the dag_output_dir {path} {fault}"]
    assert list(directories(read_stack("local"), Facts())) == []


def test_docker_is_asked_for_only_where_steps_run_in_containers() -> None:
    """A local stack needs none."""
    assert "docker is not installed" in told(stack(orchestrator=("local_docker", {})), programs=())
    assert "docker" not in told(stack(), programs=())


def test_every_problem_is_told_at_once() -> None:
    """Nobody mends one only to be told the next."""
    found: dict[str, object] = {"path": "${BUCKET}", "secret": "{{vault.word}}"}
    text = told(stack(artifact_store=("s3", found)), installed=())
    for part in ("BUCKET", "s3fs", "vault", "tracking_uri"):
        assert part in text


def test_a_service_that_is_down_is_not_the_users_mistake() -> None:
    """1 asks to try again, 2 to mend something."""
    down, wrong = Problem("s3", "down", "curl", mistake=False), Problem("s3", "wrong", "mend")
    assert [exit_status(each) for each in ([], [down], [down, wrong])] == [0, 1, 2]


def test_a_run_is_refused_with_every_problem() -> None:
    """Nothing is registered and nothing trained before."""
    refuse("x", [])
    with pytest.raises(ConfigError) as caught:
        refuse("x", [Problem("stack", "first", "mend"), Problem("stack", "second", "mend")])
    assert "first" in str(caught.value)
    assert "second" in str(caught.value)


def test_the_s3_stack_holds_no_credential() -> None:
    """Its secret is a reference, and its token a variable without a default."""
    with pytest.raises(ConfigError, match="SWITCHYARD_MLFLOW_TOKEN, SWITCHYARD_MLFLOW_URI"):
        load_stack("local-s3", {})


def test_a_password_in_an_mlflow_servers_address_has_a_better_place() -> None:
    """MLflow's client says the whole address with each failure; a database's driver does not."""
    file = stack(experiment_tracker=("mlflow", {"tracking_uri": "${TRACKER}"}))
    found = told(file, environ={"TRACKER": "https://ann:hunter2@mlflow.example.org"})
    assert "the tracking_uri of mlflow.example.org holds a password" in found
    assert "tracking_password" in found
    assert "hunter2" not in found
    for address in ("https://mlflow.example.org", "postgresql://ann:hunter2@db.example.org/x"):
        assert "password" not in told(file, environ={"TRACKER": address})
