"""The command `stack` before ZenML is asked anything."""

import io

import pytest
from rich.console import Console

from commands.parser import parse
from commands.stack import coloured, run
from serving.errors import ConfigError
from stacks.plan import Change, Difference, Plan

PLAN = Plan(
    (
        Change("create", "orchestrator", "o", (Difference("flavor", None, "local"),)),
        Change("update", "model_deployer", "d", (Difference("host", "0.0.0.0", None),)),
    )
)


def shown(*, terminal: bool) -> str:
    """The plan as a console shows it."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        force_terminal=terminal,
        color_system="standard" if terminal else "auto",
        width=200,
    )
    console.print(coloured(PLAN), soft_wrap=True)
    return stream.getvalue()


def test_a_piped_plan_is_its_plain_text() -> None:
    """No escape codes reach a file."""
    assert shown(terminal=False) == f"{PLAN}\n"


def test_a_plan_on_a_terminal_is_green_where_something_comes_and_red_where_it_goes() -> None:
    """What is created and what is removed differ in colour, and the words stay."""
    text = shown(terminal=True)
    assert "\x1b[1;32mcreate orchestrator 'o'" in text
    assert '\x1b[31m    host: "0.0.0.0" -> null' in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export"], "Which stack? `python run.py stack export NAME`."),
        (["apply", "local", "--components"], "--components belongs to"),
        (["plan", "local", "--resolved"], "--resolved belongs to"),
    ],
)
def test_words_that_do_not_belong_together_are_refused(words: list[str], message: str) -> None:
    """An option of another action is told, not ignored."""
    with pytest.raises(ConfigError) as caught:
        run(parse(["stack", *words]))
    assert message in str(caught.value)
