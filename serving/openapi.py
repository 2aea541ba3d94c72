"""The server's contract as an OpenAPI document, written from the schema of the model it serves."""

from __future__ import annotations

from collections.abc import Mapping

from serving.example import example_rows
from serving.model import Model
from serving.protocols.v2 import ACCEPTED, datatype
from serving.schema import Column, TableSchema
from serving.spec import SELDON_FEEDBACK, SELDON_PATHS

SERVER, API_VERSION = "switchyard", "1.0"
EXTENSIONS = ("binary_tensor_data",)
Json = dict[str, object]


def document(model: Model) -> Json:
    """The OpenAPI 3.1 document of a server that serves this model."""
    about = f"Version {model.version}, {model.digest}."
    return {
        "openapi": "3.1.0",
        "info": {"title": model.name, "version": API_VERSION, "description": about},
        "paths": paths(model),
        "components": {
            "schemas": {
                "V2Request": v2_request(model.schema),
                "V2Response": v2_response(),
                "V2Error": _object({"error": {"type": "string"}}),
                "SeldonRequest": seldon_request(model.schema),
                "SeldonResponse": seldon_response(),
                "SeldonError": seldon_error(),
                "Feedback": feedback(model.schema),
                "SeldonFeedback": seldon_feedback(model.schema),
            }
        },
    }


def paths(model: Model) -> Json:
    """What each path takes and answers."""
    base = f"/v2/models/{model.name}"
    infer = {"post": _predict("V2", "Predict by the Open Inference Protocol", model)}
    seldon = {"post": _predict("Seldon", "Predict by the Seldon v1 protocol", model)}
    pages = {
        "/v2": "The server",
        "/v2/health/live": "Whether the server lives",
        "/v2/health/ready": "Whether the server can answer",
        base: "The model's inputs and outputs",
        f"{base}/ready": "Whether the model can answer",
        "/metadata": "The same, where Seldon asks for it",
        "/health/status": "Whether the model can answer, where Seldon asks for it",
        "/healthz": "Whether the server lives",
        "/readyz": "Which version answers",
        "/openapi.json": "This document",
    }
    return {
        f"{base}/infer": infer,
        f"{base}/versions/{model.version}/infer": infer,
        **dict.fromkeys(sorted(SELDON_PATHS), seldon),
        f"{base}/feedback": {"post": _feedback("V2", "Feedback")},
        SELDON_FEEDBACK: {"post": _feedback("Seldon", "SeldonFeedback")},
        **{path: {"get": _page(summary, "application/json")} for path, summary in pages.items()},
        "/health/ping": {"get": _page("Whether the server lives, for Seldon", "text/plain")},
        "/metrics": {"get": _page("Counts for Prometheus", "text/plain")},
        "/docs": {"get": _page("The model's columns, for people", "text/html")},
    }


def v2_body(schema: TableSchema, rows: list[dict[str, object]]) -> Json:
    """A v2 request for these rows."""
    inputs = [
        {
            "name": column.name,
            "datatype": datatype(column),
            "shape": [len(rows)],
            "data": [row[column.name] for row in rows],
        }
        for column in schema.columns
    ]
    return {"inputs": inputs}


def seldon_body(schema: TableSchema, rows: list[dict[str, object]]) -> Json:
    """A Seldon request for these rows."""
    values = [[row[name] for name in schema.names] for row in rows]
    return {"data": {"names": list(schema.names), "ndarray": values}}


def value_schema(column: Column) -> Json:
    """The JSON schema of one value of a column."""
    kinds = {"float64": "number", "int64": "number", "bool": "boolean"}
    kind = kinds.get(column.dtype, "string")
    if column.kind == "categorical" and column.dtype == "int64":
        kind = "integer"
    return {"type": [kind, "null"] if column.missing_share > 0 else kind}


def v2_request(schema: TableSchema) -> Json:
    """The JSON schema of a v2 request."""
    tensors = [_tensor(column) for column in schema.columns]
    count = len(tensors)
    inputs = {"type": "array", "items": {"oneOf": tensors}, "minItems": count, "maxItems": count}
    answer = _object({"id": {"type": "string", "maxLength": 256}, "inputs": inputs}, ["inputs"])
    return {**answer, "examples": [v2_body(schema, example_rows(schema)[:2])]}


def v2_response() -> Json:
    """The JSON schema of a v2 response."""
    text = {"type": "string"}
    output = _object(
        {
            "name": text,
            "datatype": text,
            "shape": {"type": "array", "items": {"type": "integer"}},
            "data": {"type": "array"},
        }
    )
    outputs = {"type": "array", "items": output}
    return _object({"model_name": text, "model_version": text, "id": text, "outputs": outputs})


