"""The table of the unit tests, for the steps that need ZenML to be imported."""

from tests.unit.data.conftest import table

__all__ = ["table"]
