"""Takes out of a folder of packages what no step reads, and compiles what is left.

The build of the steps' image runs this file alone, with the base image's Python and nothing else.
What goes are tests, headers, sources of compiled modules, the pages of servers that no step starts,
and the symbols of shared objects, which only debuggers and linkers read. No module that a step
could import goes with them, but for the packages that the build names: a package is named where
nothing of what declares it imports it in a step (see `stacks/unused.py`).
"""

import compileall
import re
import shutil
import struct
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from py_compile import PycInvalidationMode

# Patterns from the folder of the packages on.
UNREAD = (
    # C++ tests and what a compiler of extensions reads.
    "torch/test",
    # All but torch_shm_manager.
    "torch/bin/*[!r]",
    "torch/include",
    "torch/share",
    # Arrow's client and server of Flight; `pyarrow.flight` alone loads them.
    "pyarrow/_flight.*",
    "pyarrow/include",
    "pyarrow/libarrow_flight.*",
    "pyarrow/libarrow_python_flight.*",
    "onnx/backend/test",
    # A second copy of the runtime, for programs in C.
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    # The pages of servers and of notebooks.
    "evidently/legacy/ui/assets",
    "evidently/ui/service/assets",
    "jupyterlab_plotly",
    "mlflow/server/js",
    "share/jupyter",
    "zenml/zen_server/dashboard",
)
# Not every `tests` is one: evidently has a package of that name that it needs.
TESTED = (
    "joblib", "matplotlib", "mpl_toolkits", "mpmath", "networkx", "nltk", "numpy", "pandas",
    "passlib", "pyarrow", "scipy", "sklearn", "statsmodels", "sympy",
)  # fmt: skip
SOURCES = {".a", ".c", ".cc", ".cpp", ".h", ".hpp", ".ipynb", ".pxd", ".pxi", ".pyi", ".pyx"}
# What a training does not import of what it does import. It stays, and is compiled when it is.
RARE = re.compile(
    r"/(mlflow/server|networkx/algorithms|sympy/physics|torch/_inductor|torch/testing|zenml/cli"
    r"|zenml/zen_server|plotly/(graph_objs|validators)/((?!(bar|layout|scatter)/)[^/]+|\w+/\w+))/"
)
# What runs on another processor than this build's is left as it is.
GPU = re.compile(r"cuda|/nvidia/|/triton/")
# ZenML asks for the packages in every step. uv itself has 40 MB, and answers that there are none.
UV = """\
#!/bin/sh
[ "$1 $2" = "pip freeze" ] && exec cat {list}
echo "uv is not installed in this image" >&2
exit 127
"""


def main(folder: Path, unused: Iterable[str]) -> None:
    """Trim a folder of packages."""
    remove(folder, {"uv", *unused})
    for path in unread(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for path in folder.rglob("*.so*"):
        if path.is_file() and not path.is_symlink() and not GPU.search(path.as_posix()):
            strip(path)
    answer(folder)
    # Some packages hold templates that are not Python; they stay as they are.
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, workers=0, rx=RARE, invalidation_mode=mode)


def remove(folder: Path, names: set[str]) -> None:
    """Remove these packages with all that they installed."""
    for package in distributions(path=[str(folder)]):
        if canonical(package.name) in names:
            files = [folder / file for file in package.files or ()]
            for file in files:
                file.unlink(missing_ok=True)
            for place in sorted({file.parent for file in files}, reverse=True):
                if place.is_dir() and not any(place.iterdir()):
                    place.rmdir()


def unread(folder: Path) -> Iterator[Path]:
    """What no step reads."""
    for pattern in UNREAD:
        yield from folder.glob(pattern)
    for name in TESTED:
        yield from list((folder / name).rglob("tests"))
    yield from [path for path in folder.rglob("*") if path.suffix in SOURCES and path.is_file()]


def strip(file: Path) -> None:
    """Cut off what stands behind the parts of a shared object that are loaded."""
    with file.open("r+b") as stream:
        end = loaded(stream.read(1 << 16))
        if end is None or end >= file.stat().st_size:
            return
        stream.truncate(end)
        # No table of sections any more: where it would begin, how many it has, which names them.
        stream.seek(40)
        stream.write(bytes(8))
        stream.seek(60)
        stream.write(bytes(4))


def loaded(head: bytes) -> int | None:
    """Where the last part ends that is loaded; None where the file is no such object."""
    if head[:6] != b"\x7fELF\x02\x01":
        return None
    (start,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    if start + size * count > len(head):
        return None
    ends = [start + size * count]
    for index in range(count):
        offset, in_file = struct.unpack_from("<8xQ16xQ", head, start + index * size)
        ends.append(offset + in_file)
    return int(max(ends))


def answer(folder: Path) -> None:
    """Write down what is installed, and the command that tells it."""
    found = {f"{each.name}=={each.version}" for each in distributions(path=[str(folder)])}
    listed, command = folder / "installed.txt", folder / "bin" / "uv"
    listed.write_text("\n".join([*sorted(found, key=str.lower), ""]), encoding="utf-8")
    command.parent.mkdir(exist_ok=True)
    command.write_text(UV.format(list=listed), encoding="utf-8")
    command.chmod(0o755)


def canonical(name: str) -> str:
    """A package's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split())
