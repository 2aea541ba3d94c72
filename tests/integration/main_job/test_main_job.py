"""The main job from nothing: train, gate, deploy, ask, move, return and stop.

The tests tell one story, whose chapters conftest.py plays: any one test can also be run alone.
"""

import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.inspection import computed, inspect, process, states
from tests.integration.traffic import Traffic, ask
from tests.integration.tumours import MODEL
from tests.workplace import Finished, Workplace


def test_the_first_run_says_what_it_stands_on(first: Finished) -> None:
    """Data, config, commit and stack are in the document, and nothing is on the other stream."""
    document = first.document
    assert (first.status, first.errors) == (0, "")
    assert document["data"]["digest"].startswith("sha256:")
    assert (document["data"]["rows"], document["data"]["task"]) == (569, "binary")
    assert (document["stack"], document["config"]) == ("local", "weak.yaml")
    assert (bool(document["commit"]), document["unchanged"]) == (True, False)


def test_every_candidate_is_measured_with_intervals(first: Finished) -> None:
    """Both forests and their blend have each metric between its bounds."""
    evaluations = first.document["evaluations"]
    assert {each["candidate"] for each in evaluations["candidates"]} == {"stump", "bush", "blend"}
    scores = [score for each in evaluations["candidates"] for score in each["scores"]]
    assert all(score["low"] <= score["value"] <= score["high"] for score in scores)
    assert evaluations["rows"] == first.document["data"]["held_out"]


def test_the_first_model_is_promoted_with_reasons(first: Finished) -> None:
    """Against no champion a model must beat the trivial baseline."""
    document = first.document
    assert document["decision"]["outcome"] == "promote"
    assert document["decision"]["against"] == "baseline"
    assert "trivial baseline" in " ".join(document["decision"]["reasons"])
    assert (document["version"], document["champion"]) == ("1", "1")


def test_the_first_model_answers(
    shared_workplace: Workplace, first: Finished, started: tuple[str, int]
) -> None:
    """The prediction in the document is what the server says to anybody."""
    document = first.document
    answer = ask(document)
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    said = document["prediction"]["answer"]
    assert (answer["model_name"], answer["model_version"]) == (MODEL, "1")
    assert outputs == {"label": [said["label"]], "scores": said["scores"]}
    assert started[0] == document["endpoint"]["url"]
    assert {"dashboard", "mlflow"} <= set(document["more"])
    # onnxruntime sends telemetry from here, in the server too, unless it is told not to.
    assert not (shared_workplace.home / ".cache" / "Microsoft").exists()


def test_the_pages_of_a_run_lie_where_it_says(first: Finished) -> None:
    """Those for the eye without a script, those that move with one."""
    places = first.document["reports"]
    assert {"model", "model, live"} <= set(places)
    for name, place in places.items():
        page = Path(place).read_text(encoding="utf-8")
        assert "</html>" in page
        assert ("<script" in page) == name.endswith("live")


def test_the_same_question_is_answered_from_the_record(
    shared_workplace: Workplace, first: Finished, second: Any
) -> None:
    """A second run says that nothing changed, answers the same and starts no pipeline."""
    assert second == {**first.document, "unchanged": True}
    assert shared_workplace.runs() == 2


