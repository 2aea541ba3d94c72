"""The Open Inference Protocol, version 2, with one input tensor for each named column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from serving.errors import RequestError, near_miss
from serving.model import Model, Prediction
from serving.protocols import Call, checked_id
from serving.protocols.binary import Framed, packed
from serving.protocols.layout import Layouts
from serving.refusals import Values, told, wrong_names
from serving.rows import OneRow
from serving.schema import Column, TableSchema

WHOLE = frozenset(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
NUMBERS = WHOLE | {"FP16", "BF16", "FP32", "FP64"}
ACCEPTED: dict[str, frozenset[str]] = {
    "float64": NUMBERS,
    "int64": NUMBERS,
    "str": frozenset({"BYTES"}),
    "bool": frozenset({"BOOL"}),
    "datetime64": frozenset({"BYTES"}),
}
ALL: frozenset[str] = frozenset()
DECLARED = {"float64": "FP64", "int64": "INT64", "bool": "BOOL"}


def datatype(column: Column) -> str:
    """The tensor type that the model's metadata declares for a column."""
    return DECLARED.get(column.dtype, "BYTES")


def refusal(message: str) -> bytes:
    """The protocol's form of an error, which the server's other routes use too."""
    return orjson.dumps({"error": message})


class V2:
    """The protocol for one schema."""

    name = "v2"

    def __init__(self, schema: TableSchema) -> None:
        self._accepted = {column.name: ACCEPTED[column.dtype] for column in schema.columns}
        self._outputs = ("label", "scores") if schema.classes else ("prediction",)
        self._width = schema.width
        self.layouts: Layouts | None = Layouts()

    def read(self, body: object) -> Call:
        """Read an inference request."""
        if not isinstance(body, dict):
            raise RequestError('The body must be a JSON object with "inputs".')
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise RequestError('"inputs" must be a list that holds one tensor for each column.')
        columns: Mapping[str, Values] | None = self._plain(inputs)
        if columns is None:
            columns = self._columns(inputs)
        request_id = checked_id(body.get("id"), "id")
        outputs, parameters = body.get("outputs"), body.get("parameters")
        if not outputs and not parameters:
            return Call(columns, request_id)
        call = Call(columns, request_id, self._wanted(outputs) if outputs else ALL)
        call.raw = self._raw(outputs, parameters)
        return call

    def write(self, call: Call, request_id: str, model: Model, prediction: Prediction) -> bytes:
        """Write an inference response."""
        outputs = self.outputs(call, prediction)
        raw = [_take_out(output) for output in outputs if output["name"] in call.raw]
        answer = {
            "model_name": model.name,
            "model_version": model.version,
            "id": request_id,
            "outputs": outputs,
        }
        text = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
        return Framed.made(text, raw) if raw else text

    def outputs(self, call: Call, prediction: Prediction) -> list[dict[str, Any]]:
        """The tensors of an answer, those that were asked for."""
        scores, count = prediction.scores, len(prediction.scores)
        outputs: list[dict[str, Any]] = []
        if "prediction" in self._outputs:
            outputs.append(_tensor("prediction", "FP32", [count], scores.ravel()))
        else:
            outputs.append(_tensor("label", "BYTES", [count], prediction.labels))
            outputs.append(_tensor("scores", "FP32", [count, self._width], scores.ravel()))
        if call.form:
            return [output for output in outputs if output["name"] in call.form]
        return outputs

    def refuse(self, status: int, message: str) -> bytes:  # noqa: ARG002
        """Write an error."""
        return refusal(message)

    def describe(self, model: Model) -> bytes:
        """Write the model's metadata."""
        inputs = [_declare(column.name, datatype(column)) for column in model.schema.columns]
        outputs = [_declare("prediction", "FP32")]
        if model.schema.classes:
            outputs = [_declare("label", "BYTES"), _declare("scores", "FP32", self._width)]
        answer = {"name": model.name, "versions": [model.version], "platform": "onnxruntime_onnx"}
        return orjson.dumps({**answer, "inputs": inputs, "outputs": outputs})

    def _plain(self, inputs: list[Any]) -> Mapping[str, Values] | None:
        """The columns of a request without a fault or a peculiarity; None for any other."""
        columns: dict[str, Values] = {}
        accepted = self._accepted
        count = 0
        try:
            for tensor in inputs:
                name, data = tensor["name"], tensor["data"]
                (count,) = tensor["shape"]
                if tensor["datatype"] not in accepted[name] or count != len(data):
                    return None
                columns[name] = data
        except (KeyError, TypeError, ValueError):
            return None
        if len(columns) < len(inputs) or set(map(type, columns.values())) != {list}:
            return None
        is_one = count == 1 and set(map(len, columns.values())) == {1}
        return OneRow({name: data[0] for name, data in columns.items()}) if is_one else columns

    def _columns(self, inputs: list[object]) -> dict[str, Values]:
        columns: dict[str, Values] = {}
        for tensor in inputs:
            name, values = self._column(tensor)
            if name in columns:
                raise RequestError(f"Column '{name}' is given twice.", column=name)
            columns[name] = values
        return columns

    def _column(self, tensor: object) -> tuple[str, Values]:
        if not isinstance(tensor, dict):
            raise RequestError('Each of "inputs" must be an object.')
        name = tensor.get("name")
        if not isinstance(name, str):
            raise RequestError('Each of "inputs" must have a "name", which is a column\'s.')
        accepted = self._accepted.get(name)
        if accepted is None:
            raise wrong_names([name], self._accepted)
        kind = tensor.get("datatype")
        if not isinstance(kind, str) or kind not in accepted:
            raise _wrong_datatype(name, kind, accepted)
        return name, _values(name, tensor)

    def _raw(self, outputs: object, parameters: object) -> frozenset[str]:
        """The outputs that are wanted as binary data."""
        if parameters is not None and not isinstance(parameters, dict):
            raise RequestError('"parameters" must be an object.')
        rest = bool((parameters or {}).get("binary_data_output", False))
        if not isinstance(outputs, list) or not outputs:
            return frozenset(self._outputs) if rest else ALL
        wanted = ((output["name"], output.get("parameters") or {}) for output in outputs)
        return frozenset(name for name, said in wanted if _is_raw(name, said, rest))

    def _wanted(self, outputs: object) -> frozenset[str]:
        if not isinstance(outputs, list):
            raise RequestError('"outputs" must be a list of objects that have a "name".')
        wanted = set()
        for output in outputs:
            name = output.get("name") if isinstance(output, dict) else None
            if not isinstance(name, str) or name not in self._outputs:
                hint = near_miss(str(name), self._outputs)
                raise RequestError(f"There is no output {told(name)}. {hint}")
            wanted.add(name)
        return frozenset(wanted)


