"""Files wherever they lie, opened through fsspec."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from typing import IO, Any

from serving.errors import ConfigError, DataError, RunError, SwitchyardError, near_miss
from steps.data.location import Location, scheme_of, scrubbed

# What lies in the artifact store of the active stack, whichever that is.
ARTIFACTS = "artifacts"
# The package that brings each store's driver.
PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "hdfs": "pyarrow",
    "http": "aiohttp",
    "https": "aiohttp",
    "sftp": "paramiko",
}
_CREDENTIALS = {
    "s3fs": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for a store of your own, "
    "AWS_ENDPOINT_URL",
    "gcsfs": "GOOGLE_APPLICATION_CREDENTIALS",
    "adlfs": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}


@dataclass(frozen=True, slots=True)
class Store:
    """A file system and the place in it that is read."""

    fs: Any
    path: str
    location: Location

    @property
    def shown(self) -> str:
        """The place as it may be printed."""
        return self.location.shown

    def is_folder(self) -> bool:
        """Whether the place is a folder of files."""
        with told(self.location):
            return bool(self.fs.isdir(self.path))

    def files(self) -> dict[str, dict[str, Any]]:
        """What the store says of each file at or below the place, by its path in order.

        Raises:
            DataError: There is none.
        """
        with told(self.location):
            found = self.fs.find(self.path, detail=True)
            if not found:
                raise FileNotFoundError(self.path)
        return dict(sorted(found.items()))


def open_store(location: Location) -> Store:
    """The file system of a location.

    Raises:
        ConfigError: No driver is installed for it, or no store has such a scheme.
    """
    import fsspec

    if location.kind == "file":
        return Store(fsspec.filesystem("file"), location.uri, location)
    scheme = scheme_of(location.uri)
    if scheme == ARTIFACTS:
        return _in_artifacts(location)
    try:
        fs, path = fsspec.url_to_fs(location.uri, use_listings_cache=False)
    except ImportError as error:
        raise ConfigError(_no_driver(location, scheme)) from error
    except ValueError as error:
        known = (*PACKAGES, "postgresql", "mysql", "sqlite")
        raise ConfigError(
            f"Nothing here reads '{scheme}://' addresses. {near_miss(scheme, known)}"
        ) from error
    return Store(fs, path, location)


def _in_artifacts(location: Location) -> Store:
    """A place in the artifact store of the active stack, opened with that store's credentials."""
    import fsspec
    from zenml.client import Client

    store = Client().active_stack.artifact_store
    path = f"{store.path.rstrip('/')}/{location.uri.partition('://')[2]}"
    # ZenML's own class for a local store has no such file system behind it.
    fs = getattr(store, "filesystem", None) or fsspec.filesystem("file")
    return Store(fs, str(fs._strip_protocol(path)), location)


@contextmanager
def opened(store: Store, path: str | None = None) -> Iterator[IO[bytes]]:
    """One file, decompressed as its name says.

    Raises:
        DataError: It is absent or damaged.
        RunError: The store does not answer.
    """
    with (
        told(store.location),
        store.fs.open(path or store.path, "rb", compression="infer") as stream,
    ):
        yield stream


@contextmanager
def told(location: Location, doing: str = "read") -> Iterator[None]:
    """Turn what a file system raises into an error that names the place and what to do.

    Drivers raise errors of their own packages, so that all but this project's are caught.

    Args:
        doing: What is being done to the place: read or written.
    """
    from zipfile import BadZipFile

    try:
        yield
    except (SwitchyardError, UnicodeDecodeError):
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"There is nothing at '{location.shown}'.") from error
    except PermissionError as error:
        raise ConfigError(_refused(location, error, doing)) from error
    except (EOFError, BadZipFile, zlib.error) as error:
        raise DataError(_damaged(location, error)) from error
    except Exception as error:
        raise _other(location, error, doing) from error


def _other(location: Location, error: Exception, doing: str) -> Exception:
    """What to raise for an error that only its words tell apart."""
    if "gzip" in str(error).lower() or _is_damage(location, error):
        return DataError(_damaged(location, error))
    if "redential" in f"{type(error).__name__} {error}":
        return ConfigError(_refused(location, error, doing))
    return RunError(f"'{location.shown}' cannot be {doing}: {_first_line(location, error)}")


def _is_damage(location: Location, error: Exception) -> bool:
    """Whether a file of this machine holds what its reader cannot make sense of.

    Only what the system itself refuses has a number; a file's content has none.
    """
    unpacked = isinstance(error, LZMAError) or (isinstance(error, OSError) and not error.errno)
    return unpacked and location.kind == "file"


def _damaged(location: Location, error: Exception) -> str:
    """What to say of a compressed file that does not unpack."""
    return f"'{location.shown}' is damaged or cut off: {_first_line(location, error)}"


def _refused(location: Location, error: Exception, doing: str) -> str:
    """What to say of a store that lets nobody in."""
    names = _CREDENTIALS.get(PACKAGES.get(scheme_of(location.uri), ""), "")
    advice = f" Check {names}." if names else " Check its permissions."
    return f"'{location.shown}' may not be {doing}: {_first_line(location, error)}.{advice}"


def _no_driver(location: Location, scheme: str) -> str:
    """What to install before a store can be read."""
    package = PACKAGES.get(scheme, "its fsspec driver")
    return f"'{location.shown}' needs a package that is not installed: pip install {package}"


def _first_line(location: Location, error: Exception) -> str:
    """The first line of an error's own words, with no credential in it."""
    lines = scrubbed(str(error), location).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
