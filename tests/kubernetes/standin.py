"""The stand-in as tests see it: a cluster that a kubeconfig leads to, and an ingress."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.kubernetes.access import Access
from tests.kubernetes.api import Behind, api
from tests.kubernetes.batch import Batch
from tests.kubernetes.ingress import ingress
from tests.kubernetes.operator import Operator
from tests.kubernetes.store import Store
from tests.ports import free_port

TOKEN = "token-of-the-stand-in"
IMAGE = "registry.example/switchyard:1"


@dataclass(frozen=True)
class StandIn:
    """A running stand-in.

    Args:
        home: Where its files are: `kubeconfig`, and `account`, as a pod would find it.
        secrets: The variables of each Kubernetes secret.
        faults: Kinds of resources that are answered with an HTTP status of their own.
        access: Who may not do what, and what else is there.
    """

    home: Path
    api_port: int
    ingress_url: str
    store: Store
    operator: Operator
    secrets: dict[str, Any]
    faults: dict[str, int]
    access: Access

    @property
    def environ(self) -> dict[str, str]:
        """What a process on a laptop has."""
        return {"KUBECONFIG": str(self.home / "kubeconfig")}

    @property
    def inside(self) -> dict[str, str]:
        """What a process in a pod has."""
        port = str(self.api_port)
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}


@contextmanager
def standing_in(home: Path, batch: Batch | None = None) -> Iterator[StandIn]:
    """Run a stand-in; every process that it started ends with it.

    Args:
        batch: The part that has jobs, whose pods are containers; without it there are none.
    """
    store, secrets, faults = Store(), dict[str, Any](), dict[str, int]()
    access = Access(secrets)
    operator = Operator(store, home / "pods", {IMAGE}, secrets)
    behind = Behind(store, operator, TOKEN, faults, access, batch)
    doors = [
        ThreadingHTTPServer(("127.0.0.1", 0), api(behind)),
        ThreadingHTTPServer(("127.0.0.1", 0), ingress(store, operator)),
    ]
    ports = [door.server_address[1] for door in doors]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(home / "account"))
    doors[0].socket = context.wrap_socket(doors[0].socket, server_side=True)
    _kubeconfig(home, ports[0])
    for door in doors:
        door.daemon_threads = True
        threading.Thread(target=door.serve_forever, args=(0.05,), daemon=True).start()
    operator.start()
    url = f"http://127.0.0.1:{ports[1]}"
    try:
        yield StandIn(home, ports[0], url, store, operator, secrets, faults, access)
    finally:
        operator.stop()
        for door in doors:
            door.shutdown()
            door.server_close()


def _kubeconfig(home: Path, port: int) -> None:
    cluster = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority": str(home / "account" / "ca.crt"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "here", "cluster": cluster},
            {"name": "down", "cluster": {"server": f"https://127.0.0.1:{free_port()}"}},
        ],
        "users": [{"name": "me", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": "here", "context": {"cluster": "here", "user": "me"}},
            {"name": "nowhere", "context": {"cluster": "gone", "user": "me"}},
            {"name": "down", "context": {"cluster": "down", "user": "me"}},
        ],
        "current-context": "here",
    }
    (home / "kubeconfig").write_text(yaml.safe_dump(document))
    (home / "account" / "token").write_text(TOKEN)


def _certificate(folder: Path) -> Path:
    """A key and a certificate that only this stand-in's clients trust."""
    folder.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now, host = datetime.now(UTC), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.crt").write_bytes(text)
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder.parent / "server.pem").write_bytes(secret + text)
    return folder.parent / "server.pem"
