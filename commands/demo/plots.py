"""The plots of the story, as SVG that takes its colours from the page, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np

from commands.demo.plants import MOVED
from commands.demo.tale import AGREEMENT, Document, Tale, measure_of
from commands.demo.timeline import Event
from commands.demo.traffic import Answer

# What matplotlib draws with, and the page's own colour that takes its place.
INK, SOFT, GRID, PAST = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04"
MARK, BAD, WATCH, PAPER = "#0a0b05", "#0a0b06", "#0a0b07", "#0a0b08"
NAMES = ("ink", "soft", "line", "past", "mark", "bad", "watch", "paper")
COLOURS = dict(zip((INK, SOFT, GRID, PAST, MARK, BAD, WATCH, PAPER), NAMES, strict=True))
VERSIONS = (PAST, MARK, BAD)
BINS = 120
# In inches: a plot for half a page or a phone, and one for the whole width.
NARROW, WIDE = 4.3, 8.8


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot with its words; the wide form is for a screen that has room for it."""

    title: str
    about: str
    svg: str
    wide: str = ""


def plots(tale: Tale, events: Sequence[Event]) -> list[Drawn]:
    """Every plot that the story came far enough for."""
    found = [traffic(tale.answers, events)] if tale.answers else []
    if tale.quiet and tale.drifted and tale.quiet["columns"] and tale.drifted["columns"]:
        found.append(columns(tale.quiet["columns"], tale.drifted["columns"]))
    measured = list(measures(tale))
    if measured:
        found.append(metric(measured))
    tried = list(trials(tale))
    return [*found, agreement(tried)] if tried else found


def traffic(answers: Sequence[Answer], events: Sequence[Event]) -> Drawn:
    """Who answered when, with the numbers of what was planted."""
    times = np.array([answer.at for answer in answers if answer.version])
    versions = np.array([answer.version for answer in answers if answer.version])
    known = sorted({*versions.tolist()})

    def draw(axes: Any) -> None:
        edges = np.linspace(times.min(), times.max(), BINS + 1)
        total = np.maximum(np.histogram(times, edges)[0], 1)
        base = np.zeros(BINS)
        for place, version in enumerate(known):
            share = np.histogram(times[versions == version], edges)[0] / total
            colour = VERSIONS[place % len(VERSIONS)]
            axes.stairs(base + share, edges, baseline=base, fill=True, color=colour,
                        label=f"version {version}")  # fmt: skip
            base = base + share
        for place, event in enumerate(planted(events), 1):
            axes.axvline(event.at, ymax=1.0, color=INK, linewidth=1, linestyle=(0, (3, 3)))
            axes.annotate(str(place), (event.at, 1.08), ha="center", va="center", fontsize=8,
                          color=PAPER, annotation_clip=False,
                          bbox={"boxstyle": "circle,pad=0.25", "fc": INK, "lw": 0})  # fmt: skip
        axes.set(xlim=(times.min(), times.max()), ylim=(0, 1), xlabel="seconds of the story")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.36), ncols=3, handlelength=1)

    about = "Share of the answers by version. " + " ".join(
        f"({place}) {event.what}." for place, event in enumerate(planted(events), 1)
    )
    small, large = drawn("traffic", draw, NARROW, 2.2), drawn("traffic-wide", draw, WIDE, 2.0)
    return Drawn("Who answered", about, small, large)


def planted(events: Iterable[Event]) -> list[Event]:
    """What was planted, in its order."""
    return [event for event in events if event.kind == "planted"]


def columns(quiet: Sequence[Document], changed: Sequence[Document]) -> Drawn:
    """How far each column lay from training, in quiet traffic and after the change."""
    before = {each["column"]: each["value"] for each in quiet}
    shown = sorted(changed, key=lambda each: each["value"])

    def draw(axes: Any) -> None:
        for place, each in enumerate(shown):
            old, new = (max(value, 1e-3) for value in (before[each["column"]], each["value"]))
            colour = WATCH if each["drifted"] else MARK
            axes.plot([old, new], [place, place], color=GRID, linewidth=2, zorder=1)
            axes.scatter([old], [place], s=18, color=PAST, zorder=2)
            axes.scatter([new], [place], s=24, color=colour, zorder=3)
        limit = max(each["threshold"] for each in shown)
        axes.axvline(limit, color=INK, linewidth=1, linestyle=(0, (3, 3)))
        axes.set(xscale="log", xlabel=f"{shown[0]['test']} (dashed: the limit, {limit:.3g})")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_yticks(range(len(shown)), [each["column"] for each in shown])
        axes.grid(axis="x", color=GRID, linewidth=0.5)

    about = (
        f"Grey: quiet traffic. Colour: after the change, which moved {' and '.join(MOVED)} and "
        "nothing else that a request holds."
    )
    return Drawn("Which columns moved", about, drawn("columns", draw, NARROW, 4.6))


