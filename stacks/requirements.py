"""What the flavors of a stack import; as a program, the requirements files beside the core's."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from serving.errors import ConfigError
from stacks.schema import StackFile, known_stacks, read_stack

ROOT = Path(__file__).resolve().parent.parent
CORE = "requirements.txt"

# By component type and flavor: the pinned file that installs the packages, and the packages.
PACKAGES = {
    ("artifact_store", "azure"): ("requirements-azure.txt", ("adlfs", "azure-identity")),
    ("artifact_store", "gcp"): ("requirements-gcp.txt", ("gcsfs", "google-cloud-storage")),
    ("artifact_store", "s3"): ("requirements-s3.txt", ("s3fs", "boto3")),
    ("container_registry", "aws"): (
        "requirements-aws.txt",
        ("aws-profile-manager", "boto3", "kubernetes"),
    ),
    ("data_validator", "evidently"): (CORE, ("evidently",)),
    ("experiment_tracker", "mlflow"): (CORE, ("mlflow",)),
    ("model_deployer", "resident_docker"): (CORE, ("docker",)),
    ("model_deployer", "seldon_core"): ("requirements-kubernetes.txt", ("kubernetes",)),
    ("model_registry", "mlflow"): (CORE, ("mlflow",)),
    ("orchestrator", "docker_parallel"): (CORE, ("docker",)),
    ("orchestrator", "kubeflow"): ("requirements-kubeflow.txt", ("kfp", "kubernetes")),
    ("orchestrator", "kubeflow_rehearsal"): ("requirements-kubeflow.txt", ("kfp", "kubernetes")),
    ("orchestrator", "kubeflow_watched"): ("requirements-kubeflow.txt", ("kfp", "kubernetes")),
    ("orchestrator", "kubernetes"): ("requirements-kubernetes.txt", ("kubernetes",)),
    ("orchestrator", "kubernetes_watched"): ("requirements-kubernetes.txt", ("kubernetes",)),
}


def packages(file: StackFile) -> set[str]:
    """The packages that the flavors of a stack import."""
    return {package for _, names in _needs(file) for package in names}


def installed(names: Collection[str]) -> set[str]:
    """Those of the packages that this environment has."""
    return {name for name in names if _has(name)}


def install_line(file: StackFile, present: Collection[str]) -> tuple[list[str], str] | None:
    """The missing packages and the one line that installs them; None where none is missing."""
    missing, files = set(), set()
    for source, names in _needs(file):
        if absent := set(names) - set(present):
            missing |= absent
            files.add(source)
    line = " ".join(f"-r {source}" for source in sorted(files))
    return (sorted(missing), f"python -m pip install {line}") if missing else None


def extra_files(file: StackFile) -> list[str]:
    """The requirements files beside the core's that a stack needs."""
    return sorted({source for source, _ in _needs(file)} - {CORE})


def locks() -> list[str]:
    """What the files hold that a step's packages can come from."""
    names = sorted({CORE, *(source for source, _ in PACKAGES.values())})
    return [(ROOT / name).read_text(encoding="utf-8") for name in names]


def pins(file: StackFile) -> list[str]:
    """Every package that a step on this stack imports, the core's and its own, with its version."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in (CORE, *extra_files(file))]
    return sorted({line.strip() for text in texts for line in text.splitlines() if "==" in line})


def _needs(file: StackFile) -> Iterator[tuple[str, tuple[str, ...]]]:
    for type_, group in file.components.items():
        for component in group:
            if need := PACKAGES.get((type_, component.flavor)):
                yield need


def _has(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def main(name: str) -> int:
    """Print the files, for the Makefile; a stack that has no file of its own needs none."""
    if not name.endswith((".yaml", ".yml")) and name not in known_stacks():
        return 0
    try:
        print("\n".join(extra_files(read_stack(name))))
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
