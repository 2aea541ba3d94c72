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
        ("0 3 * * MON-7/2", "0 0 3 * * 1,3,5,0"),
        ("0 3 1 jan-mar ?", "0 0 3 1 jan-mar ?"),
    ],
)
def test_seconds_come_first_and_sunday_is_zero(written: str, sent: str) -> None:
    assert six_fields(written) == sent


@pytest.mark.parametrize("written", ["", "0 0 3 * * *", "@daily", "3 *"])
def test_anything_but_five_fields_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ConfigError, match=r"not five: minute, hour, .* such as '0 3 \* \* \*'"):
        six_fields(written)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("0 3;rm * * *", "'3;rm' for its hour, which goes from 0 to 23"),
        ("60 3 * * *", "'60' for its minute, which goes from 0 to 59"),
        ("0 3 0 * *", "'0' for its day of month"),
        ("0 3 * 1,13 *", "'1,13' for its month, which goes from 1 to 12, or JAN to DEC"),
        ("0 3 * * FRY", "'FRY' for its day of week"),
        ("*/0 3 * * *", "'[*]/0' for its minute"),
        ("0 9-5 * * *", "'9-5' for its hour"),
        ("0 3, * * *", "'3,' for its hour"),
    ],
)
def test_a_field_that_holds_what_it_cannot_is_named(written: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        six_fields(written)
