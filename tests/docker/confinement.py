"""Who a container's process is, and what it may, as Linux itself says."""

# The one that the image of the steps names.
STEPS_USER = "10001"
# A process that is not root, has no capability, and comes by none.
CONFINED = {"Uid": STEPS_USER, "CapBnd": "0000000000000000", "NoNewPrivs": "1"}


def confinement(status: str) -> dict[str, str]:
    """What keeps a process in its place.

    Args:
        status: Its `/proc/PID/status`.
    """
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return {name: lines[name].split()[0] for name in CONFINED}
