"""The same requests for every deployer: rows that a model takes, and requests that break a rule."""

from functools import cache
from pathlib import Path
from typing import Any

from serving.bundle import write_bundle
from serving.openapi import seldon_body
from serving.schema import Column, TableSchema
from serving.spec import ServiceSpec
from steps.data.encoding import encode_frame, encode_target
from steps.training.estimators import fit
from steps.training.export import to_onnx
from tests.unit.serving.tiny import EMPTY_ROW, ROW, onnx, schema
from tests.unit.training.tables import schema_of
from tests.unit.training.tables import table as training_table

Rows = list[dict[str, object]]

NUMBERS = TableSchema(
    "regression", "y", tuple(Column(name, "numeric", "float64", 0.1) for name in ("a", "b"))
)
SCHEMAS = {
    "shop": schema(),
    "three": schema(("high", "low", "middle"), unseen="refuse"),
    "numbers": NUMBERS,
    "forest": schema_of("binary"),
}
MANY: Rows = [{**ROW, "age": 18.0 + row / 7, "visits": row % 41} for row in range(300)]


def spec(folder: Path, name: str = "shop", version: str = "1") -> ServiceSpec:
    """A version of a model; each answers differently."""
    table, path = SCHEMAS[name], folder / f"{name}-{version}"
    made = write_bundle(path, graph(name, version), table, name=name, version=version)
    return ServiceSpec(name, version, str(path), made.digest)


def graph(name: str, version: str = "1") -> bytes:
    """The ONNX of a version."""
    if name == "forest":
        return forest()
    table = SCHEMAS[name]
    return onnx(len(table.columns), table.width, shift=float(version))


@cache
def forest() -> bytes:
    """A forest of two classes, as training exports it: another onnxruntime may answer otherwise."""
    train, table = training_table("binary"), SCHEMAS["forest"]
    matrix, target = encode_frame(train, table), encode_target(train, table)
    native = fit("forest", {"n_estimators": 10}, matrix, target, table, 0)
    return to_onnx(native, table, "forest")


def ask(name: str, rows: Rows, puid: str = "asked-1") -> dict[str, Any]:
    """A Seldon v1 request with an id of its own, so that answers compare byte for byte."""
    return {**seldon_body(SCHEMAS[name], rows), "meta": {"puid": puid}}


def reordered(name: str, row: dict[str, object]) -> dict[str, Any]:
    """The same row with its columns the other way round."""
    names = list(reversed(SCHEMAS[name].names))
    data = {"names": names, "ndarray": [[row[column] for column in names]]}
    return {"data": data, "meta": {"puid": "asked-1"}}


def tensor() -> dict[str, Any]:
    """Numbers as a tensor."""
    values = {"shape": [3, 2], "values": [1, 2.5, -3e-7, 1e30, 0, 0.1]}
    return {"data": {"names": ["a", "b"], "tensor": values}, "meta": {"puid": "asked-1"}}


PAIRS: Rows = [{"a": 1.5, "b": -7}, {"a": None, "b": 1e-30}]
TREES: Rows = [
    {"size": size, "count": count, "colour": colour, "open": True, "code": 10}
    for size in (-2.0, 0.5, None)
    for count, colour in enumerate(("red", "blue", None, "pink"))
]

# By what is asked: the model, the request, and the rows that it stands for.
VALID: dict[str, tuple[str, dict[str, Any], Rows]] = {
    "one row": ("shop", ask("shop", [ROW]), [ROW]),
    "many rows": ("shop", ask("shop", MANY), MANY),
    "missing values": ("shop", ask("shop", [EMPTY_ROW, ROW]), [EMPTY_ROW, ROW]),
    "columns in another order": ("shop", reordered("shop", ROW), [ROW]),
    "an unseen category": (
        "shop",
        ask("shop", [{**ROW, "city": "Paris"}]),
        [{**ROW, "city": "Paris"}],
    ),
    "a whole number as 2.0": ("shop", ask("shop", [{**ROW, "tier": 2.0}]), [ROW]),
    "false": ("shop", ask("shop", [{**ROW, "member": False}]), [{**ROW, "member": False}]),
    "a time with a zone": (
        "shop",
        ask("shop", [{**ROW, "joined": "2021-06-01T14:00:00+02:00"}]),
        [ROW],
    ),
    "three classes": ("three", ask("three", [ROW, EMPTY_ROW]), [ROW, EMPTY_ROW]),
    "a regression": ("numbers", ask("numbers", PAIRS), PAIRS),
    "a forest of two classes": ("forest", ask("forest", TREES), TREES),
    "a tensor": (
        "numbers",
        tensor(),
        [{"a": 1, "b": 2.5}, {"a": -3e-7, "b": 1e30}, {"a": 0, "b": 0.1}],
    ),
}


def changed(**values: object) -> dict[str, Any]:
    """A row with other values."""
    return ask("shop", [{**ROW, **values}])


def without(*names: str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """A row in which columns are missing, and others are too many."""
    columns = [name for name in ROW if name not in names]
    values = [ROW[name] for name in columns] + [1] * len(more)
    return {"data": {"names": [*columns, *more], "ndarray": [values]}}


# By what is wrong: the request, and what its refusal tells.
INVALID: dict[str, tuple[object, str]] = {
    "no JSON": (b"{", "not JSON"),
    "nothing": (b"", "The body is empty"),
    "not even text": (b"\xff\xfe\x00", "not JSON"),
    "NaN": (
        b'{"data":{"names":["age","visits","joined","city","tier","member"],'
        b'"ndarray":[[NaN,3,null,"Ulm",2,true]]}}',
        "Column 'age'",
    ),
    "too deep": (b"[" * 100_000, "not JSON"),
    "a list": ([], "must be a JSON object"),
    "no data": ({}, '"data" must be'),
    "text alone": ({"strData": "hello"}, '"strData" names no columns'),
    "no names": ({"data": {"ndarray": [[1]]}}, '"data.names"'),
    "no rows": ({"data": {"names": list(ROW), "ndarray": []}}, "not an empty one"),
    "a short row": ({"data": {"names": list(ROW), "ndarray": [[1]]}}, "column 'visits' has none"),
    "an unknown column": (without("age", more=("aeg",)), "Unknown column 'aeg'. Did you mean"),
    "a column too many": (without(more=("colour",)), "Unknown column 'colour'"),
    "a missing column": (without("city"), "Column 'city' is missing"),
    "a column twice": (without(more=("age",)), "Column 'age' is given twice"),
    "text for a number": (changed(age="old"), "Column 'age' holds numbers"),
    "a number for text": (changed(city=3), "Column 'city' holds text"),
    "a number for true": (changed(member=1), "Column 'member' holds true or false"),
    "a fraction of a category": (changed(tier=2.5), "Column 'tier' holds whole numbers"),
    "null where none was": (changed(visits=None), "Column 'visits' may not be null"),
    "no time": (changed(joined="soon"), "Column 'joined' holds ISO 8601 times"),
    "beyond 32 bits": (changed(age=1e39), "Column 'age' must hold finite"),
    "a list for a number": (changed(age=[1]), "Column 'age' holds numbers"),
    "an id of a wrong type": ({**ask("shop", [ROW]), "meta": {"puid": 1}}, '"meta.puid"'),
}
