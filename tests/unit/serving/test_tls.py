"""A certificate that no client could use is refused before the server starts."""

from pathlib import Path

import pytest

from serving.errors import ConfigError
from serving.settings import ServerSettings
from serving.tls import leaf
from tests.unit.serving.certificates import issue


def refusal(certificate: str, key_file: str) -> str:
    with pytest.raises(ConfigError) as refused:
        leaf(ServerSettings(certificate=certificate, key_file=key_file))
    return str(refused.value)


def test_the_servers_own_certificate_is_the_first_of_the_file(tmp_path: Path) -> None:
    files = issue(tmp_path)
    shown = leaf(ServerSettings(certificate=files.certificate, key_file=files.key_file))
    assert Path(files.certificate).read_text().startswith(shown)
    assert shown.count("BEGIN CERTIFICATE") == 1
    assert leaf(ServerSettings()) == ""


def test_one_file_without_the_other_is_refused_by_name(tmp_path: Path) -> None:
    files = issue(tmp_path)
    assert "'key_file' is not set" in refusal(files.certificate, "")
    assert "'certificate' is not set" in refusal("", files.key_file)


def test_files_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path) -> None:
    files, other = issue(tmp_path / "a"), issue(tmp_path / "b")
    assert "values mismatch" in refusal(files.certificate, other.key_file)
    assert "No such file" in refusal(str(tmp_path / "none.pem"), files.key_file)
    ended = issue(tmp_path / "ended", days=-1)
    assert "certificate has expired" in refusal(ended.certificate, ended.key_file)
    locked = issue(tmp_path / "locked", password="open")
    assert "cannot be used" in refusal(locked.certificate, locked.key_file)
    noise = tmp_path / "noise.pem"
    noise.write_bytes(b"\xff\xfe")
    assert "is no PEM text" in refusal(str(noise), files.key_file)
    noise.write_bytes(b"no certificate")
    assert "cannot be used" in refusal(str(noise), files.key_file)
