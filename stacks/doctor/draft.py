"""A pipeline compiled for a stack that nobody has registered, without a build or a run.

Only the orchestrator shapes what is compiled. The other components stand in for the stack's own, so
that a variable or a secret that is not there yet hides nothing of this.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from stacks.configuration import load_flavor
from stacks.schema import Component, StackFile, unset_in
from stacks.values import expand

# Those whose pipelines are compiled to the form that Kubeflow Pipelines takes.
WATCHED = {"kubeflow_watched", "kubeflow_rehearsal"}
# In place of what no environment says yet.
UNSET = "unset.invalid"
# In place of an image that is not built yet.
IMAGE = "unbuilt.invalid/training"


@dataclass(frozen=True)
class Draft:
    """A compiled pipeline.

    Args:
        upstream: The steps that each step waits for, in an order in which they can run.
        orchestrator: The flavor.
        alone: Patterns of steps with a container of their own; None where steps have none.
        pipeline: What Kubeflow Pipelines would be given; None for other orchestrators.
        resources: What each pod asks for, by its name, where Kubernetes itself is asked.
    """

    upstream: Mapping[str, tuple[str, ...]]
    orchestrator: str
    alone: tuple[str, ...] | None = None
    pipeline: Mapping[str, Any] | None = None
    resources: Mapping[str, Any] | None = None


def draft(pipeline: Any, file: StackFile) -> Draft:
    """Compile a prepared pipeline as this stack's orchestrator would.

    Args:
        pipeline: One of ZenML's, prepared with its arguments.

    Raises:
        ConfigError: The orchestrator refuses its configuration, or the pipeline.
        ModuleNotFoundError: What the orchestrator imports is not installed.
    """
    from zenml.config.compiler import Compiler
    from zenml.config.pipeline_run_configuration import PipelineRunConfiguration

    orchestrator = file.components["orchestrator"][0]
    flavor = orchestrator.flavor
    with tempfile.TemporaryDirectory(prefix="draft-") as folder:
        stack = _stack(file, folder)
        compiled = Compiler().compile(pipeline, stack, PipelineRunConfiguration())
        steps = compiled.step_configurations
        upstream = {name: tuple(step.spec.upstream_steps) for name, step in steps.items()}
        if flavor == "kubernetes_watched":
            return _dealt(compiled, upstream, orchestrator)
        if flavor not in WATCHED:
            return Draft(upstream, flavor, _own(orchestrator))
        made = stack.orchestrator.drafted(compiled, stack, IMAGE)
        return Draft(upstream, flavor, stack.orchestrator.config.alone, made)


def _dealt(
    compiled: Any, upstream: Mapping[str, tuple[str, ...]], orchestrator: Component
) -> Draft:
    from stacks.flavors.kubernetes.dealing import dealt_snapshot
    from stacks.flavors.kubernetes.pods import quantities, wished

    kind: Any = load_flavor("orchestrator", orchestrator.flavor).config_class
    given = {
        key: value for key, value in orchestrator.configuration.items() if key in ("alone", "pods")
    }
    config = kind(**given)
    dealt = dealt_snapshot(compiled, config.alone)
    asked = {name: quantities(wished(dealt, name, config.pods)) for name in dealt.groups}
    return Draft(upstream, orchestrator.flavor, config.alone, resources=asked)


def _own(orchestrator: Component) -> tuple[str, ...] | None:
    from stacks.pairs import CONTAINERS

    if orchestrator.flavor not in CONTAINERS:
        return None
    config: Any = load_flavor("orchestrator", orchestrator.flavor).config_class
    if (field := config.model_fields.get("alone")) is None:
        return ("*",)
    given: Any = orchestrator.configuration.get("alone", field.default)
    return tuple(given)


def _stack(file: StackFile, folder: str) -> Any:
    from zenml.stack import Stack

    environ = {**dict.fromkeys(unset_in(file, os.environ), UNSET), **os.environ}
    written = file.components["orchestrator"][0]
    made = {
        "artifact_store": _component("artifact_store", "local", {"path": folder}),
        "container_registry": _component("container_registry", "default", {"uri": IMAGE}),
        "experiment_tracker": _component("experiment_tracker", "mlflow", {}),
    }
    if written.flavor in WATCHED:
        from stacks.flavors.kubeflow.draft import DraftOrchestrator

        values = dict(expand(written.configuration, environ))  # type: ignore[call-overload]
        orchestrator = _component("orchestrator", written.flavor, values, DraftOrchestrator)
        orchestrator.folder = folder
    else:
        orchestrator = _component("orchestrator", "local", {})
    return Stack(uuid4(), file.stack_name, orchestrator=orchestrator, **made)


def _component(type_: str, name: str, values: Mapping[str, Any], kind: type | None = None) -> Any:
    from zenml.enums import StackComponentType

    flavor = load_flavor(type_, name)
    now = datetime.now(UTC)
    return (kind or flavor.implementation_class)(
        name=name,
        id=uuid4(),
        config=flavor.config_class(**values),
        flavor=name,
        type=StackComponentType(type_),
        user=None,
        created=now,
        updated=now,
    )
