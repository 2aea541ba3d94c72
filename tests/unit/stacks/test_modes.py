"""What a run is told beside its pipeline."""

import pytest

from stacks.modes import maths


def test_what_decides_how_maths_is_done_goes_along_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A container has none of this machine's variables, and no business with most of them."""
    monkeypatch.setattr("os.environ", {"OPENBLAS_CORETYPE": "Haswell", "DB_PASSWORD": "hunter2"})
    assert maths() == {"OPENBLAS_CORETYPE": "Haswell"}
