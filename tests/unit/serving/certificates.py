"""Certificates as a user would bring them, made for one test."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


@dataclass
class Files:
    """A certificate's file and its key's."""

    certificate: str
    key_file: str


def issue(folder: Path, *, days: int = 1, name: str = "server.test", password: str = "") -> Files:
    """A certificate of an authority of its own, which is in the file too, and its key.

    Args:
        days: Until it ends; below 0 it has ended.
        password: What the key is encrypted with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _sign("authority.test", authority, authority, "authority.test", days)
    leaf = _sign(name, key, authority, "authority.test", days)
    secret = serialization.BestAvailableEncryption(password.encode()) if password else None
    text = key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, secret or serialization.NoEncryption()
    )
    (folder / "tls.pem").write_bytes(leaf.public_bytes(PEM) + root.public_bytes(PEM))
    (folder / "tls.key").write_bytes(text)
    return Files(str(folder / "tls.pem"), str(folder / "tls.key"))


def _sign(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    days: int,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(key is issuer_key, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
