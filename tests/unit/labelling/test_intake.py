"""A sheet comes back: what it must be, and what is kept of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from serving.errors import ConfigError, DataError
from steps.data.location import Location
from steps.labelling.feedback import join, known_labels
from steps.labelling.intake import read_sheet
from steps.labelling.label import Label, latest
from steps.labelling.queue import Pick
from steps.labelling.sheet import sheet_of
from steps.labelling.store import LabelStore
from tests.unit.labelling.rows import REGRESSION, answered, features, schema
from tests.unit.monitoring.spread import SCHEMA


def store(folder: Path) -> LabelStore:
    """An empty store of labels."""
    path = str(folder / "labels" / "shop")
    return LabelStore(fsspec.filesystem("file"), path, Location("file", path, path))


def sheet(folder: Path, *labels: object, **changes: object) -> str:
    """A sheet of as many rows, filled in; `changes` are laid over its first row."""
    picks = [Pick(answered(f"r{i}", 0.5), 1.0, "why") for i in range(len(labels))]
    frame = sheet_of(picks, SCHEMA).assign(y=[str(each) for each in labels])
    for name, value in changes.items():
        frame.loc[0, name] = value
    path = folder / "sheet.csv"
    frame.to_csv(path, index=False)
    return str(path)


def test_what_was_filled_in_comes_back_with_its_row(tmp_path: Path) -> None:
    """Rows without a label are counted and left."""
    found = read_sheet(sheet(tmp_path, "yes", "", "no"), SCHEMA)
    assert found.open == 1
    assert [(each.id, each.label) for each in found.labels] == [("r0", "yes"), ("r2", "no")]
    logged = answered("r0", 0.5)["features"]
    assert float(str(found.labels[0].features["normal"])) == logged["normal"]
    assert found.labels[0].features["kind"] == logged["kind"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y": "yess"}, r"Row 1 of '.*': 'yess' is no class of 'y'. Did you mean 'yes'"),
        ({"whole": "many"}, r"Row 1 of '.*': Column 'whole' holds 'many', not "),
        ({"whole": ""}, r"Row 1 of '.*': Column 'whole' is missing"),
        ({"request_id": ""}, "Row 1 of '.*' has no 'request_id'"),
        ({"request_row": "first"}, "'request_row' must be the row's place"),
    ],
)
def test_a_mistake_names_its_row_and_column(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_sheet(sheet(tmp_path, "yes", "no", **changes), SCHEMA)


def test_a_sheet_without_a_column_is_refused_with_its_near_miss(tmp_path: Path) -> None:
    path = sheet(tmp_path, "yes")
    pd.read_csv(path).rename(columns={"whole": "hole"}).to_csv(path, index=False)
    with pytest.raises(ConfigError, match=r"no column 'whole'.*Did you mean 'hole'"):
        read_sheet(path, SCHEMA)


def test_a_label_of_a_regression_is_a_number(tmp_path: Path) -> None:
    (label,) = read_sheet(sheet(tmp_path, "1e3"), REGRESSION).labels
    assert label.label == "1000.0"
    with pytest.raises(DataError, match="'much' is no number, which 'y' is"):
        read_sheet(sheet(tmp_path, "much"), REGRESSION)


def test_a_class_of_whole_numbers_is_read_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    numbered = replace(SCHEMA, classes=("0", "1"))
    found = read_sheet(sheet(tmp_path, "1.0", "0"), numbered)
    assert [each.label for each in found.labels] == ["1", "0"]


def test_a_sensitive_column_may_stay_empty_and_is_told(tmp_path: Path) -> None:
    """Its label counts, but no model is trained on a row of which a part is not known."""
    guarded = schema("whole")
    blank, filled = read_sheet(sheet(tmp_path, "yes", "no", whole=""), guarded).labels
    assert blank.blank == ("whole",)
    assert filled.blank == ()


def test_labels_given_twice_are_kept_once(tmp_path: Path) -> None:
    kept = store(tmp_path)
    first = read_sheet(sheet(tmp_path, "yes", ""), SCHEMA).labels
    both = read_sheet(sheet(tmp_path, "yes", "no"), SCHEMA).labels
    assert (kept.add(first).new, kept.mark() != "") == (1, True)
    mark = kept.mark()
    assert (kept.add(first).new, kept.add(first).known, kept.mark()) == (0, 1, mark)
    assert (kept.add(both).new, len(kept.files())) == (1, 2)
    assert {key: each.label for key, each in kept.read().items()} == {
        ("r0", 0): "yes",
        ("r1", 0): "no",
    }


def test_a_sheet_that_contradicts_itself_is_refused_and_named(tmp_path: Path) -> None:
    """And nothing of it is kept."""
    kept, (first, second) = store(tmp_path), read_sheet(sheet(tmp_path, "yes", "no"), SCHEMA).labels
    with pytest.raises(DataError, match="Request 'r0', row 0, is labelled 'yes' and 'no'"):
        kept.add([first, replace(second, id=first.id)])
    assert kept.mark() == ""


def came(label: str, minute: int, origin: str = "label-queue") -> Label:
    """A label of one row."""
    return Label("a", 0, label, {}, (), origin, f"2026-07-31T12:{minute:02}:00+00:00")


def test_a_label_that_comes_later_corrects_an_earlier_one_and_both_are_recorded(
    tmp_path: Path,
) -> None:
    """By whichever way each came, and in whichever order their files are read."""
    kept, labels = store(tmp_path), [came("yes", 1), came("no", 2, "feedback"), came("yes", 3)]
    added = [kept.add([each]) for each in labels]
    assert [(each.new, each.corrected) for each in added] == [(1, 0), (1, 1), (1, 1)]
    assert kept.read()["a", 0].label == "yes"
    assert [(each.label, each.origin, each.at) for each in latest(labels[:2]).values()] == [
        ("no", "feedback", "2026-07-31T12:02:00+00:00")
    ]
    told = {(each.at, each.label, each.origin) for each in kept.history()}
    assert told == {(each.at, each.label, each.origin) for each in labels}
    for order in permutations(labels):
        assert latest(order) == kept.read()


def test_an_earlier_label_that_is_handed_in_again_says_nothing_new(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add([came("no", 2)])
    late = kept.add([came("yes", 1)])
    assert (late.new, late.known) == (0, 1)
    assert kept.read()["a", 0].label == "no"


def test_what_is_counted_is_the_last_label_of_a_server_or_by_hand() -> None:
    """The hand's, where both came at once."""
    noon = datetime(2026, 7, 31, 12, tzinfo=UTC)
    sent = {("a", 0): ("no", noon + timedelta(minutes=2)), ("b", 0): ("no", noon)}
    for minute, said in ((1, "no"), (2, "yes"), (3, "yes")):
        held = {("a", 0): came("yes", minute)}
        assert known_labels(sent, held, SCHEMA) == {("a", 0): said, ("b", 0): "no"}


