"""What a pod does before ZenML begins: it says which run it belongs to, and which steps are its."""

from collections.abc import Sequence

from stacks.startup import FRAMEWORKS

# ZenML takes a run's identity from an environment variable whose value is a placeholder. Kubeflow
# resolves placeholders in commands but not there, so that every tick of a schedule would be one
# run. Where it resolves none, the pod's name tells: it begins with the run's. ZenML's own id of a
# run that was started by hand then stands beside it.
OURS, NOBODY = "SWITCHYARD_RUN", "-"
IDENTITY = f"""
import os, re, socket, sys
run, ours = sys.argv.pop(1), sys.argv.pop(1)
if run.startswith("{{{{"):
    pod = os.environ.get("KFP_POD_NAME") or socket.gethostname()
    run = re.sub(r"-system-container-impl-[0-9]+$", "", pod)
    if ours != "{NOBODY}":
        os.environ["{OURS}"] = ours
os.environ["KFP_RUN_ID"] = run
"""
# The project's code is not there yet, and ZenML imports each framework before it fetches it.
STEPS = f"""
import runpy, sys
steps, module, *given = sys.argv[1:]
if module.startswith("zenml."):
    from zenml.integrations.registry import integration_registry
    for name in {FRAMEWORKS}:
        integration_registry.integrations.pop(name, None)
for step in steps.split(","):
    sys.argv[1:] = [*given, "--step_name", step]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except Exception as error:
        # A pod that is started again has the steps behind it that succeeded before it died.
        if type(error).__name__ != "EntityExistsError" or "A successful step" not in str(error):
            raise
"""


def identified(
    command: list[str], placeholder: str, steps: Sequence[str], ours: str = NOBODY
) -> list[str]:
    """The same command for each of these steps in turn, begun with the run's identity.

    Args:
        command: `python -m MODULE` and what follows; any other is returned as it is.
        placeholder: What Kubeflow puts the run's id in place of.
        ours: What ZenML calls the run; a schedule has many.
    """
    program, *rest = command
    if not _is_module(rest):
        return command
    return [program, "-c", IDENTITY + STEPS, placeholder, ours, ",".join(steps), *rest[1:]]


def in_turn(command: list[str], steps: Sequence[str]) -> list[str]:
    """The same command for each of these steps in turn.

    Args:
        command: `python -m MODULE` and what follows; any other is returned as it is.
    """
    program, *rest = command
    return [program, "-c", STEPS, ",".join(steps), *rest[1:]] if _is_module(rest) else command


def _is_module(words: Sequence[str]) -> bool:
    return words[:1] == ["-m"] and len(words) > 1
