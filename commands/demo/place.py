"""A place of the demo's own: nothing of the user's is read, changed or left running."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from serving import resident
from serving.errors import RunError
from serving.segments import segments
from serving.shipping.layout import FEEDBACK

ROOT = Path(__file__).resolve().parent.parent.parent
# Whatever of these the user has set means another store, another stack or another webhook.
FOREIGN = ("ZENML_", "MLFLOW_", "SWITCHYARD_")
# `monitor` found something, which is no failure of its.
WORKED = (0, 3)
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """A directory with stores, servers and records of its own, in which real commands run."""

    folder: Path

    @property
    def own(self) -> dict[str, str]:
        """The variables by which the commands find this place."""
        return {
            "ZENML_CONFIG_PATH": str(self.folder / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(self.folder / "stores"),
            # The user's `zenml init` would otherwise hold the active stack.
            "ZENML_REPOSITORY_PATH": str(self.folder),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "SWITCHYARD_HOME": str(self.folder / "records"),
        }

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment, without what names other places."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        return {**kept, **self.own}

    @property
    def stack(self) -> Path:
        """The stack file."""
        return self.folder / "story.yaml"

    def prepare(self) -> None:
        """Write the stack, `local` with a log that is shipped at once, and the way back here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = yaml.safe_load((ROOT / "stacks" / "local.yaml").read_text(encoding="utf-8"))
        content["stack_name"] = "story"
        (deployer,) = content["components"]["model_deployer"]
        deployer["configuration"] = {"log_segment_seconds": 0.5}
        self.stack.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.own.items()]
        (self.folder / "environment").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def run(self, *words: str) -> Any:
        """What `python run.py` with these words prints as JSON.

        Raises:
            RunError: It failed.
        """
        child = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *words, "--json"],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        output, errors = _communicate(child)
        if child.returncode not in WORKED:
            lines = errors.strip().splitlines() or [f"status {child.returncode}"]
            said = next((line for line in reversed(lines) if line.startswith("error: ")), lines[-1])
            raise RunError(f"`run.py {words[0]}` failed: {said.removeprefix('error: ')}")
        return json.loads(output)

    def wait_shipped(self) -> None:
        """Wait until what the servers logged lies where `monitor` reads it.

        Raises:
            RunError: It does not come there.
        """
        ends = time.monotonic() + PATIENCE
        while any(
            segments(home / "log" / kind) for home in self.homes() for kind in ("", FEEDBACK)
        ):
            if time.monotonic() > ends:
                raise RunError("The prediction log is not shipped: the demo cannot go on.")
            time.sleep(0.05)

    def homes(self) -> list[Path]:
        """The homes of the servers that were started from here."""
        return [path.parent for path in (self.folder / "stores").glob("*/*/service.json")]

    def stop(self) -> None:
        """End every server."""
        for home in self.homes():
            resident.stop(home)

    def clear(self) -> None:
        """Remove the stores and what else only a further command would need."""
        for name in ("zenml", "stores", "records"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in (self.stack, self.folder / "environment", *self.folder.glob("*.csv")):
            path.unlink(missing_ok=True)


def _communicate(child: subprocess.Popen[str]) -> tuple[str, str]:
    """A child's output; whatever ends the waiting ends the child too, and lets it tidy up."""
    try:
        return child.communicate()
    except BaseException:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        raise
