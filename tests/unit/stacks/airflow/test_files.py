"""The files by which Airflow gets to know a pipeline."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from stacks.flavors.airflow import files

Config = dict[str, object]
ONCE: Config = {"id": "once_1", "tags": ["switchyard"], "schedule": "@once"}
NIGHTLY: Config = {**ONCE, "id": "nightly_1", "schedule": "0 3 * * *", "end_date": None}


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The usual one, which lets everyone read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def write(folder: Path, config: Config) -> Path:
    """A DAG's file."""
    path = folder / f"{config['id']}.zip"
    files.write(path, b"print()", json.dumps(config), 0o640)
    return path


def test_nobody_else_may_read_the_token_whatever_the_umask_says(tmp_path: Path) -> None:
    path = write(tmp_path, ONCE)
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.stat().st_gid == tmp_path.stat().st_gid
    with ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["config.json", "dag.py"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_written_anew_over_what_an_attempt_left(tmp_path: Path) -> None:
    (tmp_path / "once_1.part").write_text("half")
    assert files.read(write(tmp_path, ONCE)) == ONCE
    assert files.read(write(tmp_path, {**ONCE, "schedule": "@daily"})) != ONCE


def test_what_others_keep_there_is_nothing_of_these(tmp_path: Path) -> None:
    write(tmp_path, {**ONCE, "tags": []})
    (tmp_path / "torn.zip").write_bytes(b"PK")
    with ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("dag.py", "")
    assert files.ours(tmp_path) == {}


def test_a_schedule_is_over_once_it_has_ended_and_a_single_run_at_once(tmp_path: Path) -> None:
    once, nightly = write(tmp_path, ONCE), write(tmp_path, NIGHTLY)
    assert files.ours(tmp_path) == {"once_1": once}
    assert files.ended(nightly, 0o600)
    assert not files.ended(tmp_path / "gone.zip", 0o600)
    assert files.ours(tmp_path) == {"once_1": once, "nightly_1": nightly}
    assert nightly.stat().st_mode & 0o777 == 0o600
    with ZipFile(nightly) as archive:
        assert archive.read("dag.py") == b"print()"


def test_an_end_that_has_passed_is_not_put_off(tmp_path: Path) -> None:
    """Airflow would make up for what was due since then."""
    past = {**NIGHTLY, "end_date": "2020-01-01T00:00:00Z"}
    path = write(tmp_path, past)
    assert files.ended(path, 0o600)
    assert files.read(path) == past


def test_an_end_to_come_is_none(tmp_path: Path) -> None:
    write(tmp_path, {**NIGHTLY, "end_date": "2999-01-01T00:00:00"})
    assert files.ours(tmp_path) == {}
