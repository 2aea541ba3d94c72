"""The same training on several stacks: what it stood on, what it came to, and what differs."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from commands.console import console_for, print_json
from commands.environment import prepare
from commands.train import DATA_OPTIONS, resolve
from serving.errors import ConfigError, near_miss

if TYPE_CHECKING:
    from rich.console import Console

RUN = Path(__file__).resolve().parent.parent / "run.py"
SERVED = "served answer"
SHOWN = len("sha256:") + 12


@dataclass(frozen=True)
class Fact:
    """One thing that every stack must come to alike.

    Args:
        values: By stack; None where its run failed or had none. A stack that the thing is not asked
            of is not among them.
    """

    name: str
    values: Mapping[str, str | None]

    @property
    def same(self) -> bool:
        """Whether every stack that it is asked of came to the same."""
        return None not in self.values.values() and len(set(self.values.values())) == 1


@dataclass(frozen=True)
class Outcome:
    """What one stack's run came to: an answer, or the reason that there is none.

    Args:
        serves: Whether the stack was asked to serve what it trained.
    """

    stack: str
    status: int
    answer: dict[str, Any] | None
    error: str
    seconds: float
    serves: bool = True


def run(options: argparse.Namespace) -> int:
    """Train on each stack in turn and hold the results side by side."""
    stacks = chosen(options.stacks)
    config, _, _ = resolve(options)
    model = scratch_name(config.model, config.model_dump_json())
    console = console_for(options)
    prepare(verbose=options.verbose)
    for stack in stacks:
        check(stack)
    before = active_stack()
    try:
        outcomes = [train_on(stack, model, options, console) for stack in stacks]
    finally:
        if before is not None:
            activate(before)
    mute = [each.stack for each in outcomes if not each.serves]
    found = facts({each.stack: each.answer for each in outcomes}, mute)
    show(outcomes, found, options, console)
    failed = max(each.status for each in outcomes)
    return failed or int(not all(fact.same for fact in found))


def chosen(text: str) -> list[str]:
    """The stacks of a comma-separated list; two at least, none twice."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(set(names)) < max(len(names), 2):
        raise ConfigError(f"--stacks needs two different stacks at least, and got '{text}'.")
    return names


def check(stack: str) -> None:
    """Refuse a stack that a run would refuse, before the first one is trained on."""
    from stacks.check import check_cheaply
    from stacks.problem import refuse
    from stacks.registered import registered_stacks
    from stacks.schema import has_file, known_stacks, read_stack

    if has_file(stack):
        refuse(stack, check_cheaply(read_stack(stack)))
    elif stack not in (known := registered_stacks()):
        hint = near_miss(stack, [*known, *known_stacks()])
        raise ConfigError(f"There is no stack '{stack}'. {hint}")


def scratch_name(model: str, config: str) -> str:
    """A registered model of its own for each question, so that no champion is touched."""
    return f"{model}-compare-{hashlib.sha256(config.encode()).hexdigest()[:8]}"


def facts(answers: Mapping[str, dict[str, Any] | None], mute: Collection[str] = ()) -> list[Fact]:
    """What must be alike, by name; scores with every digit that they have.

    Args:
        mute: The stacks that serve nothing, of which no answer is asked.
    """
    told = {stack: facts_of(answer) if answer else {} for stack, answer in answers.items()}
    names = list(dict.fromkeys(name for each in told.values() for name in each))
    asked = {name: [each for each in told if name != SERVED or each not in mute] for name in names}
    return [Fact(name, {each: told[each].get(name) for each in asked[name]}) for name in names]


def facts_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """What one run stood on and came to."""
    evaluations, prediction = answer["evaluations"], answer["prediction"]
    found = {
        "data": answer["data"]["digest"],
        "held-out rows": evaluations["rows_digest"],
        "challenger": evaluations["challenger"],
    }
    for candidate in evaluations["candidates"]:
        name = candidate["candidate"]
        found[f"{name}: ONNX"] = candidate["digest"]
        for score in candidate["scores"]:
            found[f"{name}: {score['metric']}"] = repr(score["value"])
    if prediction is not None:
        found[SERVED] = json.dumps(prediction["answer"], sort_keys=True)
    return found


