"""How a server listens and whom it lets in; a stack file sets it, and no request changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from serving.errors import ConfigError

# 100,000 rows of some thirty numbers as JSON.
BODY_LIMIT = 64 << 20
PATIENCE = 30.0
# What a container is told by variables; its address is its own, and its key comes from a secret.
PREFIX = "SWITCHYARD_"
NAMED: Mapping[str, Callable[[str], object]] = {
    "body_limit": int,
    "patience": float,
    "grpc_port": int,
}


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


def to_variables(**given: object) -> dict[str, str]:
    """Settings as a container's variables; those that are the default need none."""
    usual = ServerSettings()
    told = {name: given[name] for name in NAMED if given[name] != getattr(usual, name)}
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in told.items()}


def from_variables(environment: Mapping[str, str], *, host: str, port: int) -> ServerSettings:
    """The settings that a container's variables name.

    Raises:
        ConfigError: One of them is no number.
    """
    given: dict[str, object] = {}
    for name, kind in NAMED.items():
        variable = f"{PREFIX}{name.upper()}"
        if text := environment.get(variable):
            try:
                given[name] = kind(text)
            except ValueError:
                raise ConfigError(f"{variable} is '{text}', and must be a number.") from None
    return ServerSettings(host=host, port=port, **given)  # type: ignore[arg-type]
