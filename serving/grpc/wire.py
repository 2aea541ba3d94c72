"""The Open Inference Protocol as gRPC's messages, with the checks of its JSON."""

from __future__ import annotations

from typing import Any

import orjson

from serving.grpc import messages
from serving.model import Model, Prediction
from serving.protocols import Call, Wire
from serving.protocols.binary import packed
from serving.protocols.v2 import V2
from serving.reading import Body


class Message(Body):
    """A parsed request; its bytes serve only to tell its size and to be counted."""

    told: Any

    @classmethod
    def of(cls, told: Any) -> Message:
        """The body of a request."""
        body = cls(told.SerializeToString())
        body.told = told
        return body

    def call(self, model: Model, wire: Wire) -> Call:  # noqa: ARG002
        """Read it."""
        return wire.read(messages.request(self.told))


class GRPC(V2):
    """The protocol for one schema."""

    name = "grpc"

    def write(self, call: Call, request_id: str, model: Model, prediction: Prediction) -> bytes:
        """Write an inference response, its outputs as raw contents."""
        answer = messages.message("ModelInferResponse")(
            model_name=model.name, model_version=model.version, id=request_id
        )
        for output in self.outputs(call, prediction):
            data = output.pop("data")
            answer.outputs.add(**output)
            answer.raw_output_contents.append(packed(data))
        return bytes(answer.SerializeToString())

    def refuse(self, status: int, message: str) -> bytes:  # noqa: ARG002
        """Write the words of an error, whose code the call carries."""
        return message.encode(errors="replace")

    def metadata(self, model: Model) -> bytes:
        """Write the model's metadata."""
        told = orjson.loads(self.describe(model))
        return messages.written("ModelMetadataResponse", **told)