def test_mlflow_holds_the_whole_model(first: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Native model, bundle, schema, signature, example, aliases and tags."""
    uri = first.document["more"]["mlflow"].rpartition(" ")[2]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    from mlflow import MlflowClient
    from mlflow.models import get_model_info

    client = MlflowClient()
    version = client.get_model_version_by_alias(MODEL, "champion")
    assert version.run_id == client.get_model_version_by_alias(MODEL, "challenger").run_id
    assert str(version.version) == "1"
    assert version.tags["data_digest"] == first.document["data"]["digest"]
    assert version.tags["digest"] == first.document["decision"]["challenger_digest"]
    assert (version.tags["stack"], version.tags["config"]) == ("local", "weak.yaml")
    assert version.tags["commit"] == first.document["commit"]
    kept = {each.path for each in client.list_artifacts(version.run_id, "bundle")}
    assert kept == {"bundle/model.onnx", "bundle/schema.json", "bundle/manifest.json"}
    info = get_model_info(f"models:/{MODEL}@champion")
    assert info.signature
    assert info.saved_input_example_info
    assert {"sklearn", "onnx"} & set(info.flavors)


def test_zenml_follows_the_registry(shared_workplace: Workplace, forced: Any) -> None:
    """The stack is registered and active, and the champion's model version is in production."""
    assert forced
    seen = inspect(shared_workplace)
    assert seen["stack"] == "local"
    assert seen["stages"]["1"] == "production"
    assert seen["flavors"]["model_deployer"] == ["resident"]
    assert {"mlflow"} == {
        *seen["flavors"]["experiment_tracker"],
        *seen["flavors"]["model_registry"],
    }


def test_a_forced_run_is_answered_from_zenmls_cache(forced: Any, started: tuple[str, int]) -> None:
    """Only what asks the registry runs again; the champion stays, and its server too."""
    assert not forced["unchanged"]
    assert forced["decision"]["outcome"] == "unchanged"
    assert "is the champion" in forced["decision"]["reasons"][0]
    cached = {step for step, state in states(forced).items() if state == "cached"}
    trained = {"train_stump", "train_bush", "blend"}
    assert cached >= {"load_table", "trace_lineage", "evaluate", *trained}
    assert forced["champion"] == "1"
    assert forced["endpoint"]["url"] == started[0]


def test_another_gate_decides_anew_and_trains_nothing(other_gate: Any) -> None:
    """A config recomputes only what its change reaches."""
    assert {"evaluate", "compare"} <= computed(other_gate)
    assert not {step for step in computed(other_gate) if step.startswith(("train_", "split"))}


def test_a_better_model_is_promoted_and_rolled_out_in_place(
    shared_workplace: Workplace, promoted: tuple[Finished, Traffic], started: tuple[str, int]
) -> None:
    """The same URL and process answer with the next version, and no request fails meanwhile."""
    done, traffic = promoted
    assert done.status == 0, done.errors
    assert process(shared_workplace) == started
    assert {status for status, _ in traffic.answers} == {200}
    versions = [version for _, version in traffic.answers]
    assert versions == sorted(versions)
    assert set(versions) == {"1", "2"}


def test_a_run_prints_a_line_a_step_and_a_table(promoted: tuple[Finished, Traffic]) -> None:
    """What was trained, what was decided and where to look, and nothing of ZenML's log."""
    lines = promoted[0].output.splitlines()
    assert any(line.split()[:2] == ["train_network", "done"] for line in lines)
    assert any(line.split()[:2] == ["split_rows", "cached"] for line in lines)
    names = {line.split()[0] for line in lines if line.strip()}
    assert names >= {"candidate", "data", "rows", "decision", "reasons", "version", "predict"}
    assert names >= {"dashboard", "MLflow", "history"}
    assert "better than the champion" in promoted[0].output
    assert "sha256:" in promoted[0].output
    assert promoted[0].errors == ""


def test_a_worse_model_is_refused_and_told_why(refused: Any, started: tuple[str, int]) -> None:
    """It is registered as challenger; the champion goes on serving."""
    assert refused["decision"]["outcome"] == "refuse"
    assert "worse by" in refused["decision"]["reasons"][0]
    assert refused["decision"]["improvement"]["high"] < 0
    assert (refused["version"], refused["champion"]) == ("3", "2")
    assert refused["endpoint"]["url"] == started[0]
    assert ask(refused)["model_version"] == "2"
    assert "train_stump" not in computed(refused)


def test_a_rollback_redeploys_the_version_before(
    shared_workplace: Workplace, returned: Finished, started: tuple[str, int], first: Finished
) -> None:
    """The champion before answers at the same URL, and ZenML's production follows it."""
    assert returned.status == 0, returned.errors
    assert returned.document["champion"] == "1"
    assert process(shared_workplace) == started
    assert ask(first.document)["model_version"] == "1"
    stages = inspect(shared_workplace)["stages"]
    assert [number for number, stage in stages.items() if stage == "production"] == ["1"]


def test_history_tells_every_move_and_why(shared_workplace: Workplace, returned: object) -> None:
    """Two promotions with their measures, and the rollback with its reason."""
    assert returned
    moves = shared_workplace.run("history", "--json").document
    assert [(move["origin"], move["to"], move["by"]) for move in moves] == [
        ("", "1", "training"),
        ("1", "2", "training"),
        ("2", "1", "rollback"),
    ]
    assert "better than the trivial baseline" in moves[0]["reason"]
    assert "better than the champion" in moves[1]["reason"]
    assert moves[2]["reason"] == "late labels show a drop"


def test_a_plain_command_runs_on_the_stack_that_zenml_has_set(
    shared_workplace: Workplace, returned: object, strong: str
) -> None:
    """A stack without a deployer is refused before anything runs, with the way on."""
    assert returned
    zenml = str(Path(sys.executable).parent / "zenml")
    before = shared_workplace.runs()
    assert shared_workplace.call(zenml, "stack", "set", "default").status == 0
    done = shared_workplace.run("--config", strong)
    assert (done.status, done.output) == (2, "")
    assert "'default' has no model deployer" in done.errors
    assert "--stack local" in done.errors
    assert "--no-deploy" in done.errors
    assert shared_workplace.runs() == before
    assert shared_workplace.call(zenml, "stack", "set", "local").status == 0
    again = shared_workplace.run("--config", strong, "--json")
    assert again.document["stack"] == "local"


def test_a_model_is_stopped_and_says_so(
    shared_workplace: Workplace, returned: object, started: tuple[str, int]
) -> None:
    """`stop` ends the server and keeps its record."""
    assert returned
    assert shared_workplace.run("stop").output == f"{MODEL} is stopped.\n"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{started[0]}/healthz", trust_env=False)
    known = shared_workplace.run("status", "--json").document
    assert [each["status"] for each in known] == ["stopped"]
