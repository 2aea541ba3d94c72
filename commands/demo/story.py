"""The story, chapter by chapter, each told by a real command beside real requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from commands.demo import plants
from commands.demo.place import Place
from commands.demo.plants import Plants
from commands.demo.tale import AGREEMENT, Document, Tale, drifted, last_versions, measure_of
from commands.demo.timeline import TimeLine
from serving.errors import SwitchyardError
from steps.evaluation.numbers import limit, show, sign

if TYPE_CHECKING:
    from commands.demo.traffic import Traffic

CONFIG = "story"


@dataclass
class Story:
    """What the chapters stand on."""

    place: Place
    planted: Plants
    line: TimeLine
    tale: Tale
    traffic: Traffic | None = None

    @property
    def asking(self) -> Traffic:
        """The requests, which begin with the first version."""
        if self.traffic is None:
            raise RuntimeError("Nothing is served yet.")
        return self.traffic


def play(story: Story) -> None:
    """Play every chapter; one that fails is the last, and the tale says why."""
    try:
        for chapter in CHAPTERS:
            chapter(story)
    except SwitchyardError as error:
        story.tale.error = str(error)
    finally:
        if story.traffic is not None:
            story.traffic.end()
            story.tale.answers = story.traffic.answers


def first_version(story: Story) -> None:
    """A model is trained, gated and served, and the requests begin."""
    from commands.demo.traffic import Traffic

    plants.write(story.planted.table, story.place.folder / "flights.csv")
    said = train(story, "flights.csv", "training the first version")
    story.tale.trained = said
    gate(story, said)
    endpoint = said["endpoint"]
    if endpoint is not None:
        story.line.add("served", f"version {endpoint['version']} answers", endpoint["predict_url"])
        story.traffic = Traffic(endpoint, story.planted.before, story.line.began)
        story.traffic.start()


def quiet_traffic(story: Story) -> None:
    """Requests like the training's raise no alarm."""
    window = story.asking.send(story.planted.quiet, "quiet")
    labels(story, story.planted.quiet, "quiet")
    story.tale.quiet = said = judge(story, window, "judging quiet traffic")
    story.line.add("verdict", f"{said['outcome']}, {rows(said)}", f"{furthest(said)}; {kpi(said)}")


def planted_drift(story: Story) -> None:
    """The world changes; before any label has come, the columns tell."""
    share = f"{plants.SHARE:.0%} of the flights by '{plants.AIRLINE}'"
    late = f"flights before {plants.EARLY} come in late"
    what = f"temp {plants.DEGREES:+g} °F, {share}; {late}"
    story.line.add("planted", "the world changes", what)
    story.asking.turn_to(story.planted.after)
    window = story.asking.send(story.planted.changed, "changed")
    story.tale.drifted = said = judge(story, window, "judging traffic after the change", act=True)
    found = [each for each in said["columns"] if each["drifted"]]
    parts = [f"{each['column']}: {statistic(each)}" for each in found]
    story.line.add("verdict", f"{said['outcome']}, {rows(said)}", "; ".join(parts))
    acted(story, said)
    # The same window again, once what really happened is known.
    labels(story, story.planted.changed, "changed")
    plants.write(story.planted.changed, story.place.folder / "flights.csv")
    story.line.add("planted", "the table now holds the flights after the change", "flights.csv")
    what = "judging with labels, retraining, canary"
    story.tale.degraded = said = judge(story, window, what, act=True)
    story.line.add("verdict", f"{said['outcome']}, {rows(said)}", kpi(said))
    acted(story, said)


def recovery(story: Story) -> None:
    """The version that learnt the change sees and answers what it learnt."""
    window = story.asking.send(story.planted.recovered, "recovered")
    labels(story, story.planted.recovered, "recovered")
    story.tale.recovered = said = judge(story, window, "judging the new version")
    story.line.add("verdict", f"{said['outcome']}, {rows(said)}", f"{furthest(said)}; {kpi(said)}")


def wrong_table(story: Story) -> None:
    """A mistake that the gate cannot see: its held-out rows come from the same table."""
    plants.write(plants.turned(story.planted.changed), story.place.folder / "export.csv")
    story.line.add("planted", "an export with yes and no swapped is trained on", "export.csv")
    story.tale.wrong = said = train(story, "export.csv", "training on the wrong table, canary")
    gate(story, said)
    canary(story, said["rollout"])


