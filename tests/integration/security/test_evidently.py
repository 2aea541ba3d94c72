"""Evidently's page, which writes names of the table into a script."""

import json
import re

import pandas as pd
import pytest

from serving.errors import RunError
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, ValidationSettings
from steps.data.validate import check_table
from steps.monitoring import drift
from steps.monitoring.drift import compare_rows

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def page() -> str:
    """Evidently's page on a table whose names and categories are hostile."""
    table = pd.DataFrame(
        {
            HOSTILE: [i * 7 % 41 / 4 for i in range(300)],
            "city": ["ok", HOSTILE, "b"] * 100,
            "y": [0, 1] * 150,
        }
    )
    checks = check_table(table, ColumnSettings(target="y"), ValidationSettings())
    schema = learn_schema(table, checks.features, "y", checks.task, ValidationSettings())
    later = table.assign(**{HOSTILE: table[HOSTILE] + 3})
    return compare_rows(table, later, schema, rows=300, seed=0)[1]


def test_a_name_ends_no_script_of_evidentlys_page(page: str) -> None:
    """It stays what it is inside the page's data, and nowhere else."""
    assert HOSTILE not in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    (line,) = re.findall(r"^ *var metric_[0-9a-f]{32} = (.*);$", page, re.MULTILINE)
    assert HOSTILE in json.dumps(json.loads(line), ensure_ascii=False)


def test_a_page_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer Evidently may write its data elsewhere."""
    monkeypatch.setattr(drift, "_page", lambda snapshot: f"<script>let a = '{snapshot}'</script>")
    with pytest.raises(RunError, match="another form"):
        drift._drawn(HOSTILE)
