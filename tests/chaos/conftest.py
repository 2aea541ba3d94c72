"""Places, programs and servers that faults are injected into."""

from tests.integration.conftest import mlflow_forgets, shared_workplace, team, workplace
from tests.integration.failures.conftest import program
from tests.integration.serving.conftest import home, spec
from tests.integration.team.conftest import ann

__all__ = [
    "ann",
    "home",
    "mlflow_forgets",
    "program",
    "shared_workplace",
    "spec",
    "team",
    "workplace",
]
