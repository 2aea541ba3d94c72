"""What a detector says of windows whose truth is known: `python -m ... ARM SIZE WINDOWS`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable

from benchmarks.windows import PLANTS, SCHEMA, Rows, draw, scores

REFERENCE = 20_000
# Seeds of the windows; those of a size are the same ones for every detector.
STILL, SHIFTED = 1_000, 1_000_000
Detector = Callable[[Rows], list[str]]


def ours() -> Detector:
    """The columns that `run.py monitor` blames, by the profile of the reference."""
    from steps.monitoring.profile import count, learn
    from steps.monitoring.shift import Limits, shifts

    profile = learn(draw(REFERENCE, 0), scores(REFERENCE, 0), SCHEMA)

    def detect(rows: Rows) -> list[str]:
        found = shifts(profile.columns, count(profile.columns, rows), Limits())
        return [each.column for each in found if each.drifted]

    return detect


def evidently() -> Detector:
    """Those that Evidently's DataDriftPreset blames, as it is."""
    from benchmarks.peers.evidently_drift import blamed
    from steps.monitoring.drift import decoded

    reference = decoded(draw(REFERENCE, 0), SCHEMA)
    return lambda rows: blamed(reference, decoded(rows, SCHEMA))


ARMS = {"ours": ours, "evidently": evidently}


def counted(detect: Detector, size: int, windows: int) -> dict[str, int]:
    """In how many windows each plant was found, and in how many of those without one anything."""
    still = [detect(draw(size, STILL + number)) for number in range(windows)]
    shifted = [detect(draw(size, SHIFTED + number, shifted=True)) for number in range(windows)]
    found = Counter(name for each in shifted for name in each)
    return {"nothing": sum(bool(each) for each in still), **{name: found[name] for name in PLANTS}}


if __name__ == "__main__":
    arm, size, windows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps(counted(ARMS[arm](), size, windows)))
