"""What a trial came to, as one static page in the form of the gate's."""

from __future__ import annotations

from pathlib import Path

from steps.deployment.rollout import Rollout
from steps.deployment.settings import RolloutSettings
from steps.deployment.timeline import courses, events
from steps.pages.page import fill

TEMPLATE = Path(__file__).parent / "templates" / "rollout.html.j2"
WORDS = {"finish": "Finished", "roll_back": "Rolled back"}
TONES = {"finish": "promote", "roll_back": "refuse"}


def render(rollout: Rollout, settings: RolloutSettings) -> str:
    """The page."""
    page = {
        "model": rollout.model,
        "word": WORDS[rollout.outcome],
        "verdict": headline(rollout),
        "tone": TONES[rollout.outcome],
        "reasons": rollout.reasons,
    }
    return fill(
        TEMPLATE,
        page=page,
        rollout=rollout,
        tried=_tried(rollout, settings),
        events=events(rollout, settings),
        courses=courses(rollout, settings),
    )


def headline(rollout: Rollout) -> str:
    """The decision in one sentence."""
    if rollout.outcome == "roll_back":
        return f"Version {rollout.before} serves on; version {rollout.version} is withdrawn"
    if not rollout.version:
        return "Nothing is deployed"
    if rollout.before in ("", rollout.version):
        return f"Version {rollout.version} serves"
    return f"Version {rollout.version} serves in place of version {rollout.before}"


def _tried(rollout: Rollout, settings: RolloutSettings) -> dict[str, str]:
    window = settings.window
    sticky = ", the same id always the same version" if settings.sticky else ""
    return {
        "As": f"{rollout.strategy}, {100 * settings.share:g}% of the requests{sticky}",
        "Window": f"{window.requests:,} requests or {window.seconds:g} s",
        "Lasted": f"{rollout.seconds:.1f} s",
        "Compared": f"{rollout.compared:,} rows, {rollout.skipped:,} more had no room",
    }
