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
SHOWN_METRICS = 3


def render(answer: dict[str, Any], console: Console) -> None:
    """Print what was trained, what was decided and where it answers."""
    console.print()
    if answer["unchanged"]:
        console.print(
            "[cyan]Nothing has changed since the last run[/cyan]: data, config, code and stack are "
            "the same, and its version still answers. `--force` runs it again.\n"
        )
    console.print(candidates(answer["evaluations"]), highlight=False)
    console.print()
    grid = Table.grid(padding=(0, 2))
    for name, value in facts(answer):
        grid.add_row(f"[bold]{name}[/bold]", value)
    console.print(grid, highlight=False)


def candidates(evaluations: dict[str, Any]) -> Table:
    """Every candidate with its cross-validated score and its metrics on the held-out rows."""
    metrics = [score["metric"] for score in evaluations["candidates"][0]["scores"]]
    deciding = evaluations["metric"]
    shown = [deciding, *(name for name in metrics if name != deciding)][:SHOWN_METRICS]
    confidence = f"{evaluations['confidence']:.0%}"
    table = Table("candidate", "cross-validated", box=None, title_justify="left", pad_edge=False)
    for name in shown:
        table.add_column(f"{name} ({confidence} interval)" if name == deciding else name)
    table.add_column("seconds", justify="right")
    for each in evaluations["candidates"]:
        scores = {score["metric"]: score for score in each["scores"]}
        chosen = each["candidate"] == evaluations["challenger"]
        table.add_row(
            f"[bold]{each['candidate']}[/bold] (challenger)" if chosen else each["candidate"],
            f"{sum(each['cv_scores']) / len(each['cv_scores']):.4f}" if each["cv_scores"] else "",
            *(interval(scores[name], wide=name == deciding) for name in shown),
            f"{each['seconds']:.1f}",
        )
    return table


def interval(score: dict[str, Any], *, wide: bool) -> str:
    """A score, with its interval when there is room."""
    if score["value"] is None:
        return "undefined"
    if not wide or score["low"] is None:
        return f"{score['value']:.4f}"
    return f"{score['value']:.4f} ({score['low']:.4f} to {score['high']:.4f})"


def facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines below the candidates, by name."""
    data, decision = answer["data"], answer["decision"]
    warnings = [escape(f["text"]) for f in data["findings"] if f["level"] == "warning"]
    lines = [
        ("data", f"{escape(data['source'])}  {data['digest']}"),
        ("rows", f"{data['rows']:,}, of which {data['held_out']:,} held out"),
        ("warnings", "\n".join(warnings)),
        ("stack", escape(answer["stack"])),
        ("config", f"{escape(answer['config'])}, commit {answer['commit'] or 'none'}"),
        ("decision", OUTCOMES[decision["outcome"]]),
        ("reasons", "\n".join(map(escape, decision["reasons"]))),
        ("version", aliases(answer)),
        *served(answer),
        ("dashboard", answer["more"]["dashboard"]),
        ("MLflow", escape(answer["more"]["mlflow"])),
        ("history", "python run.py history"),
    ]
    return [(name, value) for name, value in lines if value]


def aliases(answer: dict[str, Any]) -> str:
    """The version that was trained, and the one that is champion."""
    version, champion = answer["version"], answer["champion"]
    name = escape(answer["model"])
    if version == champion:
        return f"{name} version {version}, champion"
    held = f"version {champion} stays champion" if champion else "there is no champion"
    return f"{name} version {version}, challenger; {held}"


def served(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Where the champion answers, and one answer of it."""
    endpoint, prediction = answer["endpoint"], answer["prediction"]
    if endpoint is None:
        return [("served", "nothing was deployed")]
    row = json.dumps(prediction["row"], ensure_ascii=False)
    said = json.dumps(prediction["answer"], ensure_ascii=False)
    return [
        ("predict", f"{endpoint['predict_url']}  (version {endpoint['version']})"),
        ("docs", f"{endpoint['url']}/docs"),
        ("a row", escape(row)),
        ("its answer", escape(said)),
    ]
