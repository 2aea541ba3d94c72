"""The packages of an image that runs the main job's steps, in the versions installed here."""

from importlib.metadata import distribution

from packaging.requirements import Requirement

from tests.workplace import ROOT

# The packages of stacks whose artifacts lie in S3, and of Kubeflow's.
EXTRAS = ("boto3", "kfp", "kfp-kubernetes", "kubernetes", "s3fs")

# Of what a step imports, the part that small pipelines of the tests need.
NEEDED = ("boto3", "kfp", "kubernetes", "s3fs", "zenml")


def without_torch() -> list[str]:
    """The core's pins but for torch, which no candidate of these tests needs, and the extras'."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line).name for line in lines if line and not line.startswith("#")]
    return closure((*(name for name in asked if name != "torch"), *EXTRAS))


def closure(names: tuple[str, ...]) -> list[str]:
    """These packages and all that they need, with their versions."""
    pins: dict[str, str] = {}
    left = [Requirement(name) for name in names]
    while left:
        wanted = left.pop()
        if wanted.name in pins:
            continue
        found = distribution(wanted.name)
        pins[wanted.name] = f"{found.name}=={found.version}"
        needs = map(Requirement, found.requires or ())
        left += [each for each in needs if not each.marker or each.marker.evaluate({"extra": ""})]
    return sorted(set(pins.values()))
