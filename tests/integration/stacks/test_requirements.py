"""Each extra resolved together with the core, by uv's own resolver."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.stacks.test_requirements import CORE, EXTRAS, ROOT

UV = Path(sys.executable).parent / "uv"


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_and_the_core_go_into_one_environment(extra: str, tmp_path: Path) -> None:
    """No two of their packages ask for what the other's pin refuses."""
    # uv does not read pip's settings: the Makefile hands the wheels over in the same way.
    wheels = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")} | os.environ
    words = [CORE, extra, "--quiet", "--python-version", "3.11"]
    done = subprocess.run(
        [str(UV), "pip", "compile", *words, "-o", str(tmp_path / "resolved.txt")],
        cwd=ROOT,
        env=wheels,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
