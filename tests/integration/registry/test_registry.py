"""Versions and bundles on a real MLflow store."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.errors import ConfigError, ModelError, UserError
from serving.model import Model
from steps.registry.registry import Registry
from tests.integration.registry.conftest import MODEL, Registers


def test_the_same_digest_is_registered_once(registry: Registry, register: Registers) -> None:
    first, second = register(1), register(1)
    assert first == second
    assert [version.version for version in registry.versions(MODEL)] == ["1"]


def test_another_digest_is_another_version(registry: Registry, register: Registers) -> None:
    assert [register(1).version, register(2).version] == ["1", "2"]
    assert registry.version(MODEL, "2").data_digest == "sha256:d"


def test_a_fetched_bundle_is_the_registered_one_and_names_its_version(
    registry: Registry, register: Registers, tmp_path: Path
) -> None:
    version = register(1)
    model = Model.load(registry.fetch(version, tmp_path / "fetched"), digest=version.digest)
    assert (model.name, model.manifest.version) == (MODEL, "1")


def test_the_bundle_uri_is_a_bundle_that_any_process_reads(register: Registers) -> None:
    version = register(3)
    assert Model.load(Path(version.bundle_uri)).digest == version.digest


def test_a_bundle_that_was_swapped_is_refused(
    registry: Registry, register: Registers, tmp_path: Path
) -> None:
    first, second = register(1), register(2)
    for file in Path(second.bundle_uri).iterdir():
        (Path(first.bundle_uri) / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelError, match="'flights' version 1 was changed"):
        registry.fetch(first, tmp_path / "fetched")
    assert not list((tmp_path / "fetched").iterdir())


def test_an_unknown_model_names_the_near_miss(registry: Registry, register: Registers) -> None:
    register(1)
    with pytest.raises(UserError, match=r"'flihgts' is registered\. Did you mean 'flights'"):
        registry.require_model("flihgts")


def test_an_unknown_version_names_the_known_ones(registry: Registry, register: Registers) -> None:
    register(1)
    with pytest.raises(UserError, match=r"no version '9'\. Known: 1"):
        registry.version(MODEL, "9")


@pytest.mark.fault(
    kind="at once",
    where="two machines that register one digest",
    promise="One version is left.",
    then="nothing is needed",
)
def test_of_two_machines_that_register_one_digest_at_once_the_later_gives_way(
    registry: Registry, register: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock is shared between machines: here the other one is first by the width of an upload."""
    log = registry.client.log_artifacts

    def log_and_be_overtaken(run_id: str, bundle: str, path: str) -> None:
        log(run_id, bundle, path)
        tags = {"digest": Model.load(Path(bundle)).digest}
        registry.client.create_model_version(MODEL, "file:/elsewhere", run_id, tags=tags)

    monkeypatch.setattr(registry.client, "log_artifacts", log_and_be_overtaken)
    assert register(1).version == "1"
    assert [version.version for version in registry.versions(MODEL)] == ["1"]


def test_what_an_older_release_left_out_is_told_with_what_mends_it(
    registry: Registry, register: Registers
) -> None:
    """In place of MLflow's own words; a store that fails for another reason keeps its own."""
    version = register(2)
    assert not registry.holds(version, "profile.json")
    with pytest.raises(ConfigError, match=r"Version 1 of 'flights' has no profile\.json: .*--no-c"):
        registry.text_of(version, "profile.json")
    registry.client.log_text(version.run_id, "{}", "profile.json")
    assert registry.holds(version, "profile.json")
    assert registry.text_of(version, "profile.json") == "{}"
