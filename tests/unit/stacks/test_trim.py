"""What the image of the steps is without."""

import ctypes
import importlib.util
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from stacks.trim import loaded, main, strip


def package(folder: Path, name: str, *files: str) -> None:
    """Install a package as pip does, with a record of its files."""
    record = folder / f"{name}-1.0.dist-info" / "RECORD"
    for file in (*files, f"{name}-1.0.dist-info/METADATA"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("")
    (folder / f"{name}-1.0.dist-info/METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    own = f"{name}-1.0.dist-info/"
    record.write_text("".join(f"{each},,\n" for each in (*files, f"{own}METADATA", f"{own}RECORD")))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder as pip fills it."""
    package(tmp_path, "Some_Plots", "plots/__init__.py", "plots/deep/axis.py")
    package(tmp_path, "torch", "torch/__init__.py", "torch/include/a.h", "torch/_inductor/a.py")
    package(tmp_path, "evidently", "evidently/__init__.py", "evidently/tests/__init__.py")
    package(tmp_path, "pandas", "pandas/__init__.py", "pandas/io/tests/test_io.py", "pandas/a.pyx")
    package(tmp_path, "uv", "uv/__init__.py", "bin/uv")
    for name in ("torch_shm_manager", "test_api", "protoc"):
        (tmp_path / "torch" / "bin").mkdir(exist_ok=True)
        (tmp_path / "torch" / "bin" / name).write_text("")
    main(tmp_path, ["some-plots"])
    return tmp_path


def test_a_named_package_goes_with_all_that_it_installed(packages: Path) -> None:
    """By whatever spelling of its name."""
    assert not (packages / "plots").exists()
    assert not list(packages.glob("Some_Plots*"))


def test_what_no_step_reads_goes_and_what_it_imports_stays(packages: Path) -> None:
    """Tests, headers, sources and programs go; a package that is only called `tests` stays."""
    assert not (packages / "torch/include").exists()
    assert not (packages / "pandas/io/tests").exists()
    assert not (packages / "pandas/a.pyx").exists()
    assert [path.name for path in (packages / "torch/bin").iterdir()] == ["torch_shm_manager"]
    assert (packages / "evidently/tests/__init__.py").is_file()
    assert (packages / "torch/_inductor/a.py").is_file()


def test_what_a_step_imports_is_compiled_and_what_it_does_not_is_not(packages: Path) -> None:
    """Compiling at each start costs a step more than it costs the image here."""
    assert list((packages / "pandas/__pycache__").glob("*.pyc"))
    assert not (packages / "torch/_inductor/__pycache__").exists()


def test_the_packages_are_told_without_uv(packages: Path) -> None:
    """ZenML keeps them with each run."""
    answered = subprocess.check_output([packages / "bin/uv", "pip", "freeze", "--python", "x"])
    assert answered.decode().split() == ["evidently==1.0", "pandas==1.0", "torch==1.0"]
    refused = subprocess.run([packages / "bin/uv", "sync"], capture_output=True)
    assert (refused.returncode, refused.stderr) == (127, b"uv is not installed in this image\n")


def test_a_shared_object_without_its_symbols_is_smaller_and_still_loads(tmp_path: Path) -> None:
    """Only what debuggers and linkers read is cut off."""
    import kiwisolver

    source = Path(str(kiwisolver.__file__)).parent.glob(f"_cext*{EXTENSION_SUFFIXES[0]}")
    file = tmp_path / "_cext.so"
    file.write_bytes(before := next(source).read_bytes())
    strip(file)
    assert file.stat().st_size < len(before)
    assert ctypes.CDLL(str(file)).PyInit__cext
    spec = importlib.util.spec_from_file_location("_cext", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Solver


def test_what_is_no_shared_object_is_left_alone(tmp_path: Path) -> None:
    """A linker's script is called `.so` too."""
    (tmp_path / "libm.so").write_text("GROUP ( libm.so.6 )" * 9)
    strip(tmp_path / "libm.so")
    assert (tmp_path / "libm.so").read_text() == "GROUP ( libm.so.6 )" * 9
    assert loaded(Path(sys.executable).read_bytes()[:4]) is None
