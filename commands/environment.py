"""What ZenML reads when it is imported, set by the process that owns the run."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

from commands.console import Beside
from stacks.blank_store import provide_store
from stacks.server import require_server
from stacks.startup import loading

ROOT = Path(__file__).resolve().parent.parent
CHATTER = ("alembic", "mlflow", "sqlalchemy", "httpx", "onnxscript", "torch", "skl2onnx")


def prepare(*, verbose: bool) -> None:
    """Tell ZenML where the project is, give it a store, keep its own log off the terminal.

    What the user has set is left alone. Call it before ZenML is imported.

    Raises:
        RunError: ZenML's server, where the client is logged in to one, does not answer.
        ConfigError: It refuses this client.
    """
    os.environ.setdefault("ZENML_CUSTOM_SOURCE_ROOT", str(ROOT))
    os.environ.setdefault("ZENML_AUTO_OPEN_DASHBOARD", "false")
    os.environ.setdefault("ZENML_LOGGING_COLORS_DISABLED", "true")
    os.environ.setdefault("ZENML_ENABLE_RICH_TRACEBACK", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # ZenML asks for the installed packages in every run, and uv beside Python answers it fastest.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with loading():
        if verbose:
            step_aside()
        else:
            hush()
        require_server()
        provide_store()


def step_aside() -> None:
    """Let ZenML's log go beside the result, which may be a document."""
    from zenml.logger import ZenMLConsoleHandler

    for handler in logging.getLogger().handlers:
        if isinstance(handler, ZenMLConsoleHandler):
            handler.setStream(Beside())
            # A command before this one in the same process may have hushed it.
            handler.setLevel(logging.NOTSET)


def hush() -> None:
    """Leave only what this project prints, and errors."""
    warnings.simplefilter("ignore")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    for name in CHATTER:
        logging.getLogger(name).setLevel(logging.ERROR)
    # It is raised too, and told in one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL + 1)
    import zenml.logger  # noqa: F401  (its import puts the handlers on the root logger)

    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.CRITICAL + 1)
