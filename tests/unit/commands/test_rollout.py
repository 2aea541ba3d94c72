"""What the program says of a rollout, while it goes on and afterwards."""

import io
import logging
from typing import Any

import pytest
from rich.console import Console

from commands.progress import step_lines
from commands.result import rollout
from commands.services import _line
from commands.train import outcome
from serving.spec import Observation, Sample, Traffic

TOLD: dict[str, Any] = {
    "outcome": "roll_back",
    "strategy": "canary",
    "version": "2",
    "serves": "1",
    "tried": True,
    "reasons": ["Version 2 failed 9 of 10.", "It was quick [enough]."],
}


def test_a_trial_under_way_is_one_line() -> None:
    seen = Observation(
        "shop",
        Traffic("canary", 0.25),
        Sample("1", 300, 0, 1.0, 2.0),
        Sample("2", 1200, 3, 1.0, 2.0),
        compared=1000,
        agreed=987,
    )
    line = _line(seen)
    assert "shop: version 2 is on trial as canary for 25% of the requests" in line
    assert "met 1,200 of them, failed 3, 98.7% agreement" in line
    assert "python run.py rollback --model shop" in line


def test_a_rollout_is_told_with_its_reasons() -> None:
    assert rollout(None) == ""
    assert rollout({**TOLD, "tried": False}) == "Version 2 failed 9 of 10."
    first, *reasons = rollout(TOLD).splitlines()
    assert "version 1 serves on, version 2 is withdrawn" in first
    assert reasons == ["Version 2 failed 9 of 10.", "It was quick \\[enough]."]
    assert "version 2 serves" in rollout({**TOLD, "outcome": "finish", "serves": "2"})


def test_the_outcome_is_the_gates_unless_a_trial_took_it_back() -> None:
    promoted = {"decision": {"outcome": "promote"}, "rollout": None}
    assert outcome(promoted) == "promote"
    assert outcome({**promoted, "rollout": {**TOLD, "outcome": "finish"}}) == "promote"
    assert outcome({**promoted, "rollout": TOLD}) == "roll_back"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_waiting_canary_shows_how_far_it_is(terminal: bool) -> None:
    """A terminal shows the last look, a pipe one line at first and ever fewer after."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100)
    with step_lines(console, "deployment", quiet=False):
        for met in (1, 2, 3):
            logging.getLogger("steps.deployment.canary").info(
                "canary of version 2: %d of 60 requests, 0 of 10 s", met
            )
    shown = [met for met in (1, 2, 3) if f"{met} of 60 requests" in stream.getvalue()]
    assert shown[-1] == (3 if terminal else 1)
