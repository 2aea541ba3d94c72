"""The command line's words."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

import run
from commands.parser import COMMANDS, parse

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def test_no_command_means_train() -> None:
    """`python run.py` is the main job."""
    assert parse(["--stack", "local"]).stack == "local"
    assert parse([]).config is None


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["histroy"], "Did you mean 'history'"),
        (["--stak", "x"], "Did you mean '--stack'"),
        (["stack", "aply", "local"], "invalid choice: 'aply'"),
    ],
)
def test_an_unknown_word_names_its_near_miss(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo leaves with status 2 and says what was meant."""
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert answer in capsys.readouterr().err


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """--help of a command ends with a line that can be copied."""
    with pytest.raises(SystemExit) as ended:
        parse([name, "--help"])
    assert ended.value.code == 0
    assert f"python run.py{'' if name == 'train' else f' {name}'}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    """The help of the program needs the standard library alone."""
    code = (
        "import sys, run\n"
        "try: run.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'zenml', 'pandas', 'numpy', 'pydantic', 'rich', 'yaml'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unforeseen_error_is_one_line_unless_debugged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for a store that is locked, or anything else that nobody thought of."""

    def fail(_: object) -> int:
        raise OSError("database is locked")

    options = argparse.Namespace(command=fail, debug=False)
    monkeypatch.setattr(run, "parse", lambda _: options)
    assert run.main([]) == 1
    assert capsys.readouterr().err.startswith("error: OSError: database is locked (")
    options.debug = True
    assert run.main([]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback (most recent call last):")
    assert "OSError: database is locked" in told
