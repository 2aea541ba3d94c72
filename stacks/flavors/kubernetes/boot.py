"""How the pod that starts the others begins: ZenML's own program does not fetch a run's code.

The flavors of a stack are part of that code, and ZenML's program asks for the stack at once.
"""

# It runs before the code is there, so that it is text.
BOOT = """
import os, runpy, signal, sys
# The first process of a container does not end when it is told to, unless it says so itself.
signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
# ZenML takes the folder of the program for the root of all sources.
__file__ = os.path.abspath("boot.py")
from zenml.entrypoints.base_entrypoint_configuration import BaseEntrypointConfiguration

class Fetching(BaseEntrypointConfiguration):
    def run(self):
        pass

Fetching(arguments=sys.argv[1:]).prepare_code_environment()
runpy.run_module("stacks.flavors.kubernetes.conductor", run_name="__main__", alter_sys=True)
"""


def begun(command: list[str]) -> list[str]:
    """ZenML's command for the pod that starts the others, with the run's code fetched before."""
    return [command[0], "-c", BOOT]
