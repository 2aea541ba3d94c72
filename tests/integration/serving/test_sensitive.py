"""From a table to the shipped log, no value of a sensitive column is found in any file."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from serving.bundle import write_bundle
from serving.model import Model
from serving.openapi import seldon_body, v2_body
from serving.resident import serve, stop
from serving.shipping.settings import LogSettings, write_settings
from serving.spec import ServiceSpec
from steps.data.dtypes import normalise
from steps.data.schema import json_value
from steps.data.settings import ColumnSettings
from steps.deployment.smoke import ask
from tests.integration.serving.shipping import shipped
from tests.unit.data.tables import schema_of
from tests.unit.serving.tiny import onnx

ROWS = 300
ASKED = ColumnSettings(target="bought", sensitive=("salary", "village", "born"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Rows that could name somebody: a salary, a village and a day of birth each."""
    rng = np.random.default_rng(5)
    villages = [f"Hinterdorf-{number // 3}" for number in range(ROWS)]
    days = pd.to_timedelta(rng.integers(0, 9000, ROWS), "D")
    columns = {
        "visits": rng.integers(0, 30, ROWS),
        "salary": rng.integers(20_000, 90_000, ROWS) + 0.125,
        "village": np.where(rng.random(ROWS) < 0.5, "Town", villages),
        "born": pd.Timestamp("1950-03-07T04:05:06") + days,
        "bought": rng.choice(["yes", "no"], ROWS),
    }
    return normalise(pd.DataFrame(columns))


def values_of(table: pd.DataFrame) -> set[bytes]:
    """Every sensitive value as text; the one village that hundreds share is a category."""
    texts = {f"{value:.3f}" for value in table["salary"]} | set(table["village"]) - {"Town"}
    return {text.encode() for text in texts | {str(day)[:10] for day in table["born"]}}


def files(*roots: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file and what it holds."""
    for path in (path for root in roots for path in root.rglob("*") if path.is_file()):
        data = path.read_bytes()
        yield path, gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.parametrize("how", ["hash", "omit"])
def test_no_sensitive_value_is_found_in_any_file(
    table: pd.DataFrame, home: Path, tmp_path: Path, how: str
) -> None:
    schema = schema_of(table, ASKED)
    bundle, store = tmp_path / "bundle", tmp_path / "store"
    made = write_bundle(bundle, onnx(len(schema.columns)), schema, name="shop", version="1")
    home.mkdir()
    write_settings(home, LogSettings(str(store), sensitive=how))  # type: ignore[arg-type]
    endpoint = serve(home, ServiceSpec("shop", "1", str(bundle), made.digest))
    rows = [
        {each.name: json_value(table[each.name].iloc[n], each) for each in schema.columns}
        for n in range(ROWS)
    ]
    smoked = ask(endpoint.predict_url, endpoint.seldon_url, Model.load(bundle))
    with httpx.Client(trust_env=False) as client:
        assert client.post(endpoint.predict_url, json=v2_body(schema, rows)).status_code == 200
        for row in rows[:20]:
            assert (
                client.post(endpoint.seldon_url, json=seldon_body(schema, [row])).status_code == 200
            )
            wrong = {**row, "salary": row["village"], "born": row["salary"]}
            refused = client.post(endpoint.predict_url, json=v2_body(schema, [wrong]))
            assert refused.status_code == 400
            assert not found(values_of(table), refused.content)
        pages = [client.get(f"{endpoint.url}{path}").content for path in ("/docs", "/openapi.json")]
    stop(home)
    values = values_of(table)
    assert not [path for path, data in files(home, bundle, store) if found(values, data)]
    assert not [page for page in [*pages, repr(smoked).encode()] if found(values, page)]
    logged = shipped(store)
    assert len(logged) >= ROWS + 20
    kept = {"visits"} if how == "omit" else {"visits", "salary", "village", "born"}
    assert set(logged[0]["features"]) == kept


def found(values: set[bytes], data: bytes) -> list[bytes]:
    """Which of the values the data holds."""
    return [value for value in values if value in data]
