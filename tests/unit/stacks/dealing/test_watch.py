"""When a run that is watched in two places is over, and what is said of its end."""

from collections.abc import Iterator

import pytest

from serving.errors import RunError
from stacks.flavors.dealing.outcome import outcome_of
from stacks.flavors.dealing.watch import Look, Lost, Watch

RUNNING = Look("RUNNING", "running", {"fit": "running"})
DONE = Look("SUCCEEDED", "completed", {"fit": "completed"})
FAILED = Look("FAILED", "failed", {"fit": "failed"})
DIED = Look("FAILED", "running", {"fit": "running"}, "fit: OOMKilled")


def watch(*looks: Look | Lost, patience: float = 60, timeout: float = 60) -> Watch:
    """A watch over a run that looks so, one after the other, and stays as it was last."""
    left: Iterator[Look | Lost] = iter(looks)
    last = looks[-1]

    def look() -> Look:
        seen = next(left, last)
        if isinstance(seen, Lost):
            raise seen
        return seen

    return Watch(look, told.__setitem__, 0.001, patience, timeout)


told: dict[str, str] = {}


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        ((RUNNING, DONE), DONE),
        ((RUNNING, Look("RUNNING", "completed"), DONE), DONE),
        ((RUNNING, FAILED), FAILED),
        ((RUNNING, DIED), DIED),
        ((Look("PENDING", "provisioning"), Lost("away"), RUNNING, DONE), DONE),
    ],
)
def test_a_run_is_over_when_both_say_so_or_no_pod_is_left(
    looks: tuple[Look | Lost, ...], last: Look
) -> None:
    assert watch(*looks).until_the_end() == last


def test_every_step_is_told_of() -> None:
    told.clear()
    watch(RUNNING, DONE).until_the_end()
    assert told == {"fit": "completed"}


def test_a_run_that_kubeflow_never_ends_is_over_when_zenml_says_so_for_long_enough() -> None:
    stuck = Look("RUNNING", "completed")
    assert watch(stuck, patience=0.01).until_the_end() == stuck
    assert not stuck.has_failed


def test_a_kubeflow_that_never_answers_again_is_an_error() -> None:
    with pytest.raises(RunError, match="does not answer any more: away"):
        watch(RUNNING, Lost("away"), patience=0.01).until_the_end()


def test_a_run_that_takes_too_long_is_told_apart() -> None:
    with pytest.raises(TimeoutError):
        watch(RUNNING, timeout=0.01).until_the_end()


def test_a_pod_that_died_is_told_with_kubeflows_own_word() -> None:
    assert DIED.has_failed
    assert outcome_of(DIED) == (
        "Kubeflow says FAILED (fit: OOMKilled) and ZenML heard nothing of it: "
        "a pod died while fit was at work."
    )


def test_a_success_of_which_zenml_knows_nothing_is_none() -> None:
    seen = Look("SUCCEEDED", "running", {"fit": "running"})
    assert seen.has_failed
    assert "a pod died while fit was at work" in outcome_of(seen)
