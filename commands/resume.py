"""Going on with a training that was cut off."""

from __future__ import annotations

import argparse
from dataclasses import replace

from commands import journal
from commands.console import console_for
from commands.job import Job, job_of
from commands.journal import Entry
from commands.train import carry_out, digest, show, stack_identity
from serving.errors import ConfigError, UserError

SHOWN = 5


def run(options: argparse.Namespace) -> int:
    """Take over what a run had finished, carry out the rest, and deploy."""
    from steps.data.fingerprint import fingerprint

    entry = journal.choose(options.run)
    job = job_of(entry.told)
    changed = differences(entry, job)
    if changed and not options.force:
        raise UserError(refusal(entry, changed))
    source = fingerprint(job.config.data) or ""
    console = console_for(options)
    if not (options.quiet or options.json):
        console.print(headline(entry), highlight=False, markup=False, soft_wrap=True)
    # The answer of a run that is not what it was stands on nothing that could be looked up again.
    same = not changed and source == job.fingerprint
    job = replace(job, fingerprint=source, identity=job.identity if same else "")
    answer = carry_out(job, options, console, entry)
    return show({**answer, "unchanged": False}, options, console)


def differences(entry: Entry, job: Job) -> list[str]:
    """What the run stood on that is not as it was."""
    changed = entry.changes()
    try:
        if job.stack is not None and digest(stack_identity(job.stack) or "") != job.stack_file:
            changed.append(f"the stack '{job.stack}'")
    except ConfigError:
        changed.append(f"the stack '{job.stack}'")
    return changed


def refusal(entry: Entry, changed: list[str]) -> str:
    """Why a run is not gone on with: its finished steps were computed by something else."""
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    return (
        f"Changed since the run {entry.name} began: {', '.join(changed[:SHOWN])}{more}. What it "
        "had finished may not be what would come out now. `python run.py` trains anew; "
        "`resume --force` goes on all the same."
    )


def headline(entry: Entry) -> str:
    """Which run is gone on with."""
    when = entry.told["began"][:19].replace("T", " ")
    where = f", which ended in {step}" if (step := entry.told.get("step")) else ""
    return f"resuming {entry.name} of '{entry.told['model']}', begun {when} UTC{where}"