def seldon_request(schema: TableSchema) -> Json:
    """The JSON schema of a Seldon request."""
    width = len(schema.columns)
    names = {"type": "array", "items": {"enum": list(schema.names)}, "uniqueItems": True}
    row = {"type": "array", "minItems": width, "maxItems": width}
    rows = {"type": "array", "items": row, "minItems": 1}
    data = _object({"names": names, "ndarray": rows})
    meta = {"type": "object", "properties": {"puid": {"type": "string", "maxLength": 256}}}
    answer = _object({"meta": meta, "data": data}, ["data"])
    return {**answer, "examples": [seldon_body(schema, example_rows(schema)[:2])]}


def seldon_response() -> Json:
    """The JSON schema of a Seldon response."""
    data = _object({"names": {"type": "array"}, "ndarray": {"type": "array"}}, ["names"])
    return _object({"data": data, "meta": {"type": "object"}})


def seldon_error() -> Json:
    """The JSON schema of a Seldon error."""
    text = {"type": "string"}
    fields = {"code": {"type": "integer"}, "info": text, "reason": text, "status": text}
    return _object({"status": _object(fields)})


def feedback(schema: TableSchema) -> Json:
    """The JSON schema of labels that come later."""
    name = {"type": "string", "minLength": 1, "maxLength": 256}
    row = {"type": "integer", "minimum": 0, "default": 0}
    label = _object({"id": name, "row": row, "label": _label(schema)}, ["id", "label"])
    several = {"type": "array", "items": label, "minItems": 1}
    example = {"id": "order-7", "row": 0, "label": _example(schema)}
    return {"oneOf": [label, several], "examples": [example]}


def seldon_feedback(schema: TableSchema) -> Json:
    """The JSON schema of the same in Seldon's form."""
    meta = _object({"puid": {"type": "string"}})
    rows = {"type": "array", "items": {"type": "array", "items": _label(schema)}}
    truth = _object({"data": _object({"ndarray": rows})})
    answer = _object({"response": _object({"meta": meta}), "truth": truth})
    example = {
        "response": {"meta": {"puid": "order-7"}},
        "truth": {"data": {"ndarray": [[_example(schema)]]}},
    }
    return {**answer, "examples": [example]}


def _label(schema: TableSchema) -> Json:
    return {"enum": list(schema.classes)} if schema.classes else {"type": "number"}


def _example(schema: TableSchema) -> object:
    return schema.classes[0] if schema.classes else 1.5


def _tensor(column: Column) -> Json:
    fields: Json = {
        "name": {"const": column.name},
        "datatype": {"enum": sorted(ACCEPTED[column.dtype])},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "items": value_schema(column), "minItems": 1},
    }
    return _object(fields)


def _object(properties: Mapping[str, object], required: list[str] | None = None) -> Json:
    needed = list(properties) if required is None else required
    return {"type": "object", "properties": dict(properties), "required": needed}


def _predict(protocol: str, summary: str, model: Model) -> Json:
    errors = {
        "400": "The request breaks the contract; the message names the column",
        "404": "No such model or version",
        "408": "The body did not arrive in time",
        "413": "The body is too large",
        "415": "The body is compressed",
        "422": "The model has no finite answer to these values",
    }
    return {
        "summary": summary,
        "operationId": f"predict{protocol}",
        "requestBody": {"required": True, "content": _content(f"{protocol}Request")},
        "responses": {
            "200": {"description": model.name, "content": _content(f"{protocol}Response")},
            **{
                status: {"description": about, "content": _content(f"{protocol}Error")}
                for status, about in errors.items()
            },
        },
    }


def _feedback(protocol: str, schema: str) -> Json:
    errors = {
        "400": "A label breaks the contract; the message names it, and none is kept",
        "404": "No such model",
        "408": "The body did not arrive in time",
        "413": "The body is too large",
    }
    told = {
        status: {"description": about, "content": _content(f"{protocol}Error")}
        for status, about in errors.items()
    }
    return {
        "summary": "Say what was true of rows that were answered earlier",
        "operationId": f"feedback{protocol}",
        "requestBody": {"required": True, "content": _content(schema)},
        "responses": {"200": {"description": "The labels are kept"}, **told},
    }


def _content(name: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _page(summary: str, media: str) -> Json:
    answer = {"description": summary, "content": {media: {"schema": {}}}}
    return {"summary": summary, "responses": {"200": answer}}
