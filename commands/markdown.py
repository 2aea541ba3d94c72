"""What a run came to as Markdown, for a comment on a pull request or a job's summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commands.result import DIGEST_LETTERS, cross_validated, measures
from serving.errors import ConfigError

DECIDED = {"promote": "promoted", "refuse": "refused", "unchanged": "unchanged"}
# What Markdown, or the HTML inside it, reads as more than a letter.
MARKED = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#~@"})


def require_place(path: Path) -> None:
    """Refuse, before any work, a file that could not be written after it.

    Raises:
        ConfigError: There is no such directory, or the path is one.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(
            f"--summary {path} cannot be written: name a file in a directory that is there."
        )


def write(answer: dict[str, Any], path: Path) -> None:
    """Write the report of a run to a file.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        path.write_text(report(answer), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--summary {path} cannot be written: {error.strerror}.") from error


def report(answer: dict[str, Any]) -> str:
    """The decision with its reasons, the candidates, and what they stand on."""
    decision = answer["decision"]
    lines = [
        f"## {plain(answer['model'])}: {DECIDED[decision['outcome']]}",
        "",
        *(f"- {plain(reason)}" for reason in decision["reasons"]),
        "",
        *candidates(answer["evaluations"]),
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in facts(answer)),
    ]
    return "\n".join(lines) + "\n"


def candidates(evaluations: dict[str, Any]) -> list[str]:
    """A line for each candidate; the challenger's is bold."""
    share = f"{evaluations['confidence']:.0%}"
    lines = [
        f"| candidate | cross-validation | {plain(evaluations['metric'])} | {share} interval |",
        "| --- | ---: | ---: | ---: |",
    ]
    for each in evaluations["candidates"]:
        scores = {score["metric"]: score for score in each["scores"]}
        value, interval = measures(scores[evaluations["metric"]])
        name = plain(each["candidate"])
        name = f"**{name}**" if each["candidate"] == evaluations["challenger"] else name
        lines.append(f"| {name} | {cross_validated(each)} | {value} | {interval} |")
    return lines


def facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """What the run stands on and where it led, by name."""
    data, champion = answer["data"], answer["champion"]
    warnings = [plain(f["text"]) for f in data["findings"] if f["level"] == "warning"]
    found = [
        ("data", f"{plain(data['source'])}, {data['digest'][:DIGEST_LETTERS]}"),
        ("rows", f"{data['rows']:,}, of which {data['held_out']:,} held out"),
        ("warnings", "<br>".join(warnings)),
        ("config", f"{plain(answer['config'])}, commit {answer['commit'] or 'none'}"),
        ("stack", plain(answer["stack"])),
        ("version", f"{answer['version']}; champion: {champion or 'none'}"),
    ]
    return [(name, value) for name, value in found if value]


def plain(text: object) -> str:
    """Words of the user's data as nothing but words, on one line."""
    return " ".join(str(text).split()).translate(MARKED)
