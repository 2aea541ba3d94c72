"""Soak a server and its loop: `python -m tests.chaos.soak --minutes 30` or `make soak MINUTES=30`.

The exit status is 1 where anything grew that must not, or was lost.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.faults import PAGE
from tests.chaos.soak.bounds import Bound
from tests.chaos.soak.story import soak
from tests.chaos.soak.verdict import bounds
from tests.workplace import Workplace

BEGIN, END = "<!-- soak: written by `make soak` -->", "<!-- end of soak -->"


def main(words: list[str]) -> int:
    """Soak, then tell what was bounded."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=25, help="requests a second")
    parser.add_argument("--write", action="store_true", help="write it into docs/reliability.md")
    options = parser.parse_args(words)
    with TemporaryDirectory(prefix="soak-") as folder:
        found = soaked_in(Workplace(Path(folder)), options.minutes, options.rate)
    head = f"{options.minutes:g} minutes, {options.rate:g} requests a second"
    for bound in found:
        print(f"{'held' if bound.held else 'BROKEN':<7} {bound.name:<24} {bound.told}")
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(written(page, head, found), encoding="utf-8")
    return 0 if all(bound.held for bound in found) else 1


def soaked_in(place: Workplace, minutes: float, rate: float) -> list[Bound]:
    """What a soak in this place came to."""
    try:
        soaked = soak(place, minutes, rate)
    finally:
        place.stop_servers()
    (store,) = (place.home / "stores").glob("*/predictions")
    return bounds(soaked, store, rate)


def written(page: str, head: str, found: list[Bound]) -> str:
    """The page with a soak's numbers in their place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [f"| {bound.name} | {bound.told} |" for bound in found]
    table = "\n".join([f"| {head} | seen |", "|---|---|", *lines])
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