def ending(story: Story) -> None:
    """What the registry and the server say."""
    with story.line.doing("asking for the history"):
        moves = story.place.run("history", "--model", story.asking.model)
    answers, failed = story.asking.answers, story.asking.failed
    story.tale.moves, story.tale.served = moves, last_versions(answers)
    order = ", ".join(f"{move['to']} by {move['by']}" for move in moves)
    versions = " and ".join(story.tale.served)
    story.line.add(
        "served",
        f"version {versions} answers; champions: {order}",
        f"{failed} of {len(answers):,} requests failed",
    )


CHAPTERS: tuple[Callable[[Story], None], ...] = (
    first_version,
    quiet_traffic,
    planted_drift,
    recovery,
    wrong_table,
    ending,
)


def train(story: Story, table: str, doing: str) -> Document:
    """`python run.py` on a table."""
    place = story.place
    words = ["--stack", str(place.stack), "--config", CONFIG]
    data = ["--data", str(place.folder / table), "--target", plants.TARGET]
    with story.line.doing(doing):
        said: Document = place.run("train", *words, *data)
    return said


def judge(
    story: Story, window: tuple[datetime, datetime], doing: str, *, act: bool = False
) -> Document:
    """`python run.py monitor` over a window whose log has been shipped."""
    since, until = (moment.isoformat() for moment in window)
    with story.line.doing(doing):
        story.asking.rest(story.place.wait_shipped)
        words = ["--act"] if act else []
        said: Document = story.place.run("monitor", "--since", since, "--until", until, *words)
    return said


def labels(story: Story, sent: Any, name: str) -> None:
    """The outcomes come in, through the server's feedback route."""
    count = story.asking.label(sent, name)
    story.line.add("labels", f"{count:,} outcomes came in", "sent to the server's feedback route")


def gate(story: Story, said: Document) -> None:
    """What the gate decided, and by which interval."""
    decision = said["decision"]
    better, metric = decision["improvement"], decision["metric"]
    evidence = "; ".join(decision["reasons"][:1])
    if better is not None and decision["required"] is not None:
        evidence = (
            f"{metric} better by {sign(better['value'])} ({sign(better['low'])} to "
            f"{sign(better['high'])}), needed above {limit(decision['required'])}, than the "
            f"{decision['against']}"
        )
    what = f"version {said['version']}: the gate says {decision['outcome']}"
    story.line.add("trained", what, evidence)


def acted(story: Story, said: Document) -> None:
    """What followed a verdict."""
    action = said["action"]
    training = action.get("training")
    if training is None:
        told = f" (to the {action['told']})" if "told" in action else ""
        story.line.add("action", f"{action['act']}{told}", action["reason"])
        return
    story.line.add("action", action["act"], action["reason"])
    what = f"version {training['version']}: the gate says {training['outcome']}"
    story.line.add("trained", what, training["reasons"][0])
    canary(story, training["trial"])


def canary(story: Story, rollout: Document | None) -> None:
    """What a trial came to."""
    if rollout is None:
        return
    agreed = measure_of(rollout, AGREEMENT)
    if agreed is None or agreed["value"] is None:
        evidence = rollout["reasons"][0]
    else:
        evidence = (
            f"agrees with version {rollout['before']} on {agreed['value']:.1%} of "
            f"{rollout['compared']:,} rows, limit {agreed['limit']:.0%}; on trial with "
            f"{rollout['requests']:,} requests for {rollout['seconds']:.0f} s"
        )
    word = "finished" if rollout["outcome"] == "finish" else "rolled back"
    what = f"version {rollout['version']} {word}, version {rollout['serves']} serves"
    story.line.add("canary", what, evidence)


def rows(verdict: Document) -> str:
    """Which rows a verdict is about."""
    return f"{verdict['rows']:,} rows of version {verdict['version']}"


def furthest(verdict: Document) -> str:
    """The column nearest to its limit."""
    if not verdict["columns"]:
        return "no column was judged"
    columns = verdict["columns"]
    first = max(columns, key=lambda each: abs(each["value"] / (each["threshold"] or 1.0)))
    blamed = ", ".join(drifted(verdict)) or "no column"
    return f"{blamed} has drifted; nearest to it {first['column']}: {statistic(first)}"


def statistic(shift: Document) -> str:
    """A column's number with its threshold."""
    return f"{shift['test']} {shift['value']:.3g}, limit {shift['threshold']:.3g}"


def kpi(verdict: Document) -> str:
    """The metric on the labelled rows against training."""
    found = verdict["performance"]
    if found is None:
        return "no labels yet"
    now, before, drop = found["now"], found["before"], found["drop"]
    return (
        f"{now['metric']} {show(now['value'])}, in training {show(before['value'])}: drop of "
        f"{sign(drop['low'])} to {sign(drop['high'])}, allowed {limit(found['allowed'])}"
    )
