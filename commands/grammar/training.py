"""The words of what trains, and of what tells before."""

from __future__ import annotations

from commands.examples import (
    COMPARE_EXAMPLES,
    DOCTOR_EXAMPLES,
    RESUME_EXAMPLES,
    TRAIN_EXAMPLES,
)
from commands.grammar.base import Parser, command, question


def train() -> Parser:
    """The main job: train, gate and deploy."""
    about = "Train the candidates, let the best one challenge the champion, deploy what won."
    parser = command("train", "commands.train:run", about, TRAIN_EXAMPLES)
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    question(parser)
    parser.add_argument("--force", action="store_true", help="run even when nothing has changed")
    parser.add_argument("--no-cache", action="store_true", help="compute every step anew")
    parser.add_argument("--no-deploy", action="store_true", help="stop after the gate")
    markdown = "write what the run came to as Markdown, for a pull request or a job's summary"
    parser.add_argument("--summary", metavar="FILE", help=markdown)
    when = "five fields of cron: let the stack do this at those times, and not now"
    parser.add_argument("--schedule", metavar="CRON", help=when)
    return parser


def resume() -> Parser:
    """What was cut off, to its end."""
    about = "Go on with a training that did not finish: with the config, data and stack it had."
    parser = command("resume", "commands.resume:run", about, RESUME_EXAMPLES)
    parser.add_argument("run", nargs="?", help="its name (default: the latest unfinished one)")
    forced = "also where code, stack or table changed, or a cluster has left it unfinished"
    parser.add_argument("--force", action="store_true", help=forced)
    parser.set_defaults(summary=None)
    return parser


def compare() -> Parser:
    """The same training on several stacks, side by side."""
    about = "Train the same on several stacks and show whether each comes to the same."
    parser = command("compare", "commands.compare:run", about, COMPARE_EXAMPLES)
    parser.add_argument("--stacks", required=True, metavar="A,B", help="the stacks, by name")
    question(parser)
    parser.add_argument("--no-deploy", action="store_true", help="compare no served answers")
    return parser


def doctor() -> Parser:
    """What would fail on a stack, before anything is built."""
    about = "Tell what would fail on a stack, and what a run there costs, before anything is built."
    parser = command("doctor", "commands.doctor:run", about, DOCTOR_EXAMPLES)
    parser.add_argument("--stack", help="a stack's name or file (default: the active one)")
    question(parser)
    parser.add_argument("--no-deploy", action="store_true", help="look at the training alone")
    return parser


def unschedule() -> Parser:
    """The end of a schedule."""
    about = "End a training that recurs: where it is kept, and ZenML's record of it."
    examples = "example:\n  python run.py unschedule flights-late"
    parser = command("unschedule", "commands.schedule:unschedule", about, examples)
    parser.add_argument("name", nargs="?", help="the scheduled model (default: the only one)")
    return parser