def measures(tale: Tale) -> Iterable[tuple[str, Document, str]]:
    """The metric through the story: where, the score, and whether it was held out in training."""
    for name, said in (("quiet", tale.quiet), ("changed", tale.degraded), ("now", tale.recovered)):
        found = said["performance"] if said else None
        if said is None or found is None:
            continue
        version = said["version"]
        if name != "changed":
            yield f"training,\nversion {version}", found["before"], PAST
        after = {"quiet": "quiet\ntraffic", "changed": "after the\nchange", "now": "retrained"}
        yield after[name], found["now"], BAD if found["degraded"] else MARK


def metric(found: Sequence[tuple[str, Document, str]]) -> Drawn:
    """The metric with its interval, from the first training to the last look."""

    def draw(axes: Any) -> None:
        for place, (_, score, colour) in enumerate(found):
            axes.plot([place, place], [score["low"], score["high"]], color=colour, linewidth=5,
                      alpha=0.45, solid_capstyle="round")  # fmt: skip
            axes.scatter([place], [score["value"]], s=36, color=colour, zorder=3)
            axes.annotate(f"{score['value']:.2f}", (place, score["value"]), (9, 0), color=INK,
                          textcoords="offset points", va="center")  # fmt: skip
        axes.axhline(0.5, color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_xticks(range(len(found)), [name for name, _, _ in found])
        axes.set(xlim=(-0.5, len(found) - 0.3), ylabel=found[0][1]["metric"])
        axes.grid(axis="y", color=GRID, linewidth=0.5)

    about = (
        "With 95% intervals. Grey: held-out rows of a training. Colour: requests whose outcome "
        "came in. Dashed: what guessing comes to."
    )
    return Drawn("How good the answers were", about, drawn("metric", draw, NARROW, 2.8))


def trials(tale: Tale) -> Iterable[Document]:
    """The trials whose agreement was measured."""
    training = (tale.degraded or {}).get("action", {}).get("training") or {}
    for rollout in (training.get("trial"), (tale.wrong or {}).get("rollout")):
        agreed = measure_of(rollout, AGREEMENT)
        if rollout is not None and agreed is not None and agreed["value"] is not None:
            yield {**rollout, "agreed": agreed["value"], "limit": agreed["limit"]}


def agreement(tried: Sequence[Document]) -> Drawn:
    """How far each version on trial agreed with the one that served."""

    def draw(axes: Any) -> None:
        for place, each in enumerate(tried):
            kept = each["agreed"] >= each["limit"]
            axes.barh([place], [each["agreed"]], 0.5, color=MARK if kept else BAD)
            axes.annotate(f"{each['agreed']:.0%}", (each["agreed"], place), (4, 0), color=INK,
                          textcoords="offset points", va="center")  # fmt: skip
        axes.axvline(tried[0]["limit"], color=INK, linewidth=1, linestyle=(0, (3, 3)))
        names = [f"version {each['version']}\n{WORDS[each['outcome']]}" for each in tried]
        axes.set_yticks(range(len(tried)), names)
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel=f"agreement (dashed: the limit, {tried[0]['limit']:.0%})")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")

    about = (
        "Rows on which the version on trial and the one that served gave the same answer. The "
        "retrained version rightly differs on some; the one of the wrong table on nearly all."
    )
    return Drawn("What the canary saw", about, drawn("agreement", draw, NARROW, 1.9))


WORDS = {"finish": "took over", "roll_back": "rolled back"}


def drawn(name: str, draw: Callable[[Any], None], width: float, height: float) -> str:
    """A plot as SVG: text stays text, and colours are the page's."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = {
        "svg.fonttype": "none", "svg.hashsalt": name, "font.size": 9, "text.color": INK,
        "axes.edgecolor": GRID, "axes.labelcolor": SOFT, "xtick.color": SOFT, "ytick.color": SOFT,
        "xtick.labelcolor": SOFT, "ytick.labelcolor": INK, "axes.spines.top": False,
        "axes.spines.right": False, "legend.frameon": False,
    }  # fmt: skip
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        stream = StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return tinted(stream.getvalue())


def tinted(svg: str) -> str:
    """The picture without what only a file of its own needs, in the page's colours."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    return re.sub("|".join(COLOURS), lambda found: f"var(--{COLOURS[found[0]]})", body)
