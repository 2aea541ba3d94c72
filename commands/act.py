"""What follows a verdict: nothing, an alert, or a training through the same gate and rollout."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from commands.alert import send
from pipelines.settings import RunConfig, build_config
from serving.errors import RunError
from steps.monitoring.policy import Action, action_of, held_back
from steps.monitoring.settings import PolicySettings

if TYPE_CHECKING:
    from steps.registry.registry import Registry

RUN = Path(__file__).resolve().parent.parent / "run.py"


def act(registry: Registry, verdict: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Do what the champion's policy says of a verdict; tells what was done.

    Args:
        overrides: Values by dotted key, laid over the policy that the champion was trained with,
            and not over what is trained.
    """
    version = registry.version(verdict["model"], verdict["version"])
    content = json.loads(registry.text_of(version, "config.json"))
    policy = build_config(content, overrides).monitoring.policy
    action = chosen(registry, verdict, policy)
    done: dict[str, Any] = {"act": action.act, "reason": action.reason}
    if action.act == "alert":
        done["told"] = alert(headline(verdict, action.reason), verdict)
    if action.act == "retrain":
        done["training"] = retrain(build_config(content, {}), verdict["outcome"])
        done["told"] = alert(headline(verdict, told(done["training"])), verdict)
    return done


def chosen(registry: Registry, verdict: dict[str, Any], policy: PolicySettings) -> Action:
    """What is to be done; a retraining is claimed, so that no other begins one too."""
    from steps.registry.claims import claim, retrainings

    model, now = verdict["model"], datetime.now(UTC)
    action = action_of(verdict["outcome"], policy, retrainings(registry, model), now)
    if action.act != "retrain":
        return action
    if claim(registry, model, now, lambda times: not held_back(policy, times, now)):
        return action
    return Action("nothing", "Another process has begun to retrain this model.")


def retrain(config: RunConfig, outcome: str) -> dict[str, Any]:
    """Train on the table as it is now, in a process of its own, on the active stack.

    After a drift a challenger replaces the champion when it is shown not to be worse: it has seen
    what the champion has not. After a degraded one it has to pass the gate as it stands.

    Raises:
        RunError: The training failed.
    """
    content = config.model_dump(mode="json")
    if outcome == "drift":
        content["gate"]["mode"] = "not_worse"
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
    }


def told(training: dict[str, Any]) -> str:
    """A retraining in a sentence."""
    rollout = f", rollout: {training['rollout']}" if training["rollout"] else ""
    return (
        f"Retrained: version {training['version']}, {training['outcome']}{rollout}; "
        f"the champion is version {training['champion']}."
    )


def headline(verdict: dict[str, Any], reason: str) -> str:
    """What an alert says."""
    who = f"{verdict['model']} version {verdict['version']}"
    return f"{who}: {verdict['outcome']}. {verdict['reasons'][0]} {reason}"


def alert(text: str, verdict: dict[str, Any]) -> str:
    """Tell somebody: the stack's alerter, else the webhook, else the log. Says which.

    Raises:
        RunError: The webhook does not take it.
    """
    if sent := send(text, verdict=verdict):
        return sent
    print(f"alert: {text}", file=sys.stderr, flush=True)
    return "log"
