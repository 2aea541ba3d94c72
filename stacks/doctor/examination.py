"""Everything that the doctor looks at, in the order in which a run would come to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from serving.errors import SwitchyardError
from serving.spec import Traffic, Trials
from stacks.check import check
from stacks.configuration import load_flavor
from stacks.doctor import image, jobs, pods, seldon
from stacks.doctor.api import api
from stacks.doctor.draft import draft
from stacks.doctor.finding import Finding, of_problem
from stacks.doctor.rights import PIPELINES, RUNNER, absent, no_namespace, rights
from stacks.facts import Facts, gather, known_values
from stacks.flavors import SOURCES
from stacks.problem import place
from stacks.schema import Component, StackFile

INSTALL = "docs/kubeflow.md#kubeflow-pipelines"


def examine(
    file: StackFile,
    pipelines: Sequence[Any],
    model: str,
    tried: Traffic | None,
    *,
    deploys: bool,
    spare: Collection[str] = (),
) -> Iterator[Finding]:
    """Everything that would stop a run, and what it would do where nothing does.

    Args:
        file: As it is written, its variables unread.
        pipelines: ZenML's, prepared with their arguments.
        model: The name under which it would be served.
        tried: How a new version would be tried beside the one that serves.
        deploys: Whether the run would deploy what won.
        spare: Packages that no step of the run imports.
    """
    facts = gather(file)
    yield from checked(file, facts)
    for pipeline in pipelines:
        yield compiled(pipeline, file)
    yield image.finding(file, spare)
    for component in file.components["orchestrator"][:1]:
        if component.flavor == "kubeflow_watched":
            yield from _pipelines(place("orchestrator", component), component, facts)
        if component.flavor == "kubernetes_watched":
            values = known_values(component, facts)
            yield from jobs.in_cluster(place("orchestrator", component), values)
    if deploys:
        yield from _deployer(file, facts, model, tried)


def checked(file: StackFile, facts: Facts) -> Iterator[Finding]:
    """What `stack check` says, with a line for each component that it has nothing to say of."""
    found = check(file)
    whole = "variables, packages, secrets and versions are there, and the components fit"
    fine = {"stack": Finding("stack", "ok", whole)}
    for type_, group in file.components.items():
        for component in group:
            where = place(type_, component)
            known = known_values(component, facts) is not None
            text = f"flavor {component.flavor}"
            late = f"{text}: not asked, for something that it names is not there yet"
            fine[where] = Finding(where, "ok" if known else "unknown", text if known else late)
    told = {problem.place for problem in found}
    yield from map(of_problem, found)
    yield from (finding for where, finding in fine.items() if where not in told)


def compiled(pipeline: Any, file: StackFile) -> Finding:
    """A prepared pipeline, compiled as this stack would."""
    name = f"pipeline '{pipeline.name}'"
    try:
        return pods.finding(pipeline.name, draft(pipeline, file))
    except ModuleNotFoundError as error:
        return Finding(name, "unknown", f"not compiled: {error.name} is not installed")
    except SwitchyardError as error:
        return Finding(name, "problem", str(error), "correct it in the stack's file")
    except Exception as error:
        # ZenML's compiler, KFP's and a flavor's own class each have errors of their own.
        said = f"does not compile: {type(error).__name__}: {error}"
        return Finding(name, "problem", said, "correct the orchestrator in the stack's file")


def _pipelines(where: str, component: Component, facts: Facts) -> Iterator[Finding]:
    """Kubeflow Pipelines in its cluster, where a context leads there."""
    values = known_values(component, facts)
    if not values or not (context := values.get("kubernetes_context")):
        return
    namespace = str(values.get("kubeflow_namespace") or "kubeflow")
    try:
        asked = api(str(context))
    except (SwitchyardError, ModuleNotFoundError):
        # Told by the checks before it.
        return
    if missing := no_namespace(asked, where, namespace):
        yield from missing
        return
    yield from absent(asked, where, namespace, [("serviceaccount", RUNNER, f"# see {INSTALL}")])
    yield rights(asked, where, namespace, PIPELINES)


def _deployer(
    file: StackFile, facts: Facts, model: str, tried: Traffic | None
) -> Iterator[Finding]:
    found = file.components.get("model_deployer", ())
    if not found:
        remedy = f"python run.py --stack {file.stack_name} --no-deploy"
        yield Finding("model_deployer", "problem", "the stack has none", remedy)
        return
    component = found[0]
    where = place("model_deployer", component)
    if ("model_deployer", component.flavor) not in SOURCES:
        ours = ", ".join(sorted(name for kind, name in SOURCES if kind == "model_deployer"))
        text = f"this project cannot drive the flavor {component.flavor}"
        yield Finding(where, "problem", text, f"choose one of: {ours}")
        return
    flavor = load_flavor("model_deployer", component.flavor)
    if tried is not None and not issubclass(flavor.implementation_class, Trials):
        text = f"the flavor {component.flavor} cannot try a version out beside another"
        yield Finding(where, "problem", text, "python run.py --set rollout.strategy=immediate")
    if component.flavor == "seldon_core":
        yield from _seldon(where, file, component, facts, model, tried)


def _seldon(
    where: str,
    file: StackFile,
    component: Component,
    facts: Facts,
    model: str,
    tried: Traffic | None,
) -> Iterator[Finding]:
    values = known_values(component, facts)
    try:
        if values is None:
            raise ValueError
        config_class: Any = load_flavor("model_deployer", component.flavor).config_class
        settings = config_class(**values)
    except ValueError:
        yield Finding(where, "unknown", "no SeldonDeployment without its configuration")
        return
    yield seldon.by_rule(where, settings, model, tried)
    try:
        asked = api(settings.kubernetes_context)
    except (SwitchyardError, ModuleNotFoundError) as error:
        yield Finding(where, "unknown", f"no cluster is asked: {error}")
        return
    runner, tries = _runner(file, facts), tried is not None
    yield from seldon.in_cluster(where, settings, model, asked, runner, tries=tries)


def _runner(file: StackFile, facts: Facts) -> str | None:
    """Who deploys: the account of the pods; None where they are of no kind that is known here."""
    component = file.components["orchestrator"][0]
    values = known_values(component, facts)
    if component.flavor == "kubernetes_watched" and values:
        return jobs.account_of_steps(values)
    if component.flavor != "kubeflow_watched" or not values or values.get("user_namespace"):
        return None
    return f"{values.get('kubeflow_namespace') or 'kubeflow'}:{RUNNER}"
