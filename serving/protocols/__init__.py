"""The protocols that the server speaks: from a parsed body to columns, from answers to a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from serving.errors import RequestError
from serving.model import Model, Prediction
from serving.refusals import Values

if TYPE_CHECKING:
    from serving.protocols.layout import Layouts

NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Call:
    """What a request asks for.

    Args:
        id: The client's own request id, where it sent one.
        form: How the protocol wants this answer laid out, where it knows several ways.
        raw: The outputs that are wanted as binary data.
        meta: What the answer gives back as it came.
    """

    columns: Mapping[str, Values]
    id: str = ""
    form: frozenset[str] = NONE
    raw: frozenset[str] = NONE
    meta: Mapping[str, Any] | None = None


class Wire(Protocol):
    """One protocol, made ready for the schema of one model."""

    name: str
    layouts: Layouts | None

    def read(self, body: object) -> Call:
        """Read a parsed request, or raise a RequestError."""

    def write(self, call: Call, request_id: str, model: Model, prediction: Prediction) -> bytes:
        """Write the body of an answer."""

    def refuse(self, status: int, message: str) -> bytes:
        """Write the body of an error."""


def checked_id(value: object, key: str) -> str:
    """The client's request id, or an empty text where it sent none."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 256:
        raise RequestError(f'"{key}" must be text of at most 256 characters.')
    return value
