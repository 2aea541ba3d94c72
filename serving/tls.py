"""TLS: the server's certificate is checked before it is used, and its own clients pin it."""

from __future__ import annotations

import contextlib
import re
import ssl
from pathlib import Path

from serving.errors import ConfigError
from serving.settings import ServerSettings

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def leaf(settings: ServerSettings) -> str:
    """The server's own certificate as PEM text; empty without TLS.

    Raises:
        ConfigError: A file is missing or unusable, or the two do not belong together.
    """
    if not settings.certificate and not settings.key_file:
        return ""
    for name in ("certificate", "key_file"):
        if not getattr(settings, name):
            raise ConfigError(f"TLS needs both 'certificate' and 'key_file': '{name}' is not set.")
    try:
        text = Path(settings.certificate).read_text(encoding="ascii")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Without a password here OpenSSL would ask for one at the terminal.
        server.load_cert_chain(settings.certificate, settings.key_file, password="")
    except OSError as error:  # Which every error of ssl is, too.
        files = f"certificate '{settings.certificate}' with the key '{settings.key_file}'"
        raise ConfigError(f"The {files} cannot be used: {_reason(error)}.") from error
    except ValueError as error:
        raise ConfigError(f"The certificate '{settings.certificate}' is no PEM text.") from error
    found = _PEM.search(text)
    if found is None:  # OpenSSL takes other spellings too.
        raise ConfigError(f"The certificate '{settings.certificate}' is no PEM text.")
    _shake_hands(server, found[0], settings.certificate)
    return found[0]


def trusting(certificate: str) -> ssl.SSLContext:
    """What a client needs to trust one certificate, given as PEM text, and no other.

    The name in it is not compared: this machine reaches the server by an address which it may
    not hold, and no other server has the certificate's key.
    """
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _shake_hands(server: ssl.SSLContext, certificate: str, path: str) -> None:
    """Let a client of this process meet the certificate, as one outside would."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = server.wrap_bio(up, down, server_side=True)
    there = trusting(certificate).wrap_bio(down, up)
    try:
        for _ in range(4):
            for side in (there, here):
                _step(side)
    except ssl.SSLError as error:
        raise ConfigError(f"The certificate '{path}' cannot be used: {_reason(error)}.") from error


def _step(side: ssl.SSLObject) -> None:
    with contextlib.suppress(ssl.SSLWantReadError):
        side.do_handshake()


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    return f"{error.strerror}: '{error.filename}'" if error.filename else str(error.strerror)
