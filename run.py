"""Train, gate, deploy and watch a model on any stack."""

from __future__ import annotations

import sys

from commands.parser import parse
from serving.errors import SwitchyardError, spoken, without_passwords


def main(words: list[str]) -> int:
    """Run one command line and return its exit status."""
    options = parse(words)
    try:
        status: int = options.command(options)
        return status
    except SwitchyardError as error:
        print(traced(error) if options.debug else f"error: {error.told()}", file=sys.stderr)
        return error.exit_status
    except Exception as error:
        if options.debug:
            print(traced(error), file=sys.stderr)
            return 1
        what = f"{type(error).__name__}: {spoken(error)}"
        print(f"error: {what} (`--debug` shows the traceback.)", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        how = interrupt.args[0] if interrupt.args else "the next run goes on from it"
        print(f"interrupted: what finished is kept, and {how}", file=sys.stderr)
        return 130


def traced(error: Exception) -> str:
    """A traceback to be shown: what a package says of an address may hold its password."""
    import traceback

    return without_passwords("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
