"""How a version comes, goes and comes back, whichever deployer serves."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from serving.bundle import write_bundle
from serving.errors import DeployError, ModelError
from serving.settings import ServerSettings
from serving.spec import Deployer, Endpoint, ServiceSpec
from tests.conformance.deployers.bodies import SCHEMAS, ask
from tests.conformance.deployers.conftest import Make
from tests.conformance.deployers.machine import Machine
from tests.unit.serving.tiny import EMPTY_ROW, ROW

BODY = ask("shop", [ROW, EMPTY_ROW])


def version_at(endpoint: Endpoint) -> str:
    """Which version answers a real request."""
    answer = httpx.post(endpoint.seldon_url, json=BODY, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["meta"]["tags"]["model_version"])


class Crowd:
    """Several clients that ask without a pause, some of them over one connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.url = endpoint.seldon_url
        self.over = threading.Event()
        self.answers: list[tuple[int, str]] = []
        self.pool = ThreadPoolExecutor(4)
        self.clients = [self.pool.submit(self.ask) for _ in range(4)]

    def ask(self) -> None:
        """Ask until it is over."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self.over.is_set():
                answer = client.post(self.url, json=BODY)
                version = answer.json()["meta"]["tags"]["model_version"]
                self.answers.append((answer.status_code, version))

    def leave(self) -> set[tuple[int, str]]:
        """Every status and version that was met; raises what a client raised."""
        self.over.set()
        for client in self.clients:
            client.result()
        return set(self.answers)


def test_versions_roll_forward_and_back_without_a_failed_request(
    deployer: Machine, make: Make
) -> None:
    """At the same URL, and once `serve` has returned, the version before answers no more."""
    assert isinstance(deployer, Deployer)
    first = deployer.serve(make("1"))
    crowd = Crowd(first)
    try:
        for version in ("2", "3", "1"):
            served = deployer.serve(make(version))
            assert (served.url, served.version, served.status) == (first.url, version, "ready")
            assert {version_at(served) for _ in range(5)} == {version}
    finally:
        met = crowd.leave()
    assert met == {(200, "1"), (200, "2"), (200, "3")}
    assert deployer.endpoints() == [first]


def test_the_same_version_again_changes_nothing(deployer: Machine, make: Make) -> None:
    first = deployer.serve(make())
    assert deployer.serve(make()) == first


def unloadable(folder: Path) -> ServiceSpec:
    """A bundle that is whole and holds no model."""
    path = folder / "unloadable"
    made = write_bundle(path, b"no model at all", SCHEMAS["shop"], name="shop", version="9")
    return ServiceSpec("shop", "9", str(path), made.digest)


def test_a_broken_version_is_refused_and_the_one_before_goes_on(
    deployer: Machine, make: Make, tmp_path: Path
) -> None:
    first = deployer.serve(make("1"))
    with pytest.raises(ModelError, match="it was changed or is another model"):
        deployer.serve(replace(make("2"), digest="sha256:0"))
    with pytest.raises(ModelError, match=r"does not load.* Version '1' still answers"):
        deployer.serve(unloadable(tmp_path))
    assert deployer.endpoints() == [first]
    assert version_at(first) == "1"


def test_a_first_version_that_is_broken_leaves_nothing_behind(
    deployer: Machine, make: Make, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="does not load"):
        deployer.serve(unloadable(tmp_path))
    assert deployer.endpoints() == []
    deployer.await_none("shop")
    assert version_at(deployer.serve(make())) == "1"


def test_a_file_changed_after_it_was_deployed_is_never_loaded(
    deployer: Machine, make: Make
) -> None:
    deployer.serve(make())
    deployer.kill("shop")
    placed = next((deployer.home("shop") / "versions").glob("*/model.onnx"))
    placed.write_bytes(placed.read_bytes() + b"\0")
    # It is fetched anew from where it was registered.
    assert version_at(deployer.serve(make())) == "1"


@pytest.mark.fault(
    kind="kill -9",
    where="the server of each deployer",
    promise="It is told; it comes back at its URL with its version, and leaves no orphan.",
    then="the next deployment",
)
def test_a_killed_server_is_told_and_comes_back_as_it_was(deployer: Machine, make: Make) -> None:
    deployer.serve(make("1"))
    first = deployer.serve(make("2"))
    deployer.kill("shop")
    dead = deployer.endpoints()[0]
    assert (dead.status, dead.version, dead.url) == ("failed", "2", first.url)
    assert "died" in dead.detail
    again = deployer.serve(make("2"))
    assert (again.url, again.status) == (first.url, "ready")
    assert again.pid != first.pid
    assert version_at(again) == "2"
    assert len(deployer.roots("shop")) == 1


def test_a_stopped_server_leaves_no_process_and_comes_back_at_its_url(
    deployer: Machine, make: Make
) -> None:
    first = deployer.serve(make("1"))
    assert deployer.stop("shop")
    assert [each.status for each in deployer.endpoints()] == ["stopped"]
    deployer.await_none("shop")
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.url, trust_env=False)
    assert not deployer.stop("shop")
    assert not deployer.stop("unheard-of")
    assert deployer.serve(make("2")).url == first.url


@pytest.mark.fault(
    kind="at once",
    where="two deployments of one model, by each deployer",
    promise="One process at one URL, one version, and no orphan.",
    then="nothing is needed",
)
def test_two_deployments_at_once_leave_one_winner_and_no_orphan(
    deployer: Machine, make: Make
) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(deployer.serve, [make("1"), make("2")]))
    assert both[0].url == both[1].url
    assert both[0].pid == both[1].pid
    winner = deployer.endpoints()[0]
    assert {version_at(winner) for _ in range(5)} == {winner.version}
    assert len(deployer.roots("shop")) == 1


def test_a_home_serves_one_model_and_another_name_has_its_own(
    deployer: Machine, make: Make
) -> None:
    shop, three = deployer.serve(make()), deployer.serve(make(name="three"))
    assert shop.url != three.url
    assert [each.name for each in deployer.endpoints()] == ["shop", "three"]
    life, home = deployer.kind.life, deployer.home("shop")
    with pytest.raises(DeployError, match="serves the model 'shop'"):
        life.serve(home, make(name="three"), None, timeout=30)


def test_every_answer_is_logged_and_no_refusal(deployer: Machine, make: Make) -> None:
    """Also those that a roll and the end of the server came after."""
    endpoint = deployer.serve(make("1"))
    version_at(endpoint)
    httpx.post(endpoint.seldon_url, json={}, trust_env=False)
    version_at(deployer.serve(make("2")))
    deployer.stop("shop")
    rows = deployer.logged("shop")
    met = sorted((row["version"], row["row"], row["id"]) for row in rows)
    assert met == [(version, row, "asked-1") for version in ("1", "2") for row in (0, 1)]
    assert rows[0]["features"] == ROW
    assert rows[0]["label"] in ("no", "yes")


def test_a_key_and_a_limit_hold_where_they_are_asked_for(deployer: Machine, make: Make) -> None:
    settings = ServerSettings(api_key="open sesame", body_limit=2000)
    endpoint = deployer.serve(make(), server=settings)
    url = endpoint.seldon_url
    refused = httpx.post(url, json=BODY, trust_env=False)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert "needs its API key" in refused.json()["status"]["info"]
    for key in ({"authorization": "Bearer open sesame"}, {"x-api-key": "open sesame"}):
        assert httpx.post(url, json=BODY, headers=key, trust_env=False).status_code == 200
        large = httpx.post(url, content=b" " * 2001, headers=key, trust_env=False)
        assert large.status_code == 413
        assert "larger than 2000 bytes" in large.json()["status"]["info"]
