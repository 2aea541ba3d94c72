"""Where segments lie in a store, and what is told of a store that refuses them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.errors import ConfigError, DeployError
from serving.shipping.layout import bounds, place
from serving.shipping.settings import (
    LogSettings,
    from_variables,
    read_settings,
    to_variables,
    write_settings,
)
from serving.shipping.store import Store, without_secrets


def test_a_segment_has_one_place_however_often_it_is_shipped() -> None:
    segment = "20260731T235959Z-0f0f-0001.jsonl"
    assert place("shop", segment) == f"shop/date=2026-07-31/hour=23/{segment}.gz"
    assert place("a/b", segment).startswith("a%2Fb/")


def test_a_window_covers_rows_whose_segment_was_begun_an_hour_before() -> None:
    since = datetime(2026, 8, 1, 0, 30, tzinfo=UTC)
    assert bounds(since, since) == ("date=2026-07-31/hour=23", "date=2026-08-01/hour=01")


def test_a_file_replaces_one_of_its_name_and_leaves_no_other(tmp_path: Path) -> None:
    store = Store(str(tmp_path), {})
    store.put("shop/a.gz", b"old")
    store.put("shop/a.gz", b"new")
    assert [path.read_bytes() for path in (tmp_path / "shop").iterdir()] == [b"new"]


def test_a_stores_words_are_told_without_its_secrets() -> None:
    options = {"key": "AKID-1", "client_kwargs": {"endpoint_url": "http://store", "n": 3}}
    text = without_secrets("AKID-1 of ann:pass at http://store", "sftp://ann:pass@host/x", options)
    assert text == "*** of ann:*** at ***"


def test_settings_come_back_as_they_were_and_show_no_credential(tmp_path: Path) -> None:
    settings = LogSettings("s3://bucket", {"secret": "hunter2"}, keep=5)
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert "hunter2" not in repr(settings)


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"url": 1}')
    with pytest.raises(DeployError, match=r"log\.json cannot be read .* Remove it"):
        read_settings(tmp_path)


def test_a_container_is_told_of_the_log_by_variables() -> None:
    """All but the store's credentials, which its driver finds for itself."""
    told = LogSettings("s3://bucket/log", {"secret": "word"}, "omit", 1000, 2.5, 3000)
    variables = to_variables(told)
    assert "word" not in str(variables)
    found = from_variables({**variables, "HOME": "/tmp"})
    assert found is not None
    assert to_variables(found) == variables
    assert found.patience > LogSettings().patience
    assert from_variables({"HOME": "/tmp"}) is None


@pytest.mark.parametrize(
    ("variable", "told"), [("SECONDS", "and must be a number"), ("SENSITIVE", "hash or omit")]
)
def test_a_wrong_variable_is_named(variable: str, told: str) -> None:
    wrong = {"SWITCHYARD_LOG_URI": "s3://bucket", f"SWITCHYARD_LOG_{variable}": "soon"}
    with pytest.raises(ConfigError, match=f"SWITCHYARD_LOG_{variable} is 'soon'.*{told}"):
        from_variables(wrong)
