"""Any words of the command line mean something, or are refused in words that repeat them."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

import run
from commands.loop import seconds_of
from serving.errors import ConfigError
from stacks.flavors.kubeflow.cron import six_fields
from steps.data.location import locate, masked
from steps.monitoring.span import moment
from tests.inputs.cases import ask, cases

SAMPLE = 150
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PIECES = st.sampled_from(
    [*"smhdw0:-+,/*?% ", "24h", "9" * 12, "9" * 400, "1e9", "²", "٣", "0001-01-01", "9999-12-31",
     "T", "+14:00", "MON", "SUN", "60", "7", "nan", "inf", "\x00", "é"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=12)


def finite(seconds: float) -> bool:
    """A span that can be waited for."""
    return 0 < seconds < math.inf


READERS: dict[str, tuple[Callable[[str], object], Callable[[object], bool]]] = {
    "--since": (lambda text: moment(text, NOW, "--since"), lambda found: found is not None),
    "--every": (seconds_of, lambda found: isinstance(found, float) and finite(found)),
    "The schedule": (six_fields, lambda found: len(str(found).split()) == 6),
}


@pytest.mark.parametrize("option", READERS)
@cases(SAMPLE, 4000)
def test_any_time(count: int, option: str) -> None:
    read, holds = READERS[option]

    def check(text: str) -> None:
        try:
            assert holds(read(text))
        except ConfigError as error:
            assert option in str(error)  # noqa: PT017  (most texts are refused)

    ask(count, SAMPLE, check, text=TEXTS)


@cases(100, 3000)
def test_any_place_of_a_table(
    count: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    parts = st.sampled_from(
        ["postgresql://", "s3://", "file://", "nope://", "reader:", "hunter2@", "host", "/", "..",
         ":", "@", "?", "password=hunter2", "&", "${NOWHERE}", "$(NOWHERE)", "~", "\x00", "é",
         "a" * 300, ".csv", "%00", "[", "]"]
    )  # fmt: skip

    def check(words: list[str]) -> None:
        place = "".join(words)
        status = run.main(["--data", place, "--summary", "/absent/folder/summary.md"])
        said = capsys.readouterr()
        assert status == 2, said.err
        assert "Traceback" not in said.err
        assert "--debug" not in said.err

    ask(count, 100, check, words=st.lists(parts, min_size=1, max_size=6))


def test_no_message_about_a_place_holds_its_password() -> None:
    """Whatever stands around it."""
    for place in ("postgresql://reader:hunter2@host/db", "s3://b/k?password=hunter2&x=1"):
        assert "hunter2" not in masked(place)
        assert locate(place).shown == masked(place)
