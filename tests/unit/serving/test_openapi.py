"""The OpenAPI document and the page for people are written from the model's schema."""

import jsonschema  # type: ignore[import-untyped]

from serving.example import example_rows
from serving.openapi import document
from serving.schema import TableSchema
from tests.unit.serving.client import Client
from tests.unit.serving.tiny import COLUMNS, model, schema


def test_the_documents_examples_are_answered(client: Client) -> None:
    document = client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        if "post" in methods:
            content = methods["post"]["requestBody"]["content"]["application/json"]
            name = content["schema"]["$ref"].rpartition("/")[2]
            (example,) = document["components"]["schemas"][name]["examples"]
            assert client.post(path, json=example).status_code == 200


def test_the_examples_fit_the_schemas_they_stand_in() -> None:
    schemas = document(model())["components"]["schemas"]  # type: ignore[index]
    for name in ("V2Request", "SeldonRequest", "Feedback", "SeldonFeedback"):
        jsonschema.validate(schemas[name]["examples"][0], schemas[name])


def test_every_page_of_the_document_exists(client: Client) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        if "get" in methods:
            assert client.get(path).status_code == 200


def test_a_schema_without_examples_makes_one_that_is_answered() -> None:
    bare = TableSchema("binary", "bought", COLUMNS, ("no", "yes"))
    (row,) = example_rows(bare)
    model(table=bare).predict({name: [value] for name, value in row.items()})


def test_the_page_for_people_names_each_column_and_runs_no_script(client: Client) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for column in schema().columns:
        assert f"<td>{column.name}" in answer.text
    assert "<script" not in answer.text
