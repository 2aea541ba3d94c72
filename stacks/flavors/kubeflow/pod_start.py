"""What a pod does before ZenML begins: it says which run of Kubeflow it belongs to."""

# ZenML takes a run's identity from an environment variable whose value is a placeholder. Kubeflow
# resolves placeholders in commands but not there, so that every tick of a schedule would be one
# run. Where it resolves none, the pod's name tells: it begins with the run's.
SOURCE = """
import os, re, runpy, socket, sys
run, module = sys.argv[1:3]
if run.startswith("{{"):
    pod = os.environ.get("KFP_POD_NAME") or socket.gethostname()
    run = re.sub(r"-system-container-impl-[0-9]+$", "", pod)
os.environ["KFP_RUN_ID"] = run
del sys.argv[1:3]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def identified(command: list[str], placeholder: str) -> list[str]:
    """The same command, begun with the run's identity.

    Args:
        command: `python -m MODULE` and what follows; any other is returned as it is.
        placeholder: What Kubeflow puts the run's id in place of.
    """
    program, *rest = command
    if rest[:1] != ["-m"] or len(rest) < 2:
        return command
    return [program, "-c", SOURCE, placeholder, *rest[1:]]
