"""What is done about the cost of starting."""

import gc

import pytest

from stacks.startup import loading


def test_the_collector_rests_while_modules_load_and_works_again_after() -> None:
    try:
        with loading():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_the_collector_works_again_after_an_import_that_failed() -> None:
    try:
        with pytest.raises(ImportError), loading():
            raise ImportError("no such module")
        assert gc.isenabled()
    finally:
        gc.unfreeze()