def _is_raw(name: str, parameters: object, rest: bool) -> bool:
    if not isinstance(parameters, dict):
        raise RequestError(f"The \"parameters\" of output '{name}' must be an object.")
    if "classification" in parameters:
        raise RequestError(f"Output '{name}': there is no classification extension here.")
    return bool(parameters.get("binary_data", rest))


def _take_out(output: dict[str, Any]) -> bytes:
    """The raw bytes of an output, which then holds no more than their number."""
    raw = packed(output.pop("data"))
    output["parameters"] = {"binary_data_size": len(raw)}
    return raw


def _values(name: str, tensor: dict[str, object]) -> Values:
    data, shape = tensor.get("data"), tensor.get("shape")
    if data is None and "parameters" in tensor:
        message = (
            f"Column '{name}' holds no data, and here is neither binary data nor shared memory."
        )
        raise RequestError(message, column=name)
    if not isinstance(data, list):
        raise RequestError(f"The data of column '{name}' must be a list.", column=name)
    count = len(data)
    if shape not in ([count], [count, 1]):
        wanted = f"[{count}] or [{count}, 1], as it has {count} values"
        message = f"The shape of column '{name}' must be {wanted}, and not {_shape(shape)}."
        raise RequestError(message, column=name)
    if shape == [count, 1] and data and isinstance(data[0], list):
        if any(not isinstance(row, list) or len(row) != 1 for row in data):
            raise RequestError(f"Column '{name}' must hold one value a row.", column=name)
        return [row[0] for row in data]
    return data


def _shape(shape: object) -> str:
    if isinstance(shape, list) and len(shape) < 5:
        return "[" + ", ".join(map(told, shape)) + "]"
    return told(shape)


def _wrong_datatype(name: str, given: object, accepted: frozenset[str]) -> RequestError:
    wanted = " or ".join(sorted(accepted))
    message = f"Column '{name}' must have datatype {wanted}, and not {told(given)}."
    return RequestError(message, column=name)


def _tensor(name: str, kind: str, shape: list[int], data: object) -> dict[str, Any]:
    return {"name": name, "datatype": kind, "shape": shape, "data": data}


def _declare(name: str, kind: str, width: int | None = None) -> dict[str, object]:
    return {"name": name, "datatype": kind, "shape": [-1] if width is None else [-1, width]}
