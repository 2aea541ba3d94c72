"""The words of what predicts, and of what watches the champion."""

from __future__ import annotations

from commands.examples import (
    DEMO_EXAMPLES,
    EXPLAIN_EXAMPLES,
    LOOP_EXAMPLES,
    MONITOR_EXAMPLES,
    PREDICT_EXAMPLES,
)
from commands.grammar.base import Parser, command, window


def predict() -> Parser:
    """Predictions for a whole table."""
    about = "Predict every row of a table with the champion, in batches, from its ONNX model."
    parser = command("predict", "commands.predict:run", about, PREDICT_EXAMPLES)
    parser.add_argument("--data", required=True, help="a table: a file, a directory, a URI")
    parser.add_argument("--query", help="the SQL query, where --data is a database URL")
    parser.add_argument("--out", required=True, help="where to write: a .csv or .parquet")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    parser.add_argument("--version", default="", help="a version (default: the champion)")
    kept = "columns to carry over: ids (those the model does not read), all, none, or A,B"
    parser.add_argument("--keep", default="ids", help=kept)
    parser.add_argument(
        "--faulty",
        choices=["refuse", "mark"],
        default="refuse",
        help="a row that breaks the model's contract: end the run, or write it with the reason",
    )
    parser.add_argument("--batch", type=int, default=100_000, help="rows at a time")
    return parser


def monitor() -> Parser:
    """A window of served rows against the champion's training."""
    about = "Hold what the champion saw and answered against its training, and give a verdict."
    parser = command("monitor", "commands.monitor:run", about, MONITOR_EXAMPLES)
    parser.add_argument("--until", help="where it ends (default: now)")
    parser.add_argument("--act", action="store_true", help="do what the policy says of the verdict")
    window(parser)
    return parser


def loop() -> Parser:
    """Monitoring as a service of this machine, or by a schedule of the stack."""
    about = "Judge a window every so often, and do what the policy says: alert or retrain."
    parser = command("loop", "commands.loop:run", about, LOOP_EXAMPLES)
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--every", help="30s, 10m, 24h or 7d (default: 10m)")
    cron = "have the stack do it at these times instead: five fields of cron, in UTC"
    when.add_argument("--schedule", metavar="CRON", help=cron)
    parser.add_argument("--times", type=int, default=0, help="end after so many (default: never)")
    window(parser)
    return parser


def demo() -> Parser:
    """The whole story on the demo's table."""
    about = "Play it all on the demo's table: train, deploy, drift, retrain, canary, rollback."
    parser = command("demo", "commands.demo.command:run", about, DEMO_EXAMPLES)
    parser.add_argument("--out", metavar="DIR", help="a new folder for all of it")
    kept = "leave the stores there and the server running"
    parser.add_argument("--keep", action="store_true", help=kept)
    return parser


def explain() -> Parser:
    """Where one answer came from."""
    about = "Tell which version gave an answer, what it stands on, and what each column added."
    name, target = "explain-prediction", "commands.explain:run"
    parser = command(name, target, about, EXPLAIN_EXAMPLES)
    parser.add_argument("request", help="the request id that came with the answer")
    parser.add_argument("--row", type=int, default=0, help="its row (default: 0)")
    parser.add_argument("--since", default="7d", help="how far back to look (default: 7d)")
    parser.add_argument("--stack", help="register and use this stack (default: the active one)")
    parser.add_argument("--model", help="the registered model (default: the only one)")
    return parser
