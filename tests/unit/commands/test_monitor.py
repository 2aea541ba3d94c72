"""The window and the settings that a command line asks for."""

from datetime import UTC, datetime

import pytest

from commands.monitor import changes_of
from serving.errors import ConfigError
from steps.monitoring.span import moment

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("90m", "2026-01-31T10:30:00+00:00"),
        ("24h", "2026-01-30T12:00:00+00:00"),
        ("7d", "2026-01-24T12:00:00+00:00"),
        ("2w", "2026-01-17T12:00:00+00:00"),
        ("2026-01-31T08:00+01:00", "2026-01-31T08:00:00+01:00"),
    ],
)
def test_a_window_begins_at_a_time_or_a_span_back(text: str, told: str) -> None:
    """Spans are counted from the window's end."""
    assert moment(text, NOW, "--since").isoformat() == told


def test_what_is_no_time_is_refused_by_its_option() -> None:
    """With forms that are."""
    with pytest.raises(ConfigError, match="--since 'yesterday' is no time: write 90m"):
        moment("yesterday", NOW, "--since")


def test_settings_of_the_monitoring_can_be_laid_over_those_of_the_training() -> None:
    """And none of anything else."""
    assert changes_of({"monitoring.psi": 0.2, "monitoring.policy.cap": 1}) == {"psi": 0.2}
    with pytest.raises(ConfigError, match=r"no setting 'monitoring.min_row'.*min_rows"):
        changes_of({"monitoring.min_row": 3})
    with pytest.raises(ConfigError, match=r"gate\.metric"):
        changes_of({"gate.metric": "brier"})
