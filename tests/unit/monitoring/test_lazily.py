"""Packages whose modules are imported when they are asked for."""

import sys
from pathlib import Path

import pytest

from steps.monitoring.lazily import import_lazily


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a package of two modules, of which `__init__` imports a name each."""
    name = f"pack_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / name
    folder.mkdir()
    text = f'"""Doc."""\nfrom {name} import costly\nfrom .cheap import NUMBER as number\n'
    (folder / "__init__.py").write_text(f"{text}\n__all__ = ['costly', 'number']\n")
    (folder / "cheap.py").write_text("NUMBER = 7\n")
    (folder / "costly.py").write_text("WEIGHT = 9\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    return name


def test_a_name_is_imported_when_it_is_taken(package: str) -> None:
    """And nothing else is."""
    import_lazily([package])
    module = __import__(package)
    assert f"{package}.cheap" not in sys.modules
    assert module.number == 7
    assert f"{package}.costly" not in sys.modules
    assert module.costly.WEIGHT == 9


def test_a_module_below_is_imported_by_its_name(package: str) -> None:
    """As `from package import module` does."""
    import_lazily([package])
    space: dict[str, object] = {}
    exec(f"from {package} import cheap\nfrom {package}.costly import WEIGHT", space)
    assert space["WEIGHT"] == 9
    assert "cheap" in space


def test_a_name_that_is_not_there_is_an_error(package: str) -> None:
    """As of any module."""
    import_lazily([package])
    with pytest.raises(AttributeError, match="no attribute 'weight'"):
        _ = __import__(package).weight


def test_a_package_that_does_more_is_imported_as_ever(package: str, tmp_path: Path) -> None:
    """What it does may matter."""
    with (tmp_path / package / "__init__.py").open("a") as source:
        source.write("DONE = [number]\n")
    import_lazily([package])
    assert __import__(package).DONE == [7]
    assert f"{package}.costly" in sys.modules
