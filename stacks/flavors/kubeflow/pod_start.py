"""What a pod does before ZenML begins: it says which run it belongs to, and which steps are its."""

from collections.abc import Sequence

from stacks.flavors.dealing.start import STEPS, is_module

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
    if not is_module(rest):
        return command
    return [program, "-c", IDENTITY + STEPS, placeholder, ours, ",".join(steps), *rest[1:]]
