"""What a soak calls growth."""

from tests.chaos.soak.bounds import growth, of_process, steady
from tests.chaos.soak.samples import Process, Sample


def life(pid: int, memory: list[float]) -> list[Sample]:
    """The samples of a server with so much memory at each."""
    return [
        Sample(2.0 * at, {"server": Process(pid, each, 20, 9)}) for at, each in enumerate(memory)
    ]


def test_what_a_process_takes_while_it_warms_up_is_no_growth() -> None:
    """And a saw that comes back to where it was is none either."""
    assert growth([10.0] * 3 + [50.0] * 7) == 0.0
    assert growth([50.0, 60.0] * 20) == 0.0


def test_a_leak_in_any_life_is_told() -> None:
    """The life in which it grew most counts, and one that is too short tells nothing."""
    steadily, leaking = [50.0] * 20, [50.0 + place for place in range(20)]
    samples = [*life(1, steadily), *life(2, leaking), *life(3, [99.0])]
    told = {bound.name: bound for bound in of_process(samples, "server")}
    assert not told["server: memory"].held
    assert told["server: descriptors"].held
    assert [bound.held for bound in of_process(life(1, steadily), "server")] == [True] * 3


def test_a_part_that_was_never_seen_is_no_success() -> None:
    """A soak that sampled nothing has bounded nothing."""
    assert [bound.held for bound in of_process(life(1, [1.0] * 20), "loop")] == [False]


def test_costs_that_rise_are_told() -> None:
    """A row may not cost more in the second half than in the first, but for some room."""
    assert steady("a row", 100.0, 120.0, "bytes").held
    assert not steady("a row", 100.0, 200.0, "bytes").held
