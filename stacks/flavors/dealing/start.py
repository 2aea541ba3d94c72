"""How a container begins that runs several steps in turn."""

from collections.abc import Sequence

from stacks.startup import FRAMEWORKS, SELDOM

# Airflow fills in commands as templates: what it starts must hold no two braces in a row.
ENDING = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
"""
# The project's code is not there yet, and ZenML imports each framework before it fetches it. The
# collector rests meanwhile, and when the process ends, as `stacks/startup.py` has it.
STEPS = f"""
import atexit, gc, runpy, sys
gc.disable()
steps, module, *given = sys.argv[1:]
if module.startswith("zenml."):
    import zenml.entrypoints.step_entrypoint_configuration
    from zenml.integrations.registry import integration_registry
    for name in {FRAMEWORKS}:
        integration_registry.integrations.pop(name, None)
gc.freeze()
gc.set_threshold({SELDOM})
gc.enable()
atexit.register(gc.freeze)
for step in steps.split(","):
    sys.argv[1:] = [*given, "--step_name", step]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except Exception as error:
        # A pod that is started again has the steps behind it that succeeded before it died.
        if type(error).__name__ != "EntityExistsError" or "A successful step" not in str(error):
            raise
"""


def in_turn(command: list[str], steps: Sequence[str]) -> list[str]:
    """The same command for each of these steps in turn.

    Args:
        command: `python -m MODULE` and what follows; any other is returned as it is.
    """
    program, *rest = command
    return [program, "-c", STEPS, ",".join(steps), *rest[1:]] if is_module(rest) else command


def is_module(words: Sequence[str]) -> bool:
    """Whether a program's words run a module."""
    return words[:1] == ["-m"] and len(words) > 1


def ending(command: list[str]) -> list[str]:
    """The same program, which ends when it is told to.

    The first process of a container does not, and Airflow's worker, which ends the container of a
    run that was stopped, has no time to wait for Docker's own end of it and then remove it.
    """
    program, option, source, *rest = command
    return [program, option, ENDING + source, *rest] if option == "-c" else command
