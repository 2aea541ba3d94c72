"""What a schedule refuses before anything is done."""

import pytest

from commands.schedule import require_elsewhere
from serving.errors import ConfigError


@pytest.mark.parametrize("data", ["trades.csv", "~/trades", "file:///trades.csv", "sqlite:///t.db"])
def test_a_table_of_this_machine_is_refused_by_its_key(data: str) -> None:
    """No tick could read it: its steps run on other machines."""
    with pytest.raises(ConfigError) as refused:
        require_elsewhere(data)
    assert str(refused.value).startswith(f"Run config key 'data.data': '{data}' is a file of this")
    assert "--data s3://BUCKET/TABLE.parquet" in str(refused.value)


@pytest.mark.parametrize(
    "data", ["flights", "s3://bucket/t.csv", "https://host/t.csv", "postgresql+psycopg2://db/shop"]
)
def test_a_table_that_any_machine_reads_is_not(data: str) -> None:
    """A demo's table comes with the packages of each step."""
    require_elsewhere(data)