def test_a_row_that_is_known_in_full_takes_the_place_of_one_that_was_not(tmp_path: Path) -> None:
    kept, full = store(tmp_path), Label("a", 0, "yes", {"whole": "3"})
    assert kept.add([replace(full, features={"whole": None}, blank=("whole",))]).new == 1
    assert kept.add([full]).new == 1
    assert kept.read()["a", 0] == full


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add([Label("a", 0, "yes", {})])
    (path,) = Path(kept.root).iterdir()
    path.write_bytes(path.read_bytes().replace(b"yes", b"no"))
    with pytest.raises(DataError, match="is damaged"):
        kept.read()


def test_labels_that_servers_were_sent_find_their_row() -> None:
    """What breaks the contract, or was labelled otherwise since, is counted and left out."""
    log = [
        answered("a", 0.5),
        answered("a", 0.5),
        answered("old", 0.5, features=features(1, whole="text")),
        answered("b", 0.5),
        answered("unlabelled", 0.5),
    ]
    said = {("a", 0): "yes", ("old", 0): "no", ("b", 0): "no", ("elsewhere", 0): "no"}
    when = datetime(2026, 7, 31, 12, tzinfo=UTC)
    sent = {key: (label, when) for key, label in said.items()}
    held = Label("b", 0, "yes", {}, at=when.isoformat())
    found = join(log, sent, SCHEMA, {("b", 0): held})
    assert [(each.id, each.label, each.origin, each.came) for each in found.labels.values()] == [
        ("a", "yes", "feedback", when)
    ]
    assert (found.faulty, found.differing) == (1, 1)
    before = (when - timedelta(seconds=1)).isoformat()
    found = join(log, sent, SCHEMA, {("b", 0): replace(held, at=before)})
    assert found.labels["b", 0].label == "no"
