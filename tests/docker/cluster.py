"""What a cluster's steps talk to: a registry, a store, a ZenML server and an MLflow server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.airflow.server import LOGIN
from tests.integration.rehearsal.servers import Server, zenml_server
from tests.integration.stacks.store import KEY, SECRET, Store, mlflow_serving, store_in


@dataclass(frozen=True)
class Cluster:
    """Where the servers answer; all of them on this machine."""

    registry: str
    store: Store
    zenml: Server
    mlflow: str

    @property
    def environment(self) -> dict[str, str]:
        """What stack files and a client read."""
        return {
            "ZENML_STORE_URL": self.zenml.url,
            "ZENML_STORE_API_KEY": self.zenml.key,
            "SWITCHYARD_REGISTRY": self.registry,
            "SWITCHYARD_S3_BUCKET": "s3://bucket",
            "SWITCHYARD_S3_ENDPOINT": self.store.endpoint,
            "SWITCHYARD_MLFLOW_URI": self.mlflow,
            "SWITCHYARD_MLFLOW_TOKEN": "none",
            # Containers reach what listens on this machine alone.
            "SWITCHYARD_DOCKER_NETWORK": "host",
        }


@contextmanager
def cluster_in(folder: Path, registry: str) -> Iterator[Cluster]:
    """Start them, and end them with the block."""
    secrets = {"switchyard-s3": {"key": KEY, "secret": SECRET}, "switchyard-airflow": LOGIN}
    with ExitStack() as held:
        store = held.enter_context(store_in(folder / "store"))
        zenml = held.enter_context(zenml_server(folder / "zenml", secrets))
        mlflow = held.enter_context(mlflow_serving(store, folder))
        yield Cluster(registry, store, zenml, mlflow)
