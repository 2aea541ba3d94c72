"""The server itself is killed with -9, at each write of a roll."""

from pathlib import Path

import httpx
import pytest

from serving.errors import SwitchyardError
from serving.openapi import v2_body
from serving.resident import finish, serve, try_out
from serving.spec import Traffic
from serving.state import read_state
from tests.integration.serving.conftest import MakeSpec
from tests.unit.serving.tiny import ROW, schema

# Python reads it when it begins: it ends the process where the file `kill` in its folder says so.
ARMED = """
import os, pathlib, signal, sys

order = pathlib.Path(__file__).with_name("kill")

def deadly(real):
    def called(*arguments, **named):
        how = order.read_text() if order.exists() else ""
        if how == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*arguments, **named)
        if how == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    return called

if "serving.app" in sys.orig_argv:
    import serving.state
    serving.state.write_private = deadly(serving.state.write_private)
"""


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says where servers kill themselves: before or after they write their state."""
    folder = tmp_path / "armed"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(ARMED)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder / "kill"


@pytest.mark.fault(
    kind="kill -9",
    where="the resident server, before and after it writes down the version it is rolled to",
    promise="It comes back at its URL, with the version before or with the next.",
    then="the next deployment",
)
@pytest.mark.parametrize(("how", "left"), [("before", "1"), ("after", "2")])
@pytest.mark.parametrize("finishing", [False, True])
def test_a_server_killed_in_a_roll_comes_back_with_one_of_both(
    home: Path, spec: MakeSpec, order: Path, how: str, left: str, finishing: bool
) -> None:
    first = serve(home, spec("1"))
    if finishing:
        try_out(home, spec("2"), Traffic("canary", 0.5))
    order.write_text(how)
    with pytest.raises(SwitchyardError):
        finish(home) if finishing else serve(home, spec("2"))
    order.unlink()
    state = read_state(home)
    assert state is not None
    assert state.version == left
    assert (home / "versions" / state.bundle).is_dir()
    again = serve(home, spec("2"))
    assert (again.url, again.version) == (first.url, "2")
    answer = httpx.post(again.predict_url, json=v2_body(schema(), [ROW]), trust_env=False)
    assert (answer.status_code, answer.json()["model_version"]) == (200, "2")
