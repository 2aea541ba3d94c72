"""Writes the matrix of faults into docs/reliability.md: `python -m tests.chaos`."""

from tests.chaos.faults import PAGE, registered, written


def main() -> None:
    """Write the page anew, as the tests have it."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(written(page, registered()), encoding="utf-8")


if __name__ == "__main__":
    main()
