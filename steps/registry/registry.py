"""Models, their versions and their bundles in an MLflow registry; no ZenML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from serving.bundle import FILES, ONNX, SCHEMA, digest, write_bundle
from serving.errors import ConfigError, ModelError, UserError, near_miss
from serving.model import Model
from steps.registry.blank import provide_database
from steps.registry.lock import one_maker, one_writer
from steps.registry.version import Version

if TYPE_CHECKING:
    from mlflow import MlflowClient

BUNDLE = "bundle"
# MLflow cuts or refuses a longer tag, depending on its store.
LONGEST_TAG = 4500


class Registry:
    """The registered models behind one MLflow tracking URI."""

    def __init__(self, tracking_uri: str) -> None:
        self.tracking_uri = tracking_uri

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's own client, imported on first use: that takes more than a second."""
        from mlflow import MlflowClient

        with one_maker(self.tracking_uri):
            provide_database(self.tracking_uri)
            return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def models(self) -> list[str]:
        """The names of the registered models."""
        return sorted(str(model.name) for model in _all(self.client.search_registered_models))

    def find_model(self, model: str) -> Any | None:
        """MLflow's record of the model: tags and aliases; None when there is none."""
        with _absent_is_none():
            return self.client.get_registered_model(model)
        return None

    def require_model(self, model: str) -> Any:
        """MLflow's record of the model, or an error that names the near misses."""
        record = self.find_model(model)
        if record is None:
            raise UserError(f"No model '{model}' is registered. {near_miss(model, self.models())}")
        return record

    def find_version(self, model: str, version: str) -> Version | None:
        """That version; None when there is none."""
        with _absent_is_none():
            return self._version(self.client.get_model_version(model, version))
        return None

    def version(self, model: str, version: str) -> Version:
        """That version, or an error that names the near misses."""
        found = self.find_version(model, version)
        if found is None:
            known = [held.version for held in self.versions(model)]
            raise UserError(f"'{model}' has no version '{version}'. {near_miss(version, known)}")
        return found

    def versions(self, model: str) -> list[Version]:
        """Every version of the model that has a bundle, oldest first."""
        found = _all(self.client.search_model_versions, filter_string=f"name = {_quoted(model)}")
        ours = (self._version(held) for held in found if "digest" in held.tags)
        return sorted(ours, key=lambda held: int(held.version))

    def find_digest(self, model: str, asked: str) -> Version | None:
        """The oldest version with that digest; None when there is none."""
        filters = f"name = {_quoted(model)} and tags.digest = '{asked}'"
        found = [
            self._version(held)
            for held in _all(self.client.search_model_versions, filter_string=filters)
        ]
        return min(found, key=lambda held: int(held.version), default=None)

    def register(
        self, model: str, run_id: str, model_uri: str, bundle: Path, tags: Mapping[str, str]
    ) -> Version:
        """Register a bundle as a new version, or return the one that has its digest.

        Args:
            run_id: The run whose artifacts take the bundle.
            model_uri: `models:/m-...` of the logged native model; empty registers the bundle alone.
        """
        found_digest = Model.load(bundle).digest
        with one_writer(self.tracking_uri):
            self._create_model(model)
            found = self.find_digest(model, found_digest)
            if found is not None:
                return found
            self.client.log_artifacts(run_id, str(bundle), BUNDLE)
            source = model_uri or self._bundle_uri(run_id)
            kept = {key: value[:LONGEST_TAG] for key, value in tags.items()} | {
                "digest": found_digest
            }
            # The tags are created with the version: one without its digest never exists.
            with self.as_default():
                made = self.client.create_model_version(
                    model, source, run_id, tags=kept, model_id=_logged_model(source)
                )
            return self._only(self._version(made))

    def _only(self, made: Version) -> Version:
        """Give way to an older version of the digest, which another machine made meanwhile."""
        first = self.find_digest(made.model, made.digest) or made
        if first.version != made.version:
            self.client.delete_model_version(made.model, made.version)
        return first

    def tag(self, version: Version, key: str, value: str) -> None:
        """Note something on a version, in place of what was noted there before."""
        self.client.set_model_version_tag(version.model, version.version, key, value[:LONGEST_TAG])

    def fetch(self, version: Version, directory: Path) -> Path:
        """Bring a version's bundle into a directory, with its digest checked."""
        from mlflow.artifacts import download_artifacts

        with TemporaryDirectory(dir=_made(directory)) as scratch:
            download_artifacts(
                run_id=version.run_id,
                artifact_path=BUNDLE,
                dst_path=scratch,
                tracking_uri=self.tracking_uri,
            )
            copied = Path(scratch) / BUNDLE
            _check(copied, version)
            for name in FILES:
                (copied / name).replace(directory / name)
        return directory

    def schema_of(self, version: Version) -> str:
        """The table schema of a version, as its bundle holds it."""
        return self.text_of(version, f"{BUNDLE}/{SCHEMA}")

    def text_of(self, version: Version, name: str) -> str:
        """A text that the training of a version left beside it.

        Raises:
            ConfigError: It left none of that name.
        """
        from mlflow.artifacts import load_text

        try:
            with self.as_default():
                return str(load_text(f"runs:/{version.run_id}/{name}"))
        except Exception:  # Each kind of store has an error of its own for what is not there.
            if self.holds(version, name):
                raise
        raise ConfigError(
            f"Version {version.version} of '{version.model}' has no {name}: an older release of "
            "this project trained it. Train again with `python run.py --no-cache`, and with the "
            "options of that training: a model that comes out the same is given what it lacks."
        )

    def holds(self, version: Version, name: str) -> bool:
        """Whether the training of a version left a file of that name beside it."""
        return any(held.path == name for held in self.client.list_artifacts(version.run_id))

    def identity(self) -> str:
        """Which store this is: a new one at the same place is another one."""
        with _absent_is_none():
            default = self.client.get_experiment("0")
            return f"{public(self.tracking_uri)}#{default.creation_time}"
        return public(self.tracking_uri)

    def _version(self, held: Any) -> Version:
        tags = dict(held.tags)
        return Version(
            model=held.name,
            version=str(held.version),
            digest=tags.pop("digest", ""),
            run_id=held.run_id or "",
            created=datetime.fromtimestamp(held.creation_timestamp / 1000, UTC),
            bundle_uri=self._bundle_uri(held.run_id) if held.run_id else "",
            tags=tags,
        )

    def _bundle_uri(self, run_id: str) -> str:
        uri = f"{self.client.get_run(run_id).info.artifact_uri.rstrip('/')}/{BUNDLE}"
        if uri.startswith("mlflow-artifacts:"):
            return _through_server(uri, self.tracking_uri)
        # A path is read by everything; MLflow writes `file:/path`, which not everything reads.
        return unquote(urlsplit(uri).path) if uri.startswith("file:") else uri

    def _create_model(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        if self.find_model(model) is None:
            try:
                self.client.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """MLflow's SQL store looks a logged model up behind the process's own tracking URI."""
        import mlflow

        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(self.tracking_uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)


def local_path(uri: str) -> str:
    """A URI as a person opens it: a file of this machine by its path."""
    place = urlsplit(uri)
    return unquote(place.path) if place.scheme == "file" else uri


def public(tracking_uri: str) -> str:
    """A tracking URI without what may be a password."""
    scheme, separator, rest = tracking_uri.partition("://")
    return scheme + separator + rest.rpartition("@")[2]


def _through_server(uri: str, tracking_uri: str) -> str:
    """The address at which an MLflow server hands out an artifact that it keeps itself."""
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    address = str(MlflowArtifactsRepository.resolve_uri(uri, tracking_uri))
    return quote(public(address), safe=":/[]%")


@contextmanager
def _absent_is_none() -> Iterator[None]:
    """Swallow MLflow's error for a record that does not exist, and no other."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise


def _all(search: Any, **arguments: str) -> Iterator[Any]:
    """Every result of one of MLflow's paged searches."""
    page = search(**arguments)
    yield from page
    while page.token:
        page = search(page_token=page.token, **arguments)
        yield from page


def _quoted(name: str) -> str:
    """A name inside MLflow's filter language."""
    return '"' + name.replace('"', "") + '"' if "'" in name else f"'{name}'"


def _logged_model(source: str) -> str | None:
    """The id in `models:/m-...`, which a server wants to be told besides its source."""
    return source.removeprefix("models:/") if source.startswith("models:/m-") else None


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _check(bundle: Path, version: Version) -> None:
    """Refuse a bundle that is not the registered one, and write its version into the manifest."""
    onnx, schema = (bundle / ONNX).read_bytes(), (bundle / SCHEMA).read_bytes()
    found = digest(onnx, schema)
    if found != version.digest:
        raise ModelError(
            f"The bundle of '{version.model}' version {version.version} was changed: its digest is "
            f"{found} where the registry has {version.digest}."
        )
    write_bundle(bundle, onnx, schema, name=version.model, version=version.version)
