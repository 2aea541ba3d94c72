"""The command line of the benchmarks."""

import pytest

from benchmarks.__main__ import REPEATS, parse


def test_without_words_everything_is_measured() -> None:
    options = parse([])
    assert (options.what, options.repeats) == ([], REPEATS)


@pytest.mark.parametrize("words", [["speed"], ["table", "job"], ["job", "--repeats", "0"]])
def test_a_word_that_means_nothing_is_a_mistake(words: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words)
    assert end.value.code == 2
