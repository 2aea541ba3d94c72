"""What follows a verdict: nothing, an alert, or a training through the same gate and rollout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from commands.trained import trained_config
from pipelines.settings import RunConfig, build_config
from serving.errors import RunError
from steps.monitoring.alerts import alert, headline

if TYPE_CHECKING:
    from steps.registry.registry import Registry

RUN = Path(__file__).resolve().parent.parent / "run.py"


def act(registry: Registry, verdict: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Do what the champion's policy says of a verdict; tells what was done.

    Args:
        overrides: Values by dotted key, laid over the policy that the champion was trained with,
            and not over what is trained.
    """
    from steps.monitoring.choice import choose

    version = registry.version(verdict["model"], verdict["version"])
    content = json.loads(registry.text_of(version, "config.json"))
    policy = build_config(content, overrides).monitoring.policy
    action = choose(registry, verdict["model"], verdict["outcome"], policy)
    done: dict[str, Any] = {"act": action.act, "reason": action.reason}
    if action.act == "alert":
        done["told"] = alert(headline(verdict, action.reason), verdict)
    if action.act == "retrain":
        done["training"] = retrain(trained_config(registry, version), verdict["outcome"])
        done["told"] = alert(headline(verdict, told(done["training"])), verdict)
    return done


def retrain(config: RunConfig, outcome: str) -> dict[str, Any]:
    """Train on the table as it is now, in a process of its own, on the active stack.

    After a drift a challenger replaces the champion when it is shown not to be worse: it has seen
    what the champion has not. After a degraded one it has to pass the gate as it stands.

    Raises:
        RunError: The training failed.
    """
    content, age = again(config, outcome)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "retraining.yaml"
        path.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML.
        done = subprocess.run(
            [sys.executable, str(RUN), "--config", str(path), "--json"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        reason = lines[-1].removeprefix("error: ") if lines else f"status {done.returncode}"
        raise RunError(f"The retraining failed: {reason}")
    answer = json.loads(done.stdout)
    return {
        "outcome": answer["decision"]["outcome"],
        "version": answer["version"],
        "champion": answer["champion"],
        "reasons": answer["decision"]["reasons"],
        "rollout": (answer.get("rollout") or {}).get("outcome"),
        "trial": answer.get("rollout"),
        "age": age,
    }


def again(config: RunConfig, outcome: str) -> tuple[dict[str, Any], str]:
    """The run config of a retraining, and what is to be told of the age of its rows.

    A file that was copied for steps of other machines is read itself, where it is still here.
    """
    from steps.data.copies import as_it_is_now

    data, age = as_it_is_now(config.data.data)
    content = config.reading(data).model_dump(mode="json")
    if outcome == "drift":
        content["gate"]["mode"] = "not_worse"
    return content, age


def told(training: dict[str, Any]) -> str:
    """A retraining in a sentence."""
    rollout = f", rollout: {training['rollout']}" if training["rollout"] else ""
    return (
        f"Retrained: version {training['version']}, {training['outcome']}{rollout}; "
        f"the champion is version {training['champion']}. {training.get('age', '')}"
    ).rstrip()
