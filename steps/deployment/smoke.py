"""One real question to a served model in each protocol, held against the bundle's own answer."""

from typing import Any

import httpx
import numpy as np

from serving.errors import DeployError
from serving.example import example_rows
from serving.model import Model, Prediction
from serving.openapi import seldon_body, v2_body
from serving.spec import Access
from serving.tls import trusting
from steps.config import Settings

SECONDS = 10.0
NOTHING_ASKED = Access()


class Smoke(Settings):
    """A question that a served model answered rightly."""

    url: str
    row: dict[str, Any]
    answer: dict[str, Any]


def ask(predict_url: str, seldon_url: str, model: Model, access: Access = NOTHING_ASKED) -> Smoke:
    """Send the schema's example rows in each protocol and check version and scores.

    Args:
        predict_url: Empty where the server speaks Seldon v1 alone.

    Raises:
        DeployError: An answer is missing, is another version's, or differs from the bundle's.
    """
    rows = example_rows(model.schema)
    columns = {name: [row[name] for row in rows] for name in model.schema.names}
    expected = model.predict(columns)
    answer = _post(seldon_url, seldon_body(model.schema, rows), access)
    _check_version(seldon_url, answer["meta"]["tags"].get("model_version"), model)
    _agree(seldon_url, _seldon_answer(answer), expected)
    if not predict_url:
        return Smoke(url=seldon_url, row=dict(rows[0]), answer=first_seldon_answer(answer))
    answer = _post(predict_url, v2_body(model.schema, rows), access)
    _check_version(predict_url, answer.get("model_version"), model)
    _agree(predict_url, _v2_answer(answer), expected)
    return Smoke(url=predict_url, row=dict(rows[0]), answer=first_answer(answer))


def first_seldon_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """The first row's outputs from a Seldon v1 answer, by the names that v2 gives them."""
    labels, scores = answer["meta"]["tags"].get("label"), answer["data"]["ndarray"][0]
    if labels is None:
        return {"prediction": scores[0]}
    return {"label": labels[0], "scores": scores}


def first_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """The first row's outputs by name, from a v2 answer."""
    first: dict[str, Any] = {}
    for output in answer["outputs"]:
        width = output["shape"][1] if len(output["shape"]) > 1 else 1
        values = output["data"][:width]
        first[output["name"]] = values if width > 1 else values[0]
    return first


def _post(url: str, body: dict[str, Any], access: Access) -> dict[str, Any]:
    certificate = access.certificate
    try:
        response = httpx.post(
            url,
            json=body,
            headers=access.headers,
            verify=trusting(certificate) if certificate else True,
            timeout=SECONDS,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise DeployError(f"{url} did not answer: {error}") from error
    if response.status_code != httpx.codes.OK:
        raise DeployError(f"{url} answered {response.status_code}: {response.text[:300]}")
    content: dict[str, Any] = response.json()
    return content


def _check_version(url: str, version: object, model: Model) -> None:
    if str(version) != model.version:
        raise DeployError(
            f"{url} answers with version {version}, "
            f"not with version {model.version} that was deployed."
        )


def _v2_answer(answer: dict[str, Any]) -> list[float]:
    """The numbers of a v2 answer, row by row."""
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    numbers: list[float] = outputs["scores"] if "scores" in outputs else outputs["prediction"]
    return numbers


def _seldon_answer(answer: dict[str, Any]) -> list[float]:
    """The numbers of a Seldon v1 answer, row by row."""
    return [float(number) for row in answer["data"]["ndarray"] for number in row]


def _agree(url: str, numbers: list[float], expected: Prediction) -> None:
    """Refuse an answer that is not bit for bit the one of the model on disk."""
    received = np.asarray(numbers, dtype=np.float32)
    if not np.array_equal(received, expected.scores.ravel()):
        raise DeployError(f"{url} gives other scores than the model that was deployed.")
