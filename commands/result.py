"""The table at the end of a run."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

OUTCOMES = {
    "promote": "[green]promoted[/green]",
    "refuse": "[yellow]refused[/yellow]",
    "unchanged": "[cyan]unchanged[/cyan]",
}
NAME_WIDTH = 11
DIGEST_LETTERS = len("sha256:") + 12


def render(answer: dict[str, Any], console: Console) -> None:
    """Print what was trained, what was decided and where it answers."""
    console.print()
    if answer["unchanged"]:
        console.print(
            "[cyan]Nothing has changed since the last run[/cyan]: data, config, code and stack "
            "are the same, and its version still answers.\n`--force` runs it again.\n"
        )
    console.print(candidates(answer["evaluations"]), highlight=False)
    console.print("[dim]* the challenger: cross-validation (cv) put it first[/dim]")
    console.print()
    for name, value in facts(answer):
        for number, line in enumerate(value.splitlines()):
            head = name if number == 0 else ""
            # Unbroken, so that a long value can be copied from the terminal.
            console.print(
                f"[bold]{head:<{NAME_WIDTH}}[/bold]{line}", highlight=False, soft_wrap=True
            )


def candidates(evaluations: dict[str, Any]) -> Table:
    """Every candidate with its cross-validated score and its metrics on the held-out rows."""
    deciding = evaluations["metric"]
    measured = [score["metric"] for score in evaluations["candidates"][0]["scores"]]
    other = next((name for name in reversed(measured) if name != deciding), None)
    table = Table("candidate", "cv", deciding, box=None, pad_edge=False)
    table.add_column(f"{evaluations['confidence']:.0%} interval")
    if other:
        table.add_column(other)
    table.add_column("seconds", justify="right")
    for each in evaluations["candidates"]:
        scores = {score["metric"]: score for score in each["scores"]}
        chosen = each["candidate"] == evaluations["challenger"]
        cells = [cross_validated(each), *measures(scores[deciding])]
        if other:
            cells.append(number(scores[other]["value"]))
        name = f"[bold]{each['candidate']} *[/bold]" if chosen else each["candidate"]
        table.add_row(name, *cells, f"{each['seconds']:.1f}")
    return table


def cross_validated(evaluation: dict[str, Any]) -> str:
    """The mean over the folds."""
    folds = evaluation["cv_scores"]
    return number(sum(folds) / len(folds)) if folds else ""


def measures(score: dict[str, Any]) -> tuple[str, str]:
    """A score and its interval."""
    if score["low"] is None:
        return number(score["value"]), ""
    return number(score["value"]), f"{number(score['low'])} to {number(score['high'])}"


def number(value: float | None) -> str:
    """Four decimals of a small number, six digits of a large one."""
    if value is None:
        return "undefined"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.6g}"


def facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines below the candidates, by name."""
    data, decision = answer["data"], answer["decision"]
    warnings = [escape(f["text"]) for f in data["findings"] if f["level"] == "warning"]
    lines = [
        ("data", f"{escape(data['source'])}, {data['digest'][:DIGEST_LETTERS]}"),
        ("rows", f"{data['rows']:,}, of which {data['held_out']:,} held out"),
        ("warnings", "\n".join(warnings)),
        ("drift", drift(answer["drift"])),
        ("stack", escape(answer["stack"])),
        ("config", f"{escape(answer['config'])}, commit {answer['commit'] or 'none'}"),
        ("decision", OUTCOMES[decision["outcome"]]),
        ("reasons", "\n".join(map(escape, decision["reasons"]))),
        ("rollout", rollout(answer["rollout"])),
        ("version", aliases(answer)),
        *served(answer),
        ("reports", reports(answer.get("reports", {}))),
        ("dashboard", answer["more"]["dashboard"]),
        ("MLflow", escape(answer["more"]["mlflow"])),
        ("history", escape(answer["more"]["history"])),
        ("next", escape(next_step(answer))),
    ]
    return [(name, value) for name, value in lines if value]


def reports(places: dict[str, str]) -> str:
    """Where each page lies, the model's first."""
    order = sorted(places, key=lambda name: not name.startswith("model"))
    width = max(map(len, order), default=0) + 2
    lines = [f"{name:<{width}}{escape(places[name])}" for name in order]
    return "\n".join(lines)


def next_step(answer: dict[str, Any]) -> str:
    """What to do now."""
    program = answer["more"]["history"].removesuffix(" history")
    if not answer["champion"]:
        return "No model has passed yet: the reasons above say what to change."
    predict = f"{program} predict --data FILE --out FILE"
    if answer["endpoint"] is None:
        return f"{predict}  for a whole table"
    watch = f"{program} monitor --since 24h  once it has answered requests"
    return f"{watch}\n{predict}  for a whole table\n{program} stop  to end the server"


def drift(report: dict[str, Any] | None) -> str:
    """How alike the held-out rows are to the training rows."""
    if report is None:
        return ""
    named = [escape(column["column"]) for column in report["columns"] if column["drifted"]]
    said = f"in {', '.join(named)}" if named else "none"
    return (
        f"{said}, of {len(report['columns'])} columns, held-out against training rows (Evidently)"
    )


def rollout(told: dict[str, Any] | None) -> str:
    """How the champion took over, or why it was given up; nothing where it simply took over."""
    if told is None:
        return ""
    if not told["tried"]:
        return escape(told["reasons"][0])
    if told["outcome"] == "finish":
        word = f"[green]finished[/green]: version {told['serves']} serves"
    else:
        word = (
            f"[yellow]rolled back[/yellow]: version {told['serves']} serves on, "
            f"version {told['version']} is withdrawn"
        )
    return "\n".join([f"{told['strategy']} {word}", *map(escape, told["reasons"])])


def aliases(answer: dict[str, Any]) -> str:
    """The version that was trained, and the one that is champion."""
    version, champion = answer["version"], answer["champion"]
    name = escape(answer["model"])
    if version == champion:
        return f"{name} version {version}, champion"
    if answer["rollout"] and answer["rollout"]["outcome"] == "roll_back":
        return f"{name} version {champion}, champion again"
    held = f"version {champion} stays champion" if champion else "there is no champion"
    return f"{name} version {version}, challenger; {held}"


def served(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Where the champion answers, and one answer of it."""
    endpoint, prediction = answer["endpoint"], answer["prediction"]
    if endpoint is None:
        return [("served", "nothing was deployed")]
    row = json.dumps(prediction["row"], ensure_ascii=False)
    said = json.dumps(prediction["answer"], ensure_ascii=False)
    url = endpoint["predict_url"] or endpoint["seldon_url"]
    # A server that speaks Seldon v1 alone has no page about itself either.
    docs = [("docs", f"{endpoint['url']}/docs")] if endpoint["predict_url"] else []
    return [
        ("predict", f"{url}  (version {endpoint['version']})"),
        *docs,
        ("a row", escape(row)),
        ("its answer", escape(said)),
    ]
