"""Pipelines that tell how their containers were run; as a program, one of them on the stack.

It is called with the file of a stack and the name of a pipeline, and prints how that ended.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

from zenml import pipeline, step
from zenml.config import ResourceSettings
from zenml.enums import ExecutionMode

LIMITS = {"cpu": 0.5, "memory": "700MiB"}


@step(settings={"resources": ResourceSettings(cpu_count=0.5, memory="700MiB")})
def look() -> Annotated[dict[str, str], "seen"]:
    """What a container sees of its limits and its variables."""
    group = Path("/sys/fs/cgroup")
    files = {"cpu": group / "cpu.max", "memory": group / "memory.max"}
    older = {
        "cpu": group / "cpu/cpu.cfs_quota_us",
        "memory": group / "memory/memory.limit_in_bytes",
    }
    found = {name: path if path.exists() else older[name] for name, path in files.items()}
    seen = {name: path.read_text().strip() for name, path in found.items()}
    return {
        **seen,
        "pod": os.environ["KFP_POD_NAME"],
        "asked": os.environ["ASKED_FOR"],
        "process": Path("/proc/self/status").read_text(),
        "frameworks": " ".join(sorted({"sklearn", "torch"} & set(sys.modules))),
    }


@step
def use(seen: dict[str, str]) -> Annotated[list[str], "names"]:
    """What the step before found, read from the artifact store."""
    return sorted(seen)


@step
def break_off() -> int:
    """Fail as a step of a user's does."""
    raise ValueError("no such column: price")


@step
def die() -> int:
    """End as a container does that ran out of memory: nothing is told to anybody."""
    os._exit(137)


@step
def go_on(number: int) -> int:
    """What must not run after a failure."""
    return number


# As the project's own pipelines, these are to fail at once where that can be had.
AT_ONCE = ExecutionMode.FAIL_FAST


@pipeline(environment={"ASKED_FOR": "by the pipeline"}, enable_cache=False, execution_mode=AT_ONCE)
def well() -> None:
    """Two steps, one after the other."""
    use(look())


@pipeline(enable_cache=False, execution_mode=AT_ONCE)
def failing() -> None:
    """A step that raises, and one that needs it."""
    go_on(break_off())


@pipeline(enable_cache=False, execution_mode=AT_ONCE)
def dying() -> None:
    """A container that dies, and a step that needs it."""
    go_on(die())


def main(stack: str, name: str) -> None:
    """Run one of the pipelines and print how it ended, as ZenML's server has it."""
    from zenml.client import Client

    from serving.errors import SwitchyardError
    from stacks.apply import apply
    from stacks.image import docker_settings
    from stacks.modes import execution_mode
    from stacks.schema import load_stack

    apply(load_stack(stack), active=True)
    chosen, error = {"well": well, "failing": failing, "dying": dying}[name], ""
    try:
        settings = {"docker": docker_settings(os.environ["TRAINING_IMAGE"])}
        chosen.with_options(settings=settings, **execution_mode())()
    except Exception as raised:
        cause = getattr(raised, "original_exception", raised)
        error = f"{type(cause).__name__}: {cause}"
        assert isinstance(cause, SwitchyardError), error
    run = Client().list_pipeline_runs(pipeline=name, hydrate=True, sort_by="desc:created").items[0]
    outputs = {
        output: versions[0].load()
        for each in run.steps.values()
        for output, versions in each.outputs.items()
    }
    steps = {each: str(found.status) for each, found in run.steps.items()}
    print(
        "\n"
        + json.dumps({"run": str(run.status), "steps": steps, "outputs": outputs, "error": error})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
