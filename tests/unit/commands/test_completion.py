"""Completion by the Tab key, asked of a real bash."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands.completion.command import SCRIPTS, script
from commands.completion.words import words_of
from commands.parser import COMMANDS
from tests.terminal import Terminal, terminal

ROOT = Path(__file__).resolve().parent.parent.parent.parent
STACKS = {path.stem for path in (ROOT / "stacks").glob("*.yaml")}
CONFIGS = {path.stem for path in (ROOT / "configs").glob("*.yaml")}
# Python stands for itself: it tells the words that it was called with. Meta-* puts in what is
# offered, all of it.
PREPARED = """
PS1='ready> '
python() {{ printf '<'; printf '%s|' "$@"; printf '>\\n'; }}
.venv/bin/python() {{ python "$@"; }}
cd {folder}
. {script}
"""


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """An interactive bash that has read the script, in the project's directory."""
    folder = tmp_path_factory.mktemp("bash")
    (folder / "script").write_text(script("bash"))
    (folder / "rc").write_text(PREPARED.format(folder=ROOT, script=folder / "script"))
    words = ["bash", "--noprofile", "--rcfile", str(folder / "rc"), "-i"]
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "INPUTRC": "/dev/null"}
    with terminal(words, environment, columns=4000) as found:
        found.wait_for("ready> ")
        yield found


def offered(bash: Terminal, line: str) -> set[str]:
    """What the Tab key offers after this line."""
    before = len(bash.shown)
    bash.type(f"{line}\x1b*\r")
    bash.wait_for("ready> ")
    answer = bash.shown[before:].decode()
    said = answer[answer.rindex("<") + 1 : answer.rindex(">\r")]
    return set(said.split("|")[len(line.rsplit(" ", 1)[0].split()) - 1 :]) - {""}


def test_commands_and_options_are_offered(bash: Terminal) -> None:
    """After `run.py` every command, and every option of the main job."""
    found = offered(bash, "python run.py ")
    assert found >= {*COMMANDS, "--stack", "--set"}
    assert offered(bash, "python run.py sta") == {"status", "stack"}
    assert offered(bash, ".venv/bin/python ./run.py explain-p") == {"explain-prediction"}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_option_of_every_command_is_offered(bash: Terminal, command: str) -> None:
    known = {name for action in COMMANDS[command]()._actions for name in action.option_strings}
    assert offered(bash, f"python run.py {command} -") == known


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python run.py --stack ", STACKS),
        # What stands before the cut of bash is typed once.
        ("python run.py --stack=local-s", {"--stack=local-s3", "local-seldon"}),
        ("python run.py --stack=team", {"--stack=team"}),
        ("python run.py stack ", {"list", "show", "plan", "apply", "check", "set", "export",
                                  "delete"}),
        ("python run.py stack plan local-", {"local-s3", "local-seldon"}),
        ("python run.py stack --json plan local-", {"local-s3", "local-seldon"}),
        ("python run.py compare --stacks local,docker,team", {"local,docker,team"}),
        ("python run.py doctor --task ", {"auto", "classification", "binary", "multiclass",
                                          "regression"}),
        ("python run.py completion ", {"bash", "zsh", "fish"}),
        ("python run.py --config d", {"demo"}),
        ("python run.py --config configs/d", {"configs/demo.yaml"}),
        ("python run.py predict --data environment.y", {"environment.yml"}),
        ("python setup.p", {"setup.p"}),
    ],
)  # fmt: skip
def test_values_are_offered(bash: Terminal, line: str, expected: set[str]) -> None:
    """Stacks and configs of the project, the words that an option takes, files."""
    assert offered(bash, line) == expected


def test_configs_are_those_of_the_project_on_the_line(bash: Terminal, tmp_path: Path) -> None:
    """Not those of the directory that one stands in."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "houses.yaml").touch()
    (tmp_path / "run.py").touch()
    assert offered(bash, f"python {tmp_path}/run.py --config h") == {"houses"}
    assert offered(bash, "python run.py --config ") >= CONFIGS


def test_the_scripts_hold_no_path_of_this_machine() -> None:
    """They can be kept, and copied."""
    for shell in SCRIPTS:
        text = script(shell)
        assert str(ROOT) not in text
        assert "@CASES@" not in text
        assert all(each.command in text for each in words_of({k: v() for k, v in COMMANDS.items()}))


def test_a_completion_imports_nothing_of_the_project() -> None:
    """Printing a script needs no ZenML either."""
    code = "import sys, run; run.main(['completion', 'bash']); sys.exit('zenml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
