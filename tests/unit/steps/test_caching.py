"""The files that a step's cache stands on."""

from pathlib import Path

import pytest

from steps import caching
from steps.caching import code_of, page_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three modules: a imports b at its top, b imports c inside a function."""
    room = tmp_path / "steps"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "a.py").write_text("import json\nfrom steps import b\n")
    (room / "b.py").write_text("def f():\n    from steps.c import g\n    return g\n")
    (room / "c.py").write_text("g = 1\n")
    monkeypatch.setattr(caching, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_everything_imported_is_followed() -> None:
    """Imports are followed through other modules and into functions."""
    files = code_of("steps.a").file_dependencies
    assert files == ["steps/__init__.py", "steps/a.py", "steps/b.py", "steps/c.py"]


@pytest.mark.usefixtures("project")
def test_only_what_is_imported_is_followed() -> None:
    """A module that imports nothing stands alone."""
    assert code_of("steps.c").file_dependencies == ["steps/c.py"]


def test_a_page_stands_on_the_templates_beside_its_modules(project: Path) -> None:
    """Also on those of the modules that it imports."""
    (project / "steps" / "templates").mkdir()
    (project / "steps" / "templates" / "a.html.j2").touch()
    assert page_of("steps.c").file_dependencies == ["steps/c.py", "steps/templates/a.html.j2"]


def test_an_unknown_module_is_refused() -> None:
    """A misspelt name fails at once instead of leaving the cache without its guard."""
    with pytest.raises(ModuleNotFoundError, match=r"steps\.dta"):
        code_of("steps.dta")
