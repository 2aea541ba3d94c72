"""The microservice's environment: found, built once, and never taken half built."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving import seldon_environment
from serving.errors import DeployError
from serving.seldon_environment import BUILT, build, folder, identity, python

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of requirements that asks for nothing, and a cache of this test alone."""
    path = tmp_path / "requirements.txt"
    path.write_text("# nothing\n")
    monkeypatch.setattr(seldon_environment, "REQUIREMENTS", path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def test_it_is_built_once_and_found_again(empty: Path) -> None:
    """Also by two deployments at once."""
    with ThreadPoolExecutor(2) as pool:
        both = set(pool.map(lambda _: python(), range(2)))
    first = both.pop()
    assert not both
    made = (first.parent.parent / BUILT).stat().st_mtime_ns
    assert python() == first
    assert (first.parent.parent / BUILT).stat().st_mtime_ns == made
    empty.write_text("# something else\n")
    assert python() != first


@pytest.mark.usefixtures("empty")
def test_one_left_half_built_is_built_anew() -> None:
    place = python().parent.parent
    (place / BUILT).unlink()
    (place / "torn").touch()
    assert (python().parent.parent / BUILT).exists()
    assert not (place / "torn").exists()


def test_a_build_that_fails_says_why_and_is_not_taken_for_one(empty: Path, tmp_path: Path) -> None:
    empty.write_text("not a requirement !\n")
    with pytest.raises(DeployError, match=r"was not built: (?s:.*)not a requirement"):
        build(tmp_path / "failed", empty)
    assert not (tmp_path / "failed" / BUILT).exists()


def test_it_lies_in_the_users_cache() -> None:
    assert folder({"XDG_CACHE_HOME": "/elsewhere"}) == Path("/elsewhere/switchyard")
    assert folder({}) == Path("~/.cache/switchyard").expanduser()
    assert identity(b"one") != identity(b"two")


def test_it_answers_with_the_onnxruntime_that_training_checks_exports_with() -> None:
    """Version 1.26.0 gives a forest of two classes negative probabilities."""
    pins = [
        re.findall(r"^onnxruntime==(.*)$", (ROOT / path).read_text(), re.MULTILINE)
        for path in (
            "requirements.txt",
            "serving/requirements.txt",
            "serving/seldon-requirements.txt",
        )
    ]
    assert pins[0] == pins[1] == pins[2]
