"""What a soak came to: each bound with its numbers."""

import gzip
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from serving.shipping.blocks import rows_of
from tests.chaos.soak.bounds import Bound, of_folder, of_process, steady
from tests.chaos.soak.samples import MIB, Sample
from tests.chaos.soak.story import KEEP_MB, SEGMENT_MB, Soaked

# MiB that a look of the loop, or the retraining that follows it, may leave in all stores.
A_LOOK = 4.0
VERSIONS = 5.0


def bounds(soaked: Soaked, store: Path, rate: float) -> list[Bound]:
    """Everything that is bounded.

    Args:
        store: Where the rows were shipped to, after the server's end.
        rate: Requests a second: so many rows may go with each kill.
    """
    samples = soaked.sampler.samples
    return [
        *(bound for part in ("server", "shipper", "loop") for bound in of_process(samples, part)),
        of_folder(samples, "log", KEEP_MB + SEGMENT_MB),
        of_folder(samples, "versions", VERSIONS),
        *answers(soaked),
        rows(soaked, store, rate),
        a_row(soaked, samples),
        *looks(soaked, samples),
    ]


def answers(soaked: Soaked) -> list[Bound]:
    """Requests that failed, but for those between a kill and the answer of what came after it."""
    asked = soaked.load.asked
    failed = [each for each in asked if each.status != 200]
    strange = [each for each in failed if not in_outage(each.at, soaked)]
    told = f"{len(asked):,}, {len(failed)} failed, all of them while the server was killed"
    if strange:
        told = f"{len(asked):,}, {len(strange)} failed while the server lived"
    return [
        Bound("requests", told, not strange),
        Bound("rolls", f"{soaked.rolls}, {len(soaked.outages)} kills of the server", held=True),
    ]


def in_outage(at: float, soaked: Soaked) -> bool:
    """Whether a request met a server that was killed; one was under way when it was."""
    return any(begun - 0.5 <= at <= ended for begun, ended in soaked.outages)


def rows(soaked: Soaked, store: Path, rate: float) -> Bound:
    """Every answered row is in the store, once, but for the last second before a kill."""
    held = ids(store)
    answered = {f"soak-{n}" for n, each in enumerate(soaked.load.asked) if each.status == 200}
    lost, twice = len(answered - set(held)), len(held) - len(set(held))
    allowed = int(rate * len(soaked.outages))
    told = (
        f"{len(answered):,} answered, {lost} lost with {len(soaked.outages)} kills, {twice} twice"
    )
    return Bound("rows in the log's store", told, lost <= allowed and not twice)


def ids(store: Path) -> list[str]:
    """The ids of the rows in the store that the load has sent."""
    segments = (gzip.decompress(path.read_bytes()) for path in store.rglob("*.jsonl.gz"))
    found = (str(row.get("id")) for segment in segments for row in rows_of(segment))
    return [name for name in found if name.startswith("soak-")]


def a_row(soaked: Soaked, samples: Sequence[Sample]) -> Bound:
    """What a row costs in the store."""
    middle = len(samples) // 2
    times = [soaked.begun, samples[middle].at, samples[-1].at]
    sizes = [samples[place].folders["rows"] for place in (0, middle, -1)]
    sent = [
        sum(begin <= each.at < end for each in soaked.load.asked) for begin, end in pairwise(times)
    ]
    grown = [MIB * (after - before) for before, after in pairwise(sizes)]
    costs = [each / max(n, 1) for each, n in zip(grown, sent, strict=True)]
    return steady("the store's bytes a row", costs[0], costs[1], "bytes", room=1.5)


def looks(soaked: Soaked, samples: Sequence[Sample]) -> list[Bound]:
    """What the loop said, and what its runs leave behind."""
    # The end of the soak may come into the middle of a look.
    said = [look for look in soaked.looks if not str(look.get("error")).startswith("interrupted")]
    words = [str(each.get("outcome", each.get("error"))) for each in said]
    trained = sum("training" in (each.get("action") or {}) for each in said)
    grown = samples[-1].folders["stores"] - samples[0].folders["stores"]
    grown -= samples[-1].folders["rows"] - samples[0].folders["rows"]
    each = grown / max(len(said) + trained, 1)
    told = f"{len(said)}, and {trained} retrainings that followed"
    return [
        Bound("looks of the loop", told, all("outcome" in each for each in said) and bool(said)),
        Bound("looks that say drift", str(words.count("drift")), "drift" in words),
        Bound("stores, a look", f"{each:.2f} MiB, at most {A_LOOK:g}", each <= A_LOOK),
    ]
