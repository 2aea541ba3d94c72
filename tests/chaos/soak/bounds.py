"""What must not grow in a soak, and whether it did: growth, and never a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from tests.chaos.soak.samples import Sample

# A process takes its memory while it warms up: the first part of its life tells nothing.
WARM = 0.3
FEWEST = 12
# MiB between the middle of the first and of the second half of a life, at most.
MEMORY = 6.0
DESCRIPTORS, THREADS = 2, 1


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that is bounded.

    Args:
        told: What was seen, in words and numbers.
    """

    name: str
    told: str
    held: bool


def growth(values: Sequence[float]) -> float:
    """How much larger the values of the second half are, in the middle, than those of the first."""
    warm = values[int(len(values) * WARM) :]
    half = len(warm) // 2
    return median(warm[half:]) - median(warm[:half])


def lives(samples: Iterable[Sample], part: str) -> list[list[Sample]]:
    """The samples of a part, of each of its processes in turn, that are enough to tell."""
    held = [sample for sample in samples if part in sample.processes]
    found = groupby(held, key=lambda sample: sample.processes[part].pid)
    return [life for life in (list(some) for _, some in found) if len(life) >= FEWEST]


def of_process(samples: Sequence[Sample], part: str) -> Iterable[Bound]:
    """A process's memory, descriptors and threads, in the life in which they grew most."""
    each = lives(samples, part)
    if not each:
        yield Bound(f"{part}: a life that is long enough", "none", held=False)
        return
    limits = {"memory": MEMORY, "descriptors": DESCRIPTORS, "threads": THREADS}
    for name, limit in limits.items():
        values = [[float(getattr(s.processes[part], name)) for s in life] for life in each]
        worst = max(values, key=growth)
        unit = " MiB" if name == "memory" else ""
        told = f"{median(worst):.0f}{unit}, grown by {growth(worst):+.1f}, at most {limit:g}"
        yield Bound(f"{part}: {name}", told, growth(worst) <= limit)


def of_folder(samples: Sequence[Sample], name: str, limit: float) -> Bound:
    """A folder that must stay below a size, in MiB."""
    largest = max(sample.folders[name] for sample in samples)
    return Bound(name, f"at most {largest:.1f} of {limit:g} MiB", largest <= limit)


def steady(name: str, first: float, second: float, unit: str, room: float = 1.3) -> Bound:
    """What each row or each run costs, in the first and in the second half."""
    told = f"{first:.3g} {unit} in the first half, {second:.3g} in the second"
    return Bound(name, told, second <= first * room)
