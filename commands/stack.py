"""Stack files as desired state: list, plan, apply, set."""

from __future__ import annotations

import argparse

from commands.console import print_json
from commands.environment import prepare
from serving.errors import ConfigError
from stacks.schema import known_stacks, load_stack

WOULD_CHANGE = 3


def run(options: argparse.Namespace) -> int:
    """Do what the action says."""
    if options.action != "list" and not options.name:
        raise ConfigError(f"Which stack? `python run.py stack {options.action} NAME`.")
    prepare(verbose=options.verbose)
    actions = {"list": _list, "plan": _plan, "apply": _apply, "set": _set}
    return actions[options.action](options)


def use(name: str | None) -> str:
    """Make a stack the active one, registered from its file where it has one; give its name.

    A stack without a file is one that was registered with ZenML's own commands.
    """
    from stacks.apply import activate, active_stack_name, apply

    if name is None:
        return active_stack_name()
    if _has_file(name):
        file = load_stack(name)
        apply(file, active=True)
        return file.stack_name
    activate(name)
    return name


def _has_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) or name in known_stacks()


def _list(options: argparse.Namespace) -> int:
    from stacks.apply import active_stack_name, registered_stacks

    active, registered, files = active_stack_name(), registered_stacks(), known_stacks()
    rows = [
        {
            "name": name,
            "active": name == active,
            "registered": name in registered,
            "file": f"stacks/{name}.yaml" if name in files else None,
        }
        for name in sorted({*registered, *files})
    ]
    if options.json:
        print_json(rows)
    else:
        for row in rows:
            state = "registered" if row["registered"] else "not registered"
            print(
                f"{'*' if row['active'] else ' '} {row['name']:<16} {state:<16} {row['file'] or ''}"
            )
    return 0


def _plan(options: argparse.Namespace) -> int:
    from stacks.apply import plan_stack

    changes = plan_stack(load_stack(options.name))
    print_json([str(change) for change in changes.changes]) if options.json else print(changes)
    return WOULD_CHANGE if changes else 0


def _apply(options: argparse.Namespace) -> int:
    from stacks.apply import apply

    changes = apply(load_stack(options.name))
    print_json([str(change) for change in changes.changes]) if options.json else print(changes)
    return 0


def _set(options: argparse.Namespace) -> int:
    name = use(options.name)
    if not options.quiet:
        print(f"The active stack is '{name}'.")
    return 0
