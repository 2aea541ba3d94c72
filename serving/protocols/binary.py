"""The binary tensor data of the Open Inference Protocol: raw values behind the JSON, or in gRPC."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import RequestError
from serving.refusals import told

DTYPES = {
    **{f"{sign}INT{bits}": f"<{code}{bits // 8}" for sign, code in (("", "i"), ("U", "u"))
       for bits in (8, 16, 32, 64)},
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BOOL": "?",
}  # fmt: skip
LENGTH = struct.Struct("<I")


def attach(inputs: Any, raw: memoryview) -> None:
    """Give each tensor that announces binary data its values, in the order of the tensors."""
    at = 0
    for tensor in inputs if isinstance(inputs, list) else ():
        size = _announced(tensor)
        if size is None:
            continue
        name = tensor.get("name")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise RequestError(f'Column {told(name)}: "binary_data_size" must be a whole number.')
        if at + size > len(raw):
            message = f"Column {told(name)} announces {size} bytes and {len(raw) - at} are left."
            raise RequestError(message, column=str(name))
        tensor["data"] = values(str(name), tensor.get("datatype"), raw[at : at + size])
        at += size
    if at != len(raw):
        raise RequestError(f"{len(raw)} bytes follow the JSON and the tensors announce {at}.")


def values(name: str, kind: object, raw: bytes | memoryview) -> list[Any]:
    """The values of one tensor's raw bytes."""
    if kind == "BYTES":
        return list(_texts(name, memoryview(raw)))
    try:
        if kind == "BF16":
            # The upper half of a 32-bit number.
            upper = np.frombuffer(raw, dtype="<u2").astype("<u4") << 16
            return list(upper.view("<f4").tolist())
        # What is no datatype is refused with the tensor, by the name of its column.
        dtype = DTYPES.get(kind) if isinstance(kind, str) else None
        return [] if dtype is None else list(np.frombuffer(raw, dtype=dtype).tolist())
    except ValueError:
        message = f"Column '{name}': {len(raw)} bytes are no whole number of {kind} values."
        raise RequestError(message, column=name) from None


class Framed(bytes):
    """The JSON of an answer with the raw bytes of its outputs behind it."""

    headers: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def made(cls, text: bytes, raw: Iterable[bytes]) -> Framed:
        """Put the parts together."""
        framed = cls(b"".join((text, *raw)))
        framed.headers = ((b"inference-header-content-length", b"%d" % len(text)),)
        return framed


def packed(data: Sequence[object] | NDArray[np.float32]) -> bytes:
    """The raw bytes of an output: 32-bit numbers, or texts with their lengths before them."""
    if isinstance(data, np.ndarray):
        return data.astype("<f4", copy=False).tobytes()
    texts = (str(text).encode() for text in data)
    return b"".join(part for text in texts for part in (LENGTH.pack(len(text)), text))


def _announced(tensor: object) -> Any:
    parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
    return parameters.get("binary_data_size") if isinstance(parameters, dict) else None


def _texts(name: str, raw: memoryview) -> Iterable[str]:
    at = 0
    while at < len(raw):
        end = at + LENGTH.size
        end += LENGTH.unpack_from(raw, at)[0] if end <= len(raw) else 0
        if end > len(raw) or end < at + LENGTH.size:
            message = f"Column '{name}': its bytes are no texts with 4 bytes of length before each."
            raise RequestError(message, column=name)
        try:
            yield bytes(raw[at + LENGTH.size : end]).decode()
        except UnicodeDecodeError:
            raise RequestError(
                f"Column '{name}' holds text that is no UTF-8.", column=name
            ) from None
        at = end
