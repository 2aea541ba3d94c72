"""Which stacks keep a schedule, and which schedule is meant."""

from types import SimpleNamespace
from typing import Any

import pytest

from serving.errors import ConfigError
from stacks.schedules import chosen, require_keeper, require_starter
from stacks.schema import read_stack


@pytest.mark.parametrize("name", ["local", "docker", "kubeflow-rehearsal"])
def test_a_stack_that_keeps_no_schedule_names_the_ways_on(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        require_keeper(read_stack(name))
    said = str(refused.value)
    assert said.startswith(f"The stack '{name}' keeps no schedules")
    assert "python run.py loop" in said
    assert f"0 3 * * * python run.py --stack {name}" in said


@pytest.mark.parametrize("name", ["airflow", "kubeflow", "kubernetes"])
def test_a_cluster_keeps_schedules(name: str) -> None:
    require_keeper(read_stack(name))


@pytest.mark.parametrize("name", ["local", "kubernetes"])
def test_a_stack_that_starts_nothing_by_itself_watches_no_model(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"'{name}' cannot watch a model .*loop --every 24h"):
        require_starter(read_stack(name))
    for name in ("airflow-seldon", "kubeflow"):
        require_starter(read_stack(name))


def test_where_nothing_is_served_nothing_is_watched() -> None:
    with pytest.raises(ConfigError, match=r"'airflow' serves no model .*--stack airflow-seldon"):
        require_starter(read_stack("airflow"))


def held(*names: str) -> list[Any]:
    """Schedules as ZenML gives them."""
    return [SimpleNamespace(name=name) for name in names]


def test_the_only_schedule_is_meant_where_none_is_named() -> None:
    assert chosen(None, held("flights-late")).name == "flights-late"
    assert chosen("b", held("a", "b")).name == "b"


@pytest.mark.parametrize(
    ("asked", "known", "said"),
    [
        (None, [], "Nothing is scheduled"),
        (None, ["a", "b"], "Say which one: .* Known: a, b"),
        ("flight-late", ["flights-late", "b"], "Did you mean 'flights-late'"),
    ],
)
def test_an_unclear_name_is_answered_with_what_there_is(
    asked: str | None, known: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        chosen(asked, held(*known))
