"""Everything that would stop a run on a stack, told at once, each with what mends it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from serving.errors import ConfigError, near_miss
from stacks.facts import Facts, gather, known_values, named_secrets, references
from stacks.pairs import CONTAINERS, flavors, unfit_pairs
from stacks.plan import Registration
from stacks.problem import Problem, place
from stacks.requirements import install_line
from stacks.schema import Component, StackFile, has_file, read_stack, unset_in
from stacks.values import expand, secret_references


def check_cheaply(file: StackFile) -> list[Problem]:
    """What can be told without asking a service.

    Args:
        file: As it is written, its variables unread: `schema.read_stack`.
    """
    facts = gather(file)
    return [*problems(file, facts), *directories(file, facts)]


def check(file: StackFile) -> list[Problem]:
    """What can be told, with every service asked that the stack names.

    Args:
        file: As it is written, its variables unread: `schema.read_stack`.
    """
    from stacks.probes import probe, probe_server

    facts = gather(file)
    found = [*problems(file, facts), *directories(file, facts), *_refused(file, facts)]
    for type_, component in _components(file):
        configuration = known_values(component, facts)
        if configuration is not None:
            found += probe(type_, component, configuration, facts.secrets)
    return [*found, *probe_server()]


def stack_file(name: str) -> StackFile:
    """What a stack is made of: its file as it is written, else what ZenML has of it.

    Raises:
        ConfigError: Neither is there.
    """
    return read_stack(name) if has_file(name) else registered_file(name)


def registered_file(name: str) -> StackFile:
    """A stack without a file of its own, as ZenML has it.

    Raises:
        ConfigError: No stack has this very name.
    """
    from stacks.registered import read_components

    groups: dict[str, tuple[Component, ...]] = {}
    for each in read_components(name):
        # Not validated: what is registered may hold what a file may not.
        component = Component.model_construct(
            name=each.name, flavor=each.flavor, configuration=dict(each.configuration)
        )
        groups[each.type] = (*groups.get(each.type, ()), component)
    return StackFile.model_construct(stack_name=name, components=groups)


def problems(file: StackFile, facts: Facts) -> list[Problem]:
    """What a stack file and the facts say together; a pure function of the two."""
    return [
        *_unset(file, facts),
        *_missing_packages(file, facts),
        *_absent_secrets(file, facts),
        *unfit_pairs(file, facts),
        *_missing_tools(file, facts),
    ]


def directories(file: StackFile, facts: Facts) -> Iterator[Problem]:
    """What keeps a DAG from where Airflow looks for it, whoever may ask that Airflow."""
    for component in file.components["orchestrator"]:
        written = component.configuration.get("dag_output_dir")
        if component.flavor != "airflow_watched" or not written:
            continue
        with suppress(ConfigError):
            folder = Path(str(expand(written, facts.environ)))
            if fault := _fault(folder):
                text = f"the dag_output_dir {folder} {fault}"
                remedy = (
                    "name the directory in which Airflow looks for DAGs, as this machine sees it"
                )
                yield Problem(place("orchestrator", component), text, remedy)


def _fault(folder: Path) -> str:
    if not folder.exists():
        return "is not there"
    if not folder.is_dir():
        return "is no directory"
    return "" if os.access(folder, os.W_OK | os.X_OK) else "cannot be written to"


def _unset(file: StackFile, facts: Facts) -> Iterator[Problem]:
    if unset := unset_in(file, facts.environ):
        exports = " ".join(f"{name}=..." for name in unset)
        yield Problem("stack", f"not set: {', '.join(unset)}", f"export {exports}")


def _missing_packages(file: StackFile, facts: Facts) -> Iterator[Problem]:
    if found := install_line(file, facts.installed):
        missing, line = found
        yield Problem("stack", f"not installed: {', '.join(missing)}", line)


def _absent_secrets(file: StackFile, facts: Facts) -> Iterator[Problem]:
    absent: dict[str, list[str]] = {}
    for name, key in sorted(references(file)):
        if key not in facts.secrets.get(name, {}):
            absent.setdefault(name, []).append(key)
    absent |= {
        name: list(keys) for name, keys in named_secrets(file).items() if name not in facts.secrets
    }
    for name, keys in absent.items():
        action = "update" if name in facts.secrets else "create"
        # ZenML reads `@FILE` as a file's content: what is typed ends in the shell's history.
        values = " ".join(f"--{key}=@FILE" for key in keys)
        text = f"no secret '{name}' with {', '.join(keys)}"
        yield Problem("stack", text, f"zenml secret {action} {name} {values}")


def _missing_tools(file: StackFile, facts: Facts) -> Iterator[Problem]:
    if flavors(file, "orchestrator") & CONTAINERS and "docker" not in facts.programs:
        yield Problem("stack", "docker is not installed", "https://docs.docker.com/engine/install/")
    for type_, component in _components(file):
        values = known_values(component, facts) or {}
        context = values.get("kubernetes_context")
        if context and context not in facts.contexts:
            known = near_miss(str(context), facts.contexts)
            yield Problem(
                place(type_, component),
                f"there is no Kubernetes context '{context}'. {known}",
                "kubectl config get-contexts",
            )


def _refused(file: StackFile, facts: Facts) -> Iterator[Problem]:
    """What the flavors' own classes refuse, of the components whose values are all there."""
    from stacks.configuration import settled

    for type_, component in _components(file):
        absent = any(
            key not in facts.secrets.get(name, {})
            for name, key in secret_references(component.configuration)
        )
        if absent or known_values(component, facts) is None:
            continue
        values = expand(component.configuration, facts.environ)
        try:
            settled(Registration(type_, component.name, component.flavor, dict(values)))  # type: ignore[call-overload]
        except ConfigError as error:
            yield Problem(place(type_, component), str(error), "correct it in the stack's file")


def _components(file: StackFile) -> Iterator[tuple[str, Component]]:
    for type_, group in file.components.items():
        for component in group:
            yield type_, component
