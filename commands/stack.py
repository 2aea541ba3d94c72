"""Stack files as desired state, and the stacks that ZenML has."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import yaml
from rich.text import Text

from commands.console import console_for, print_json
from commands.environment import prepare
from serving.errors import ConfigError
from stacks.plan import Difference, Plan
from stacks.problem import exit_status, refuse
from stacks.schema import about, has_file, known_stacks, load_stack, read_stack

WOULD_CHANGE = 3
# Which action takes which option.
OPTIONS = {"resolved": "export", "output": "export", "components": "delete"}


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    if options.action != "list" and not options.name:
        raise ConfigError(f"Which stack? `python run.py stack {options.action} NAME`.")
    for option, action in OPTIONS.items():
        if getattr(options, option) and options.action != action:
            raise ConfigError(f"--{option} belongs to `python run.py stack {action} NAME`.")
    prepare(verbose=options.verbose)
    return ACTIONS[options.action](options)


def use(name: str | None) -> str:
    """Make a stack the active one, registered from its file where it has one; give its name.

    A stack without a file is one that was registered with ZenML's own commands.
    """
    from stacks.apply import activate, apply
    from stacks.check import check_cheaply
    from stacks.registered import active_stack_name

    if name is None:
        return active_stack_name()
    if has_file(name):
        refuse(name, check_cheaply(read_stack(name)))
        file = load_stack(name)
        apply(file, active=True)
        return file.stack_name
    activate(name)
    return name


def reuse(name: str) -> str:
    """Make the stack active that a run used without asking for one: as it is registered.

    Its file may ask for variables that only whoever applied it has.
    """
    from stacks.apply import activate
    from stacks.registered import active_stack_name

    if active_stack_name() != name:
        activate(name)
    return name


def _list(options: argparse.Namespace) -> int:
    from stacks.registered import active_stack_name, registered_stacks

    active, registered, files = active_stack_name(), registered_stacks(), known_stacks()
    rows = [
        {
            "name": name,
            "active": name == active,
            "registered": name in registered,
            "file": f"stacks/{name}.yaml" if name in files else None,
            "about": about(name) if name in files else None,
        }
        for name in sorted({*registered, *files})
    ]
    if options.json:
        print_json(rows)
        return 0
    width = max(len(str(row["name"])) for row in rows)
    for row in rows:
        state = "active" if row["active"] else "registered" if row["registered"] else "-"
        print(f"{row['name']:<{width}}  {state:<10}  {row['about'] or 'no file in stacks/'}")
    return 0


def _plan(options: argparse.Namespace) -> int:
    from stacks.apply import plan_stack

    changes = plan_stack(load_stack(options.name))
    _tell(changes, options, next_=f"python run.py stack apply {options.name}")
    return WOULD_CHANGE if changes else 0


def _apply(options: argparse.Namespace) -> int:
    from stacks.apply import apply

    _tell(apply(load_stack(options.name)), options)
    return 0


def _tell(changes: Plan, options: argparse.Namespace, next_: str = "") -> None:
    if options.json:
        print_json([str(change) for change in changes.changes])
        return
    console = console_for(options)
    console.print(coloured(changes), soft_wrap=True)
    if changes and next_ and not options.quiet:
        console.print(f"Nothing has changed yet: `{next_}` does this.", soft_wrap=True)


def coloured(changes: Plan) -> Text:
    """A plan's own text with a colour for what comes, what changes and what goes."""
    if not changes:
        return Text(str(changes))
    lines = []
    for change in changes.changes:
        head, *_ = str(change).splitlines()
        lines.append(Text(head, style="bold green" if change.action == "create" else "bold yellow"))
        lines += [Text(f"    {each}", style=_style(each)) for each in change.differences]
    return Text("\n").join(lines)


def _style(difference: Difference) -> str:
    if difference.old is None:
        return "green"
    return "red" if difference.new is None else "yellow"


def _show(options: argparse.Namespace) -> int:
    from stacks.export import export
    from stacks.registered import active_stack_name, registered_stacks

    named = read_stack(options.name).stack_name if has_file(options.name) else options.name
    registered = named in registered_stacks()
    text = export(named) if registered or not has_file(options.name) else None
    shown = {
        "name": named,
        "active": named == active_stack_name(),
        "registered": registered,
        "stack": yaml.safe_load(text) if text else written_document(options.name),
    }
    if options.json:
        print_json(shown)
        return 0
    state = "active" if shown["active"] else "registered" if registered else "not registered"
    print(f"# {named}: {state}")
    print(yaml.safe_dump(shown["stack"], sort_keys=False, allow_unicode=True), end="")
    return 0


def written_document(name: str) -> Mapping[str, object]:
    """A stack file as it is written, its variables unread."""
    return read_stack(name).model_dump(mode="json", exclude_none=True)


def _check(options: argparse.Namespace) -> int:
    from stacks.check import check, stack_file

    problems = check(stack_file(options.name))
    if options.json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            print(problem)
        if not problems and not options.quiet:
            print("Nothing stands in the way.")
    return exit_status(problems)


def _export(options: argparse.Namespace) -> int:
    from stacks.export import export, save

    text = export(options.name, resolved=options.resolved)
    if options.output:
        save(text, Path(options.output))
        if options.json:
            print_json({"name": options.name, "file": options.output})
        elif not options.quiet:
            print(f"written to {options.output}")
    elif options.json:
        print_json(yaml.safe_load(text))
    else:
        print(text, end="")
    return 0


def _delete(options: argparse.Namespace) -> int:
    from stacks.apply import delete

    gone = delete(options.name, components=options.components)
    if options.json:
        print_json([{"type": type_, "name": name} for type_, name in gone])
    elif not options.quiet:
        for type_, name in gone:
            print(f"deleted {type_} '{name}'")
    return 0


def _set(options: argparse.Namespace) -> int:
    name = use(options.name)
    if options.json:
        print_json({"name": name, "active": True})
    elif not options.quiet:
        print(f"The active stack is '{name}': `python run.py` runs there.")
    return 0


ACTIONS = {
    "list": _list,
    "show": _show,
    "plan": _plan,
    "apply": _apply,
    "check": _check,
    "set": _set,
    "export": _export,
    "delete": _delete,
}
