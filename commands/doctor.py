"""What would fail on a stack, and what a run there costs, before anything is built."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from commands.console import console_for, print_json
from commands.environment import prepare
from commands.train import resolve
from pipelines.settings import RunConfig
from steps.training.settings import spare_packages

if TYPE_CHECKING:
    from stacks.doctor.finding import Finding

STYLES = {"ok": "green", "problem": "bold red", "unknown": "yellow"}


def run(options: argparse.Namespace) -> int:
    """Look at everything, tell it, and change nothing."""
    config, _, _ = resolve(options)
    findings = look(options, config)
    if options.json:
        print_json([asdict(each) for each in findings])
    else:
        shown = [each for each in findings if each.state == "problem" or not options.quiet]
        console_for(options).print(told(shown), soft_wrap=True, end="\n" if shown else "")
    from stacks.doctor.finding import status_of

    return status_of(findings)


def look(options: argparse.Namespace, config: RunConfig) -> list[Finding]:
    """Everything that is found of a stack, for a run of this config."""
    from stacks.startup import leave_frameworks_out, loading

    with loading():
        prepare(verbose=options.verbose)
        from stacks.check import stack_file
        from stacks.doctor.examination import examine
        from stacks.registered import active_stack_name

        file = stack_file(options.stack or active_stack_name())
    leave_frameworks_out()
    deploys = not options.no_deploy
    pipelines = prepared(config, deploys=deploys and bool(file.components.get("model_deployer")))
    tried, spare = config.rollout.traffic, spare_packages(config.candidates)
    found = examine(file, pipelines, config.model, tried, deploys=deploys, spare=spare)
    return list(found)


def prepared(config: RunConfig, *, deploys: bool) -> list[Any]:
    """The pipelines of a run, with arguments that say nothing of where it is."""
    from pipelines.deployment import deployment
    from pipelines.training import training

    training.prepare(config=config, fingerprint="", commit="", origin="", stack="")
    if not deploys:
        return [training]
    deployment.prepare(model=config.model, rollout=config.rollout)
    return [training, deployment]


def told(findings: Sequence[Finding]) -> Text:
    """One line a check, and under a problem what mends it."""
    width = max((len(each.check) for each in findings), default=0)
    lines = []
    for each in findings:
        head = (f"{each.state:<7}", STYLES[each.state])
        lines.append(Text.assemble(head, f"  {each.check:<{width}}  {each.text}"))
        if each.remedy:
            lines.append(Text(f"{'':<{width + 9}}  {each.remedy}"))
    return Text("\n").join(lines)
