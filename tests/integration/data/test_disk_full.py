"""A real disk that is full."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from zenml.artifact_stores.local_artifact_store import (
    LocalArtifactStore,
    LocalArtifactStoreConfig,
)
from zenml.enums import StackComponentType

from serving.errors import RunError
from steps.data.materializer import SchemaMaterializer, TableMaterializer
from tests.unit.data.tables import customers, schema_of


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def store_on(disk: Path) -> LocalArtifactStore:
    """ZenML's local artifact store in this folder."""
    now = datetime.now(UTC)
    return LocalArtifactStore(
        name="small",
        id=uuid4(),
        config=LocalArtifactStoreConfig(path=str(disk)),
        flavor="local",
        type=StackComponentType.ARTIFACT_STORE,
        user=None,
        created=now,
        updated=now,
    )


@pytest.mark.fault(
    kind="disk full",
    where="a step's table",
    promise="The path is named; there is no traceback.",
    then="the next run, with room",
)
def test_a_table_that_does_not_fit_names_its_path(small_disk: Path) -> None:
    """A full disk ends the run with the path and the way on, not with a stack trace."""
    frame = pd.DataFrame({"noise": np.random.default_rng(0).random(300_000)})
    materializer = TableMaterializer(f"{small_disk}/table", store_on(small_disk))
    with pytest.raises(RunError, match=r"No space left for '.*/disk/table/table\.parquet'"):
        save(materializer, small_disk, frame)


def test_a_schema_that_does_not_fit_names_its_path(small_disk: Path) -> None:
    """A small file fails as clearly as a large one."""
    (small_disk / "filling").write_bytes(b"x" * (1 << 20))
    materializer = SchemaMaterializer(f"{small_disk}/schema", store_on(small_disk))
    with pytest.raises(RunError, match="No space left for"):
        save(materializer, small_disk, schema_of(customers()))


def test_what_fits_comes_back_as_it_was(small_disk: Path) -> None:
    """A table and a schema survive their storage, every type of column included."""
    table = customers()
    table["flag"] = pd.Series([True, None] * 200, dtype="boolean")
    for materializer, data in (
        (TableMaterializer(f"{small_disk}/table", store_on(small_disk)), table),
        (SchemaMaterializer(f"{small_disk}/schema", store_on(small_disk)), schema_of(table)),
    ):
        save(materializer, small_disk, data)
        back = materializer.load(type(data))
        assert materializer.compute_content_hash(back) == materializer.compute_content_hash(data)


def save(materializer: object, disk: Path, data: object) -> None:
    """Store data where a step's output would go."""
    for name in ("table", "schema"):
        (disk / name).mkdir(exist_ok=True)
    materializer.save(data)  # type: ignore[attr-defined]
