"""What goes into a build: this machine's settings of its package index, and wheels of its own."""

import tarfile
from pathlib import Path

import pytest

from serving.image import context, fingerprint, index, wheels

PINS = ("torch==2.13.0", "Some-Package==1.0", "numpy==2.4.6")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of wheels, one of another version and one that nobody asks for."""
    for name in (
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl",
        "torch-2.12.0-cp311-cp311-linux_x86_64.whl",
        "some_package-1.0-py3-none-any.whl",
        "other-1.0-py3-none-any.whl",
    ):
        (tmp_path / name).write_bytes(b"wheel")
    return tmp_path


def test_only_wheels_of_the_pinned_versions_are_taken(folder: Path) -> None:
    found = [path.name for path in wheels([str(folder), "https://example.invalid/"], PINS)]
    assert found == [
        "some_package-1.0-py3-none-any.whl",
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl",
    ]
    assert found == [path.name for path in wheels([f"file://{folder}"], PINS)]
    assert list(wheels([str(folder / "absent")], PINS)) == []


def test_settings_of_the_index_hold_inside_but_for_places_of_this_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{folder} https://wheels.example.invalid")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example.invalid/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "file:///somewhere")
    bundle = folder / "ca.pem"
    bundle.write_bytes(b"certificates")
    files = index({"SSL_CERT_FILE": str(bundle)}, PINS)
    settings = files.pop("index/pip.conf")
    assert isinstance(settings, bytes)
    assert set(settings.decode().splitlines()) >= {
        "[global]",
        "find-links = /build https://wheels.example.invalid",
        "index-url = https://index.example.invalid/simple",
        "cert = /build/ca.crt",
    }
    assert b"somewhere" not in settings
    assert files.pop("index/ca.crt") == b"certificates"
    assert len(files) == 2
    with context(files) as stream, tarfile.open(fileobj=stream) as archive:
        assert sorted(archive.getnames()) == sorted(files)


def test_what_gives_another_image_has_another_fingerprint() -> None:
    files = {"a": b"1", "b": b"2"}
    told = {
        fingerprint(files, "base", ""),
        fingerprint(files, "other", ""),
        fingerprint(files, "base", "s3"),
        fingerprint({**files, "b": b"3"}, "base", ""),
        fingerprint({"a": b"1b2", "b": b""}, "base", ""),
    }
    assert len(told) == 5
    assert fingerprint(dict(reversed(files.items())), "base", "") in told
