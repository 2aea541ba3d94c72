"""MLflow's server and the S3 store go away in the middle of a run, and come back."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.proxy import Mode, Proxy, before
from tests.integration.failures.conftest import Program
from tests.integration.failures.test_killed import at, words
from tests.integration.stacks.store import KEY, SECRET, Store, mlflow_over, store_in
from tests.integration.tumours import STUMP

pytestmark = pytest.mark.nightly


@dataclass(frozen=True)
class Servers:
    """Proxies before an S3 store and an MLflow server."""

    s3: Proxy
    mlflow: Proxy
    environment: dict[str, str]


@pytest.fixture(scope="module")
def standing(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of a stack that is set."""
    folder = tmp_path_factory.mktemp("servers")
    with (
        store_in(folder / "rclone") as store,
        mlflow_over(store, folder) as mlflow,
        before(port_of(store.endpoint), folder, "s3") as first,
        before(port_of(mlflow), folder, "mlflow") as second,
    ):
        named = {
            **Store(store.root, f"http://127.0.0.1:{first.port}").environment,
            "SWITCHYARD_MLFLOW_URI": f"http://127.0.0.1:{second.port}",
            # Else each of them is patient for minutes, with ever longer pauses.
            "AWS_MAX_ATTEMPTS": "2",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        }
        keep_secret(program, folder)
        applied = program.run("stack", "set", "local-s3", **named)
        assert applied.status == 0, applied.errors
        yield Servers(first, second, named)


def keep_secret(program: Program, folder: Path) -> None:
    """The secret that the stack's file names."""
    (folder / "key").write_text(KEY)
    (folder / "word").write_text(SECRET)
    given = [f"--key=@{folder / 'key'}", f"--secret=@{folder / 'word'}"]
    zenml = str(Path(sys.executable).with_name("zenml"))
    done = program.place.call(zenml, "secret", "create", "switchyard-s3", *given)
    assert done.status == 0, done.errors


def port_of(url: str) -> int:
    """The port of an address."""
    return int(url.rpartition(":")[2])


@pytest.mark.fault(
    kind="server down",
    where="MLflow's server lets nobody in, or answers 500, from a registration or a promotion on",
    promise="The step is named with its reason; nothing is half done.",
    then="`run.py resume`",
)
@pytest.mark.parametrize("step", ["register_model", "promote"])
@pytest.mark.parametrize("mode", ["down", "500"])
def test_an_mlflow_server_that_goes_away_is_named_and_gone_on_from(
    program: Program, standing: Servers, tmp_path: Path, step: str, mode: Mode
) -> None:
    begin = words(tmp_path, f"mlflow-{step.replace('_', '-')}-{mode}", STUMP)
    broken_and_resumed(program, standing, standing.mlflow, begin, step, mode)


@pytest.mark.fault(
    kind="store broken",
    where="the S3 artifact store lets nobody in, or answers 500, from the middle of a run on",
    promise="The run ends with the store's word; what finished is kept.",
    then="`run.py resume`",
)
@pytest.mark.parametrize("mode", ["down", "500"])
def test_an_artifact_store_that_breaks_ends_the_run_and_is_gone_on_from(
    program: Program, standing: Servers, tmp_path: Path, mode: Mode
) -> None:
    begin = words(tmp_path, f"s3-{mode}", STUMP)
    broken_and_resumed(program, standing, standing.s3, begin, "evaluate", mode)


@pytest.mark.fault(
    kind="store broken",
    where="the S3 artifact store, or MLflow's server, takes requests and says nothing",
    promise="The step ends at its `timeout`, by name.",
    then="`run.py resume`",
)
@pytest.mark.parametrize(("hangs", "step"), [("s3", "evaluate"), ("mlflow", "register_model")])
def test_a_server_that_hangs_ends_the_step_at_its_limit(
    program: Program, standing: Servers, tmp_path: Path, hangs: str, step: str
) -> None:
    begin = words(tmp_path, f"{hangs}-hang", STUMP, timeout={step: 30})
    broken_and_resumed(program, standing, getattr(standing, hangs), begin, step, "hang")


def broken_and_resumed(
    program: Program, standing: Servers, proxy: Proxy, begin: list[str], step: str, mode: Mode
) -> None:
    """Break a server when a step begins, and resume once it is whole again."""
    done = program.run(
        *begin,
        "--no-deploy",
        "--no-cache",
        at=at(step),
        do=proxy.command(mode),
        **standing.environment,
    )
    proxy.set("pass")
    assert done.status == 1, (done.output, done.errors)
    assert "Traceback" not in done.errors
    assert step in done.errors, done.errors
    last = program.run("resume", "--json", **standing.environment)
    assert last.status == 0, last.errors
    assert (last.document["version"], last.document["champion"]) == ("1", "1")
    moves = program.run("history", "--model", begin[-1], "--json", **standing.environment)
    assert [move["to"] for move in moves.document] == ["1"]
