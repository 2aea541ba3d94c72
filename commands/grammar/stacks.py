"""The words of stack files."""

from __future__ import annotations

from commands.grammar.base import Parser, command


def stack() -> Parser:
    """Stack files as desired state."""
    about = "List, show and check stacks, plan and apply their files, export or delete them."
    examples = (
        "examples:\n  python run.py stack plan local\n"
        "  python run.py stack export local -o mine.yaml\n"
        "  python run.py stack delete old --components\n"
    )
    parser = command("stack", "commands.stack:run", about, examples)
    actions = ["list", "show", "plan", "apply", "check", "set", "export", "delete"]
    parser.add_argument("action", choices=actions)
    parser.add_argument("name", nargs="?", help="a stack's name or file")
    parser.add_argument(
        "--resolved", action="store_true", help="export: a file for `zenml stack import`"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="export: where to write it")
    parser.add_argument(
        "--components", action="store_true", help="delete: and what no other stack uses of it"
    )
    return parser
