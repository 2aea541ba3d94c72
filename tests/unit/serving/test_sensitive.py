"""Values of sensitive columns reach neither the log nor a message nor a page."""

import json
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from serving import docs
from serving.encoding import Encoder
from serving.errors import RequestError
from serving.log import PredictionLog
from serving.refusals import Values
from serving.schema import TableSchema
from serving.sensitive import KEY, Mask, mask_of, read_key, write_key
from serving.service import Served, answer
from tests.unit.serving.client import v2
from tests.unit.serving.test_log import lines, record
from tests.unit.serving.tiny import ROW, columns, guarded, model, schema

SENSITIVE = frozenset({"city"})


def features(directory: Path, mask: Mask, **changes: Any) -> list[Mapping[str, object]]:
    """What the log holds of a record whose column `city` is sensitive."""
    log = PredictionLog(directory, mask=mask)
    log.start()
    log.put(record(sensitive=SENSITIVE, **changes))
    log.close()
    return [line["features"] for line in lines(directory)]


def test_equal_values_have_equal_hashes_and_none_can_be_read(tmp_path: Path) -> None:
    cities = {"age": [1, 2, 3], "city": ["Ulm", "Bonn", "Ulm"]}
    held = features(tmp_path, Mask(b"key"), columns=cities, rows=3)
    assert [row["age"] for row in held] == [1, 2, 3]
    first, second, third = (row["city"] for row in held)
    assert first == third != second
    assert "Ulm" not in "".join(path.read_text() for path in tmp_path.glob("*.jsonl"))


def test_a_column_can_be_left_out_and_its_rows_stay(tmp_path: Path) -> None:
    assert features(tmp_path / "a", Mask()) == [{"age": 40}]
    assert features(tmp_path / "b", Mask(), columns={"city": ["Ulm"]}) == [{}]


def test_large_batches_are_masked_as_well(tmp_path: Path) -> None:
    held = features(tmp_path, Mask(b"key"), rows=500)
    assert len(held) == 500
    assert {str(row["city"]) for row in held}.isdisjoint({"Ulm"})


def test_a_hash_hangs_on_the_key_and_the_column_but_not_on_how_a_number_is_written() -> None:
    def hashed(key: bytes, name: str, values: Values) -> list[object]:
        return list(Mask(key).columns({name: values}, {name})[name])

    one, other, missing = hashed(b"key", "a", [3, 3.0, None])
    assert one == other
    assert missing is None
    assert hashed(b"key", "b", [3]) != hashed(b"key", "a", [3]) != hashed(b"yek", "a", [3])


def test_a_home_has_one_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    key = read_key(tmp_path)
    assert len(key) == 32
    assert read_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


def test_homes_that_are_given_one_word_hash_alike(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "other", "third")]
    for home, word in zip(homes, ("word", "word", "another"), strict=True):
        home.mkdir()
        write_key(home, word)
    one, other, third = (mask_of(home, "hash").columns({"a": [3]}, {"a"}) for home in homes)
    assert one == other != third


def test_a_home_that_hashes_nothing_needs_no_key(tmp_path: Path) -> None:
    mask_of(tmp_path, "omit")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("age", "forty-one", "'age' holds numbers; row 0 holds text"),
        ("age", 4e39, "'age' must hold finite 32-bit numbers; row 0 holds another number"),
        ("age", 10**80, "'age' must hold finite 32-bit numbers; row 0 holds another number"),
        ("age", [77], "'age' holds numbers; row 0 holds a list"),
        ("joined", "yesterday", "'joined' holds ISO 8601 times; row 0 holds text"),
        ("city", 77, "'city' holds text; row 0 holds another number"),
        ("city", "Bern", "'city' has no such category."),
        ("tier", 2.5, "'tier' holds whole numbers; row 0 holds another number"),
        ("member", 77, "'member' holds true or false; row 0 holds another number"),
        ("visits", None, "'visits' may not be null"),
    ],
)
def test_a_refusal_names_the_column_and_not_the_value(
    column: str, value: object, told: str
) -> None:
    encoder = Encoder(guarded(column, unseen="refuse"))
    with pytest.raises(RequestError, match=told) as refused:
        encoder.encode(columns({**ROW, column: value}))
    assert refused.value.column == column
    for known in (str(value), "Bonn", "Ulm"):
        assert known == "None" or known not in str(refused.value)


def test_a_failure_is_logged_without_its_words(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    served = Served(model(table=guarded("city")))

    def fail(columns: Mapping[str, Values]) -> None:
        raise ValueError(f"cannot take {columns}")

    monkeypatch.setattr(served.model, "predict", fail)
    assert answer(served.model, served.v2, json.dumps(v2(ROW)).encode()).status == 500
    told = capfd.readouterr().err
    assert "Köln" not in told
    assert "ValueError" in told
    assert "in fail" in told


def test_the_page_for_people_does_not_show_what_training_saw() -> None:
    examples = ({**ROW, "city": "other"},)
    table = guarded("city", "age")
    page = docs.page(model(table=replace(table, examples=examples))).decode()
    assert page.count("sensitive, not shown") == 2
    assert "Bonn" not in page


def test_a_schema_without_sensitive_columns_keeps_its_bytes() -> None:
    """Digests of bundles that were made before the mark existed stay what they are."""
    assert b"sensitive" not in schema().to_json()
    assert TableSchema.from_json(schema().to_json()) == schema()


def test_the_mark_comes_back_from_a_bundle() -> None:
    table = TableSchema.from_json(guarded("city").to_json())
    assert table.sensitive == {"city"}
    assert model(table=table).sensitive == {"city"}