def train_on(stack: str, model: str, options: argparse.Namespace, console: Console) -> Outcome:
    """Run the main job on one stack in a process of its own, with every step computed anew."""
    if not options.quiet:
        console.print(f"[dim]training on {escape(stack)} ...[/dim]")
    words = [sys.executable, str(RUN), "--stack", stack, "--model", model, *question(options)]
    words += ["--set", "validation.accept_schema=true", "--no-cache", "--json"]
    serves = not options.no_deploy and has_deployer(stack)
    words += [] if serves else ["--no-deploy"]
    started = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = next((line for line in reversed(lines) if line.startswith("error: ")), None)
        reason = said or (lines[-1] if lines else "it said nothing")
        return Outcome(
            stack, done.returncode, None, reason.removeprefix("error: "), seconds, serves
        )
    answer = json.loads(done.stdout)
    if answer["endpoint"] is not None:
        subprocess.run([sys.executable, str(RUN), "stop", model], capture_output=True)
    return Outcome(stack, 0, answer, "", seconds, serves)


def has_deployer(stack: str) -> bool:
    """Whether a stack can serve a model."""
    from stacks.check import stack_file

    return bool(stack_file(stack).components.get("model_deployer"))


def question(options: argparse.Namespace) -> list[str]:
    """The words that say what is to be trained on, as they were given."""
    given = {"config": options.config, **{name: getattr(options, name) for name in DATA_OPTIONS}}
    words = [word for name, value in given.items() if value for word in (f"--{name}", value)]
    return words + [word for value in options.set for word in ("--set", value)]


def active_stack() -> str | None:
    """The stack that is active now; None where ZenML has not been used yet."""
    from zenml.config.global_config import GlobalConfiguration

    found = GlobalConfiguration().active_stack_id
    return str(found) if found else None


def activate(stack: str) -> None:
    """Make a stack the active one again."""
    from zenml.client import Client

    Client().activate_stack(stack)


def show(
    outcomes: Sequence[Outcome],
    found: Sequence[Fact],
    options: argparse.Namespace,
    console: Console,
) -> None:
    """Print what came out, as a table or as one document."""
    if options.json:
        runs = [{k: v for k, v in asdict(each).items() if k != "answer"} for each in outcomes]
        same = [{**asdict(fact), "same": fact.same} for fact in found]
        print_json({"stacks": runs, "facts": same})
        return
    console.print(table(outcomes, found))
    for each in outcomes:
        if each.error:
            console.print(f"[red]{escape(each.stack)}[/red]: {escape(each.error)}", highlight=False)
    console.print(verdict(outcomes, found))


def table(outcomes: Sequence[Outcome], found: Sequence[Fact]) -> Table:
    """One line a fact, one column a stack."""
    shown = Table("", *[escape(each.stack) for each in outcomes], "", box=None, pad_edge=False)
    for fact in found:
        mark = "[green]same[/green]" if fact.same else "[red]differs[/red]"
        cells = [
            cell(fact.values[each.stack]) if each.stack in fact.values else "[dim]not served[/dim]"
            for each in outcomes
        ]
        shown.add_row(fact.name, *cells, mark if len(fact.values) > 1 else "")
    shown.add_row("seconds", *[f"{each.seconds:.0f}" for each in outcomes], "")
    return shown


def cell(value: str | None) -> str:
    """A value short enough for a table; digests by their beginning."""
    if value is None:
        return "[dim]none[/dim]"
    return value[:SHOWN] if value.startswith("sha256:") else escape(value)


def verdict(outcomes: Sequence[Outcome], found: Sequence[Fact]) -> str:
    """The whole in one line."""
    failed = [each.stack for each in outcomes if each.status]
    if failed:
        return f"[red]No comparison: {', '.join(failed)} failed.[/red]"
    different = [fact.name for fact in found if not fact.same]
    if different:
        return f"[red]The stacks differ in {', '.join(different)}.[/red]"
    mute = [each.stack for each in outcomes if not each.serves]
    silent = f" No model was served on {', '.join(mute)}." if mute else ""
    return f"[green]The {len(outcomes)} stacks come to the same, bit for bit.[/green]{silent}"
