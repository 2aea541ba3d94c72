"""A place of its own for the program."""

from tests.integration.conftest import shared_workplace

__all__ = ["shared_workplace"]
