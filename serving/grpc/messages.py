"""The protocol's messages, from its compiled description, and what they hold as plain values.

They live in a pool of their own: a client's library in the same process may bring messages of the
same names.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from serving.errors import RequestError
from serving.protocols.binary import values

SERVICE = "inference.GRPCInferenceService"
COMPILED = Path(__file__).with_name("open_inference.binpb")
# Which field of a tensor's contents holds the values of a datatype.
FIELDS = {
    "BOOL": "bool_contents",
    "BYTES": "bytes_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "INT64": "int64_contents",
    "UINT64": "uint64_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
}


@cache
def message(name: str) -> Any:
    """The class of a message."""
    from google.protobuf.message_factory import GetMessageClass

    return GetMessageClass(_pool().FindMessageTypeByName(f"inference.{name}"))


def written(name: str, /, **fields: object) -> bytes:
    """The bytes of a message."""
    return bytes(message(name)(**fields).SerializeToString())


def parsed(kind: Any, data: bytes) -> Any:
    """A message of a class, or a RequestError."""
    from google.protobuf.message import DecodeError

    try:
        return kind.FromString(data)
    except DecodeError:
        raise RequestError(f"The request is no {kind.DESCRIPTOR.name}.") from None


def request(told: Any) -> dict[str, Any]:
    """An inference request as the JSON of the same protocol would have it.

    Raises:
        RequestError: A tensor's bytes are no values.
    """
    raw = told.raw_input_contents
    if raw and len(raw) != len(told.inputs):
        raise RequestError(f"{len(raw)} raw contents came for {len(told.inputs)} tensors.")
    return {
        "id": told.id,
        "inputs": [_tensor(each, raw[at] if raw else None) for at, each in enumerate(told.inputs)],
        "outputs": [{"name": output.name} for output in told.outputs],
    }


@cache
def _pool() -> Any:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(COMPILED.read_bytes()).file:
        pool.Add(file)
    return pool


def _tensor(told: Any, raw: bytes | None) -> dict[str, Any]:
    data = values(told.name, told.datatype, raw) if raw is not None else _contents(told)
    return {
        "name": told.name,
        "datatype": told.datatype,
        "shape": list(told.shape),
        "data": data,
    }


def _contents(told: Any) -> list[Any]:
    field = FIELDS.get(told.datatype)
    filled = [each.name for each, _ in told.contents.ListFields()]
    if filled and filled != [field]:
        message_ = f"The values of column '{told.name}' stand in {filled[0]}"
        wanted = f"; those of {told.datatype[:20]} stand in {field or 'raw_input_contents'}."
        raise RequestError(message_ + wanted, column=told.name)
    data = list(getattr(told.contents, field)) if field else []
    if told.datatype != "BYTES":
        return data
    try:
        return [text.decode() for text in data]
    except UnicodeDecodeError:
        message_ = f"Column '{told.name}' holds text that is no UTF-8."
        raise RequestError(message_, column=told.name) from None
