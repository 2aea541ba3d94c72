"""How a server listens and whom it lets in; a stack file sets it, and no request changes it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

# 100,000 rows of some thirty numbers as JSON.
BODY_LIMIT = 64 << 20
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of a server's process.

    Args:
        port: 0 for the port that the server had before, or any free one.
        body_limit: The largest request body, in bytes.
        patience: Seconds in which a request's head, and then its body, must have arrived.
        api_key: What a request must bring; empty lets everyone in.
        certificate: A PEM file, the server's own certificate first; empty serves without TLS.
        key_file: The PEM file of the certificate's private key, which has no passphrase.
        grpc_port: Where gRPC is spoken too; 0 for any free port, None for nowhere.
    """

    host: str = "127.0.0.1"
    port: int = 0
    body_limit: int = BODY_LIMIT
    patience: float = PATIENCE
    api_key: str = field(default="", repr=False)
    certificate: str = ""
    key_file: str = ""
    grpc_port: int | None = None

    def differing(self, asked: ServerSettings) -> list[str]:
        """The names of the settings that a running server does not have as asked."""
        open_to = {"port"} if not asked.port else set()
        if asked.grpc_port == 0 and self.grpc_port is not None:
            open_to.add("grpc_port")
        names = [each.name for each in fields(self) if each.name not in open_to]
        return [name for name in names if getattr(self, name) != getattr(asked, name)]
