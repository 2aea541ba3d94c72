"""The words of what asks for labels."""

from __future__ import annotations

from commands.examples import LABEL_EXAMPLES
from commands.grammar.base import Parser, command


def label_queue() -> Parser:
    """The answered rows most worth a label."""
    about = "Write the answered rows that are most worth a label into a file, and take them back."
    parser = command("label-queue", "commands.label_queue:run", about, LABEL_EXAMPLES)
    when = "90m, 24h, 7d, 2w back, or a time such as 2026-01-31T08:00"
    parser.add_argument("--since", default="7d", help=f"where the window begins: {when}")
    parser.add_argument("--until", help="where it ends (default: now)")
    parser.add_argument("--count", type=int, default=50, help="how many rows (default: 50)")
    default = "label-queue.csv"
    parser.add_argument("--out", default=default, help=f"where to write (default: {default})")
    parser.add_argument("--labelled", metavar="FILE.csv", help="take such a file back, filled in")
    sent = "keep the labels of the window that servers were sent, for the next training"
    parser.add_argument("--from-feedback", action="store_true", help=sent)
    parser.add_argument("--seed", type=int, default=0, help="decides between equal rows")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    return parser
