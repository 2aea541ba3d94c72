"""One real question to a served model in each protocol, held against the bundle's own answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

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
Json = dict[str, Any]
NOTHING_ASKED = Access()


class Smoke(Settings):
    """A question that a served model answered rightly."""

    url: str
    row: dict[str, Any]
    answer: dict[str, Any]


def ask(
    predict_url: str,
    seldon_url: str,
    model: Model,
    access: Access = NOTHING_ASKED,
    tries: int = 1,
) -> Smoke:
    """Send the schema's example rows in each protocol and check version and scores.

    Args:
        predict_url: Empty where the server speaks Seldon v1 alone.
        tries: How often to ask until this version answers; another one may answer as well while
            this one has a share of the requests only.

    Raises:
        DeployError: An answer is missing, is another version's, or differs from the bundle's.
    """
    rows = example_rows(model.schema)
    columns = {name: [row[name] for row in rows] for name in model.schema.names}
    expected, row = model.predict(columns), dict(rows[0])
    with _client(access) as client:
        body = seldon_body(model.schema, rows)
        asked = Asked(client, seldon_url, tries, lambda name: {**body, "meta": {"puid": name}})
        answer = _answer_of(model.version, asked, lambda said: said["meta"]["tags"])
        _agree(seldon_url, _seldon_answer(answer), expected)
        if not predict_url:
            return Smoke(url=seldon_url, row=row, answer=first_seldon_answer(answer))
        v2 = v2_body(model.schema, rows)
        asked = Asked(client, predict_url, tries, lambda name: {**v2, "id": name})
        answer = _answer_of(model.version, asked, lambda said: said)
    _agree(predict_url, _v2_answer(answer), expected)
    return Smoke(url=predict_url, row=row, answer=first_answer(answer))


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


@dataclass(frozen=True)
class Asked:
    """A question in one protocol.

    Args:
        body: The request's body with that id.
    """

    client: httpx.Client
    url: str
    tries: int
    body: Callable[[str], Json]


def _answer_of(version: str, asked: Asked, versioned: Callable[[Json], Json]) -> Json:
    """The first answer of that version.

    Args:
        versioned: The part of an answer that says which version it is.
    """
    told = ""
    for _ in range(asked.tries):
        # An id that no request had before: by it a version on trial may be met or not.
        answer = _post(asked.client, asked.url, asked.body(f"smoke-{uuid4().hex}"))
        told = str(versioned(answer).get("model_version"))
        if told == version:
            return answer
    raise DeployError(
        f"{asked.url} answers with version {told}, not with version {version} that was deployed."
    )


def _client(access: Access) -> httpx.Client:
    verify = trusting(access.certificate) if access.certificate else True
    return httpx.Client(headers=access.headers, verify=verify, timeout=SECONDS, trust_env=False)


def _post(client: httpx.Client, url: str, body: Json) -> Json:
    try:
        response = client.post(url, json=body)
    except httpx.HTTPError as error:
        raise DeployError(f"{url} did not answer: {error}") from error
    if response.status_code != httpx.codes.OK:
        raise DeployError(f"{url} answered {response.status_code}: {response.text[:300]}")
    content: Json = response.json()
    return content


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
