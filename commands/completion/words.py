"""What can follow what on the command line, read from the grammar of the commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from commands.grammar.base import Parser

# Options and places whose values the shell itself looks up when it is asked.
STACK, CONFIG, FILE, FOLDER = "stack", "config", "file", "folder"
LOOKED_UP = {
    "stack": STACK,
    "stacks": STACK,
    "config": CONFIG,
    "data": FILE,
    "labels": FILE,
    "labelled": FILE,
    "out": FILE,
    "output": FILE,
    "summary": FILE,
}
# Where a word means something else than in the other commands.
ELSEWHERE = {("demo", "out"): FOLDER, ("stack", "name"): STACK}


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command.

    Args:
        values: The words that it takes, or the name of what is looked up; empty for any word.
    """

    names: tuple[str, ...]
    about: str
    takes: bool
    values: tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class Place:
    """A word of a command that is no option: the first, the second.

    Args:
        values: As for an option.
    """

    number: int
    values: tuple[str, ...] | str


@dataclass(frozen=True, slots=True)
class Words:
    """A command with all that may follow it."""

    command: str
    about: str
    options: tuple[Option, ...]
    places: tuple[Place, ...]


def words_of(commands: Mapping[str, Parser]) -> list[Words]:
    """What may follow each command."""
    return [
        Words(name, parser.description or "", tuple(_options(name, parser)), _places(name, parser))
        for name, parser in commands.items()
    ]


def _options(command: str, parser: Parser) -> Iterator[Option]:
    for action in parser._actions:
        if action.option_strings:
            about = (action.help or "").replace("%%", "%")
            values = _values(command, action)
            yield Option(tuple(action.option_strings), about, action.nargs != 0, values)


def _places(command: str, parser: Parser) -> tuple[Place, ...]:
    found = [action for action in parser._actions if not action.option_strings]
    return tuple(
        Place(number, _values(command, action)) for number, action in enumerate(found, start=1)
    )


def _values(command: str, action: argparse.Action) -> tuple[str, ...] | str:
    if action.choices is not None:
        return tuple(map(str, action.choices))
    return ELSEWHERE.get((command, action.dest)) or LOOKED_UP.get(action.dest, "")
