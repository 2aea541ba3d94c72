"""Rows that stay on their side."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes

from serving.errors import ConfigError, DataError
from steps.data.hashing import row_hash
from steps.data.settings import SplitSettings
from steps.data.split import deal, held_out

TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
TABLES = data_frames(
    [
        column("n", elements=st.integers(-(2**50), 2**50)),
        column("f", elements=st.floats(allow_infinity=False)),
        column("t", elements=TEXT, dtype=object),
    ],
    index=range_indexes(min_size=1, max_size=30),
)
NAMES = ("n", "f", "t")


@settings(max_examples=20, deadline=None)
@given(TABLES, st.integers(0, 2**40))
def test_a_row_keeps_its_hash_in_any_company(table: pd.DataFrame, seed: int) -> None:
    """The order and number of rows, and the order of columns, change no row's hash."""
    hashes = row_hash(table, NAMES, seed)
    order = np.random.default_rng(seed).permutation(len(table))
    kept = order[: max(1, len(order) // 2)]
    np.testing.assert_array_equal(row_hash(table.iloc[kept], NAMES[::-1], seed), hashes[kept])


@settings(max_examples=20, deadline=None)
@given(TABLES)
def test_equal_rows_have_one_hash(table: pd.DataFrame) -> None:
    """Duplicates cannot be parted, whatever type their numbers were read as."""
    as_floats = table.assign(n=table["n"].astype("float64"), t=table["t"].astype("category"))
    as_read = table.assign(f=table["f"].where(table["f"] != 0, -table["f"]))
    hashes = row_hash(table, NAMES)
    np.testing.assert_array_equal(row_hash(as_floats, NAMES), hashes)
    np.testing.assert_array_equal(row_hash(as_read, NAMES), hashes)


def test_hashes_never_change() -> None:
    """These numbers are written down: another result would move rows between the sides."""
    frame = pd.DataFrame(
        {
            "a": [1, 2, 3],
            "b": [0.5, None, -0.0],
            "c": ["x", "é", None],
            "d": [True, False, True],
            "e": pd.to_datetime(["2024-01-01", None, "1999-12-31"]),
        }
    )
    # The first number of SplitMix64 with seed 0, as its authors give it.
    assert row_hash(frame, [], seed=0)[0] == 0xE220A8397B1DCDAF
    assert row_hash(frame, list(frame), seed=1).tolist() == [
        1_319_241_054_841_394_112,
        4_369_388_925_136_824_859,
        10_423_247_960_404_275_573,
    ]


def test_every_column_seed_and_name_counts() -> None:
    """Rows that differ anywhere differ in their hash, and so do seeds and columns."""
    frame = pd.DataFrame({"a": [1, 1, 2, 2], "b": ["x", "y", "x", "y"]})
    every = [row_hash(frame, names, seed) for names in (["a", "b"], ["a"]) for seed in (0, 1)]
    assert len(set(every[0])) == 4
    assert len({int(hashes[0]) for hashes in every}) == 4
    swapped = pd.DataFrame({"a": ["x"], "b": [1]})
    assert row_hash(swapped, ["a", "b"])[0] not in every[0]


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_share_is_about_what_was_asked(share: float) -> None:
    """Of many rows nearly the share asked for is held out, for any seed."""
    frame = pd.DataFrame({"a": np.arange(20_000)})
    for seed in range(3):
        test = held_out(frame, SplitSettings(test_share=share, seed=seed), ["a"])
        assert test.mean() == pytest.approx(share, abs=0.01)


def test_a_larger_test_holds_the_smaller_one() -> None:
    """Rows move to the test alone when its share grows."""
    frame = pd.DataFrame({"a": np.arange(2_000)})
    small, large = (held_out(frame, SplitSettings(test_share=s), ["a"]) for s in (0.2, 0.3))
    assert (large | ~small).all()


def test_new_rows_move_no_old_one(table: pd.DataFrame) -> None:
    """A table that grew is dealt as before as far as it was there before."""
    names = ["age", "income", "city"]
    before = held_out(table[:300], SplitSettings(), names)
    np.testing.assert_array_equal(held_out(table, SplitSettings(), names)[:300], before)


def test_groups_stay_together() -> None:
    """All rows of a group are on one side, and other columns do not matter."""
    frame = pd.DataFrame({"group": np.arange(2_000) % 100, "x": np.arange(2_000)})
    test = held_out(frame, SplitSettings(by="group", column="group"), ["x"])
    assert frame.assign(test=test).groupby("group")["test"].nunique().max() == 1
    assert 0.1 < test.mean() < 0.3


def test_the_last_rows_are_the_test() -> None:
    """By time everything from the cut-off on is held out, and the cut-off is told."""
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(100) // 2, unit="D")
    frame = pd.DataFrame({"day": days})[::-1].reset_index(drop=True)
    split = deal(frame, SplitSettings(by="time", column="day", test_share=0.21), [])
    assert split.cutoff == "2024-02-09T00:00:00"
    assert split.held_out.sum() == 22
    assert frame["day"][split.held_out].min() > frame["day"][~split.held_out].max()


def test_impossible_splits_are_refused(table: pd.DataFrame) -> None:
    """An absent column, a gap, a column without times and a side too small each say so."""
    with pytest.raises(ConfigError, match=r"'sinc' \(split\.column\)\. Did you mean 'since'"):
        deal(table, SplitSettings(by="time", column="sinc"), [])
    with pytest.raises(DataError, match="'income' is missing in 37 rows, so that no group"):
        deal(table, SplitSettings(by="group", column="income"), [])
    with pytest.raises(ConfigError, match="'city' holds no times"):
        deal(table, SplitSettings(by="time", column="city"), [])
    with pytest.raises(DataError, match=r"leaves \d rows for the test; at least 10"):
        deal(table, SplitSettings(test_share=0.01), ["age", "income"])
    with pytest.raises(DataError, match="leaves 0 rows for the training"):
        deal(table.assign(day=1), SplitSettings(by="time", column="day"), [])
    with pytest.raises(ConfigError, match=r"needs split\.column"):
        SplitSettings(by="group")
