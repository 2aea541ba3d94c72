"""Completion by the Tab key in zsh and fish; that of bash is among the unit tests."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.completion.command import script
from commands.parser import COMMANDS
from tests.terminal import Terminal, terminal
from tests.workplace import ROOT

STACKS = {path.stem for path in (ROOT / "stacks").glob("*.yaml")}
LINES = [
    ("python run.py sta", {"status", "stack"}),
    ("python run.py --stack ", STACKS),
    ("python run.py --stack=team", {"--stack=team"}),
    ("python run.py stack ", {"list", "show", "plan", "apply", "check", "set", "export", "delete"}),
    ("python ./run.py stack --json plan local-", {"local-s3", "local-seldon"}),
    ("python run.py compare --stacks local,air", {"local,airflow", "local,airflow-seldon"}),
    ("python run.py explain-prediction 7 --r", {"--row"}),
    ("python run.py --config br", {"breast_cancer"}),
    ("python run.py predict --data environment.y", {"environment.yml"}),
    ("python run.py demo --out ste", {"steps"}),
]
# Python stands for itself: it tells the words that it was called with. Ctrl-A puts in what is
# offered, all of it.
PREPARED = """
PS1='ready> '
unsetopt zle_bracketed_paste prompt_sp prompt_cr
python() {{ printf '<'; printf '%s|' "$@"; printf '>\\n' }}
cd {folder}
. {script}
zle -C every complete-word _generic
zstyle ':completion:every::::' completer _all_matches _complete
zstyle ':completion:every:*' insert yes
bindkey '^A' every
"""


@pytest.fixture(scope="module")
def zsh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """An interactive zsh that has read the script, in the project's directory."""
    folder = tmp_path_factory.mktemp("zsh")
    (folder / "script").write_text(script("zsh"))
    (folder / ".zshrc").write_text(PREPARED.format(folder=ROOT, script=folder / "script"))
    environment = {
        "PATH": os.environ["PATH"], "TERM": "dumb", "ZDOTDIR": str(folder), "HOME": str(folder),
    }  # fmt: skip
    with terminal(["zsh", "--no-globalrcs", "-i"], environment, columns=4000) as found:
        found.wait_for("ready> ")
        yield found


@pytest.fixture(scope="module")
def fish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for fish."""
    path = tmp_path_factory.mktemp("fish") / "switchyard.fish"
    path.write_text(script("fish"))
    return path


def by_zsh(zsh: Terminal, line: str) -> set[str]:
    """What zsh puts in after this line."""
    before = len(zsh.shown)
    zsh.type(f"{line}\x01\r")
    zsh.wait_for("ready> ")
    said = zsh.shown[before:].decode().rpartition("<")[2].partition("|>")[0].split("|")
    return {word.rstrip("/") for word in said[len(line.rsplit(" ", 1)[0].split()) - 1 :]}


def by_fish(script: Path, line: str) -> set[str]:
    """What fish offers after this line."""
    code = f"source {script}; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {each.split("\t")[0].rstrip("/") for each in done.stdout.splitlines()}


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_zsh_offers_what_can_follow(zsh: Terminal, line: str, expected: set[str]) -> None:
    assert by_zsh(zsh, line) == expected


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_fish_offers_what_can_follow(fish: Path, line: str, expected: set[str]) -> None:
    assert by_fish(fish, line) == expected


def test_both_offer_every_command(zsh: Terminal, fish: Path) -> None:
    assert by_zsh(zsh, "python run.py ") >= set(COMMANDS)
    assert by_fish(fish, "python run.py ") >= set(COMMANDS)
