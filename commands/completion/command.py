"""`python run.py completion SHELL`: a script that the shell reads once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from commands.completion.words import Words, words_of
from commands.console import print_json

SHELLS = Path(__file__).parent / "shells"
SCRIPTS = {"bash": "bash.sh", "zsh": "zsh.sh", "fish": "fish.fish"}
Case = tuple[str, Iterable[str]]


def run(options: argparse.Namespace) -> int:
    """Print the script for a shell."""
    text = script(options.shell)
    if options.json:
        print_json({"shell": options.shell, "script": text})
    else:
        print(text, end="")
    return 0


def script(shell: str) -> str:
    """What a shell has to read, made from the grammar of the commands."""
    from commands.parser import COMMANDS

    known = words_of({name: make() for name, make in COMMANDS.items()})
    text = (SHELLS / SCRIPTS[shell]).read_text(encoding="utf-8")
    return text.replace("@CASES@", cases(known, fish if shell == "fish" else posix))


def cases(known: list[Words], write: Callable[[str, list[Case]], str]) -> str:
    """The functions that tell a shell what can follow what.

    Args:
        write: Makes a function of that name, which answers each of these words with those.
    """
    names = [each.command for each in known]
    parts = [
        write("commands", [("", names)]),
        write("options", [(each.command, _options(each)) for each in known]),
        write("values", list(_values(known))),
        write("place", list(_places(known))),
    ]
    return "\n\n".join(parts)


def posix(name: str, found: list[Case]) -> str:
    """A function as bash and zsh read it: its answers on one line."""
    lines = [f"    '{asked}') echo '{' '.join(words)}' ;;" for asked, words in found]
    body = ['  case "$*" in', *lines, "  esac"]
    return "\n".join([f"_switchyard_{name}() {{", *body, "}"])


def fish(name: str, found: list[Case]) -> str:
    """A function as fish reads it: each answer on a line of its own."""
    lines = [f"        case '{asked}'; printf '%s\\n' {' '.join(words)}" for asked, words in found]
    body = ['    switch "$argv"', *lines, "    end"]
    return "\n".join([f"function _switchyard_{name}", *body, "end"])


def _options(command: Words) -> list[str]:
    return [name for option in command.options for name in option.names]


def _values(known: list[Words]) -> Iterator[Case]:
    for command in known:
        for option in command.options:
            if option.takes:
                for name in option.names:
                    yield f"{command.command} {name}", _words(option.values or "word")


def _places(known: list[Words]) -> Iterator[Case]:
    for command in known:
        for place in command.places:
            yield f"{command.command} {place.number}", _words(place.values or "word")


def _words(values: tuple[str, ...] | str) -> tuple[str, ...]:
    """Words as they are; what is to be looked up is marked."""
    return (f"@{values}",) if isinstance(values, str) else values
