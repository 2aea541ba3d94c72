"""Schedules written as everywhere, for a reader of six fields."""

import pytest

from serving.errors import ConfigError
from stacks.flavors.kubeflow.cron import six_fields


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("0 3 * * *", "0 0 3 * * *"),
        ("*/15 8-18 * * MON-FRI", "0 */15 8-18 * * MON-FRI"),
        ("30 6 1,15 */2 *", "0 30 6 1,15 */2 *"),
        ("0 3 * * 7", "0 0 3 * * 0"),
        ("0 3 * * 1-7", "0 0 3 * * *"),
        ("0 3 * * 5-7", "0 0 3 * * 5-6,0"),
        ("0 3 * * 2,7", "0 0 3 * * 2,0"),
        ("0 3 * * 1-7/3", "0 0 3 * * 1,4,0"),
    ],
)
def test_seconds_come_first_and_sunday_is_zero(written: str, sent: str) -> None:
    assert six_fields(written) == sent


@pytest.mark.parametrize("written", ["", "0 0 3 * * *", "@daily", "3 *"])
def test_anything_but_five_fields_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ConfigError, match=r"not five: minute, hour, .* such as '0 3 \* \* \*'"):
        six_fields(written)


def test_a_field_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="'3;rm' for its hour"):
        six_fields("0 3;rm * * *")
