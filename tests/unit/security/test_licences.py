"""Every package that is pinned anywhere may be used by anybody, or is excused here by name."""

import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted([*ROOT.glob("requirements*.txt"), *ROOT.glob("serving/*requirements.txt")])
# Words of licences that ask for no more than their own text to be kept.
PERMISSIVE = re.compile(
    r"\b(MIT|MIT-0|MIT-CMU|BSD|0BSD|Apache|ISC|ISCL|PSF|PSF-2\.0|Python Software Foundation"
    r"|ZPL-2\.1|Zlib|CC0|CC0-1\.0|HPND|TCL|CNRI-Python|Unlicense|BSL-1\.0)\b"
)
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL|SSPL|BUSL|Business|Commons Clause|Artistic", re.I)
EXCUSED = {
    # Their own files, if changed, are to be shown; nothing of them is changed, or copied into ours.
    "certifi": "MPL-2.0: a list of certificates",
    "fqdn": "MPL-2.0: of the tests' environment",
    "hypothesis": "MPL-2.0: of the tests' environment",
    "orjson": "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "pathspec": "MPL-2.0: of the tests' environment",
    "tqdm": "MPL-2.0 AND MIT",
    "psycopg2-binary": "LGPL with exceptions: a driver of the tests, imported and not changed",
}
# They name their licence in a file alone, where it was read.
FILED = {"axe-playwright-python": "MIT", "huey": "MIT", "skops": "MIT"}
# Of environments that no test installs whole, as their packages' own metadata says.
ELSEWHERE = {
    "adlfs": "BSD", "argparse": "PSF-2.0", "aws-profile-manager": "MIT", "azure-core": "MIT",
    "azure-identity": "MIT", "azure-storage-blob": "MIT", "configparser": "MIT",
    "decorator": "BSD-2-Clause", "flask-opentracing": "BSD", "gcsfs": "BSD",
    "google-auth-oauthlib": "Apache-2.0", "google-cloud-storage-control": "Apache-2.0",
    "grpc-google-iam-v1": "Apache-2.0", "grpcio-opentracing": "Apache-2.0",
    "grpcio-reflection": "Apache-2.0", "grpcio-status": "Apache-2.0", "isodate": "BSD",
    "jaeger-client": "Apache-2.0", "msal": "MIT", "msal-extensions": "MIT",
    "opentracing": "Apache-2.0", "prometheus-client": "Apache-2.0", "pyrsistent": "MIT",
    "seldon-core": "Apache-2.0", "threadloop": "MIT", "thrift": "Apache-2.0",
    "tornado": "Apache-2.0",
}  # fmt: skip


def plain(name: str) -> str:
    """A package's name as an index has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Every pinned package, with a file that pins it."""
    found: dict[str, str] = {}
    for lock in LOCKS:
        for line in lock.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"([A-Za-z0-9._-]+)(?:\[.*?\])?==", line):
                found.setdefault(plain(match[1]), str(lock.relative_to(ROOT)))
    return found


def licence(package: Distribution) -> str:
    """What a package says of its licence, most exact first."""
    told = package.metadata
    if said := told.get_all("License-Expression", []):
        return str(said[0])
    names = [name.rpartition(" :: ")[2] for name in told.get_all("Classifier", [])
             if name.startswith("License :: ")]  # fmt: skip
    kept = sorted({name for name in names if name != "OSI Approved"})
    return " AND ".join(kept) or (told.get_all("License", [""])[0]).strip().partition("\n")[0]


def fault(name: str, installed: dict[str, str]) -> str:
    """What is to be said against a package; empty where nothing is."""
    said = installed.get(name) or FILED.get(name) or ELSEWHERE.get(name, "")
    if not said:
        return "names no licence: read its files, and name it here"
    if COPYLEFT.search(said) and name not in EXCUSED:
        return f"is under {said}: excuse it here with a reason, or do without it"
    return "" if PERMISSIVE.search(said) or name in EXCUSED else f"is under {said}, unknown here"


def test_every_pinned_package_is_permissive_or_excused() -> None:
    """A new dependency of another kind has to be argued for."""
    packages = pinned()
    assert len(packages) > 200
    installed = {plain(each.metadata["Name"]): licence(each) for each in distributions()}
    faults = {name: why for name in packages if (why := fault(name, installed))}
    assert not faults, {name: (packages[name], why) for name, why in faults.items()}


def test_nobody_is_excused_who_is_not_there() -> None:
    """The lists above hold no more than they must."""
    assert {*EXCUSED, *FILED, *ELSEWHERE} <= set(pinned())


def test_what_asks_for_more_is_found() -> None:
    """The test above can fail."""
    assert fault("new", {"new": "GPL-3.0-only"})
    assert fault("new", {"new": "Business Source License 1.1"})
    assert fault("new", {"new": "MPL-2.0 AND MIT"})
    assert fault("new", {"new": "Beerware"})
    assert fault("new", {})
    assert not fault("new", {"new": "MIT OR Apache-2.0"})
