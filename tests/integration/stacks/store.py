"""A real S3-compatible store and a real MLflow server that keeps its artifacts there."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

BIN = Path(sys.executable).parent
KEY, SECRET = "AKID", "hunter2-of-the-store"
SECONDS = 60.0


@dataclass(frozen=True)
class Store:
    """Where the store answers.

    Args:
        root: The directory whose folders are its buckets.
    """

    root: Path
    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What the stack file and the clients of AWS read."""
        return {
            "SWITCHYARD_S3_BUCKET": "s3://bucket",
            "SWITCHYARD_S3_ENDPOINT": self.endpoint,
            "SWITCHYARD_MLFLOW_TOKEN": "none",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def objects(self) -> list[str]:
        """The keys in the bucket, asked for as a client: the server writes its files later."""
        import boto3

        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="bucket")
        return [held["Key"] for page in pages for held in page.get("Contents", ())]


@contextmanager
def store_in(folder: Path, *options: str) -> Iterator[Store]:
    """Serve a bucket from a directory with rclone, which refuses a wrong secret."""
    (folder / "data" / "bucket").mkdir(parents=True)
    port = free_port()
    words = ["serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}"]
    words += ["--vfs-cache-mode", "full", "--cache-dir", str(folder / "cache"), *options]
    with started(BIN / "rclone", *words, str(folder / "data"), port=port):
        yield Store(folder / "data", f"http://127.0.0.1:{port}")


@contextmanager
def mlflow_over(store: Store, folder: Path) -> Iterator[str]:
    """Serve MLflow, whose clients keep artifacts in the store themselves; gives its address."""
    words = ("--no-serve-artifacts", "--default-artifact-root", "s3://bucket/mlflow")
    with _mlflow(store, folder, *words) as address:
        yield address


@contextmanager
def mlflow_serving(store: Store, folder: Path) -> Iterator[str]:
    """Serve MLflow, which keeps its clients' artifacts in the store; gives its address."""
    words = ("--serve-artifacts", "--artifacts-destination", "s3://bucket/mlflow")
    with _mlflow(store, folder, *words) as address:
        yield address


@contextmanager
def _mlflow(store: Store, folder: Path, *artifacts: str) -> Iterator[str]:
    port = free_port()
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", *artifacts]
    # Its workers for jobs of its own take a gigabyte, and nothing here asks for one.
    environment = {**store.environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with started(BIN / "mlflow", *words, port=port, environment=environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def started(
    program: Path, *words: str, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the block ends; it begins when the port answers."""
    process = subprocess.Popen(
        [str(program), *words],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(port, process)
        yield
    finally:
        # The server has workers of its own, which share its session.
        os.killpg(process.pid, 15)
        process.wait(SECONDS)


def _await(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing answers on port {port}")
