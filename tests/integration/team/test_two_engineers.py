"""Two engineers on one ZenML server, one MLflow server and one store, at the same time."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.team.conftest import Laptop
from tests.integration.team.servers import MEMBER, Team

LOCKED = ("database is locked", "Lock wait timeout")
# InnoDB ends one of two transactions that wait for each other. That may stand in a server's log,
# as long as no client meets it.
DEADLOCK = "Deadlock found"


def config(folder: Path, strength: float) -> str:
    """A small run config; its model depends on the strength."""
    linear = {"name": "linear", "kind": "linear", "parameters": {"C": strength}}
    content = {
        "model": "tumours",
        "data": {"data": "breast_cancer"},
        "candidates": [linear],
        "tuning": {"folds": 2, "trials": 1},
        "gate": {"resamples": 200},
        "report": {"enabled": False},
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(content))
    return str(path)


def ended(process: "subprocess.Popen[str]") -> tuple[dict[str, Any], str]:
    """What a run that succeeded printed, and what it wrote beside that."""
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return json.loads(output), errors


@pytest.fixture(scope="module")
def both(ann: Laptop, bob: Laptop) -> list[tuple[dict[str, Any], str]]:
    """The main job of both, started at once; their models differ."""
    words = [
        ("--json", "--config", config(ann.home, 1.0)),
        ("--json", "--config", config(bob.home, 0.01)),
    ]
    processes = [place.start(*said) for place, said in zip((ann, bob), words, strict=True)]
    return [ended(process) for process in processes]


@pytest.mark.fault(
    kind="at once",
    where="two trainings of one model on a ZenML and an MLflow server",
    promise="Both succeed.",
    then="nothing is needed",
)
def test_both_runs_succeed_and_no_database_was_in_the_way(
    both: list[tuple[dict[str, Any], str]], team: Team
) -> None:
    told = [errors for _, errors in both]
    assert DEADLOCK not in "\n".join(told)
    told += [path.read_text("utf-8", "replace") for path in team.folder.rglob("server.log")]
    assert not [word for word in LOCKED if word in "\n".join(told)]
    assert {answer["version"] for answer, _ in both} == {"1", "2"}
    assert {answer["more"]["dashboard"] for answer, _ in both} == {team.zenml}


def test_there_is_one_champion_and_both_see_how_it_came_to_be(
    both: list[tuple[dict[str, Any], str]], ann: Laptop, bob: Laptop
) -> None:
    assert len(both) == 2
    asked = [place.start("history", "--model", "tumours", "--json") for place in (ann, bob)]
    said = [process.communicate(timeout=120) for process in asked]
    assert [process.returncode for process in asked] == [0, 0], said
    seen = [json.loads(output) for output, _ in said]
    assert seen[0] == seen[1]
    ends = [move["to"] for move in seen[0]]
    assert [move["origin"] for move in seen[0]] == ["", *ends[:-1]]
    outcomes = {answer["version"]: answer["decision"]["outcome"] for answer, _ in both}
    assert set(ends) == {version for version, said in outcomes.items() if said == "promote"}
    # Whoever came second has compared with the first one's version.
    assert ends[-1] in [answer["champion"] for answer, _ in both]


def test_the_versions_of_both_lie_in_mlflow(
    both: list[tuple[dict[str, Any], str]], team: Team
) -> None:
    asked = f"{team.mlflow}/api/2.0/mlflow/model-versions/search"
    answer = httpx.get(asked, params={"filter": "name='tumours'"}, auth=MEMBER, timeout=30)
    held = {version["version"]: version for version in answer.json()["model_versions"]}
    assert set(held) == {answer["version"] for answer, _ in both}
    assert len({version["run_id"] for version in held.values()}) == 2


def test_each_laptop_serves_its_model_from_a_server_of_its_own(
    both: list[tuple[dict[str, Any], str]], bob: Laptop
) -> None:
    """Their bundles came through MLflow's server, with no credential of a bucket."""
    urls = []
    for answer, _ in both:
        row, endpoint = answer["prediction"]["row"], answer["endpoint"]
        question = {"data": {"names": list(row), "ndarray": [list(row.values())]}}
        said = httpx.post(endpoint["seldon_url"], json=question, timeout=10)
        assert said.status_code == 200, said.text
        urls.append(endpoint["url"])
    assert len(set(urls)) == 2
    first = bob.run("status", "--json").document[0]
    assert (first["url"], first["status"]) == (urls[1], "ready")


def test_nothing_is_answered_from_a_record_where_servers_hold_it(
    both: list[tuple[dict[str, Any], str]], ann: Laptop
) -> None:
    assert [answer["unchanged"] for answer, _ in both] == [False, False]
    assert not list((ann.home / "records").glob("*.json"))


@pytest.mark.fault(
    kind="at once",
    where="two `stack apply` of one new file on a ZenML server",
    promise="Both succeed, and leave one stack.",
    then="nothing is needed",
)
def test_two_who_apply_one_new_file_at_once_both_succeed(
    ann: Laptop, bob: Laptop, team: Team, tmp_path: Path
) -> None:
    written = Path("stacks/team.yaml").read_text().replace("stack_name: team", "stack_name: new")
    for name in ("local", "s3", "mlflow-team", "mlflow", "evidently", "resident"):
        written = written.replace(f"- name: {name}\n", f"- name: new-{name}\n")
    (tmp_path / "new.yaml").write_text(written)
    words = ("stack", "apply", str(tmp_path / "new.yaml"))
    started = [place.start(*words, **team.environment) for place in (ann, bob)]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    planned = bob.run("stack", "plan", words[-1], **team.environment)
    assert (planned.status, planned.output) == (0, "Nothing to do.\n")
