"""What a request meets, whichever deployer serves.

The answers are the same bytes everywhere. What differs is around them: the microservice speaks
Seldon v1 alone, closes each connection after its answer, allows every origin, and words what has
nothing to do with predictions, such as a path that does not exist, in Seldon's form. Pods of
`seldon_core` answer through the ingress of a stand-in for the cluster, which no real one is.
"""

from typing import Any

import httpx
import numpy as np
import pytest

from serving.model import Model
from serving.openapi import v2_body
from serving.spec import SELDON, SELDON_PATHS
from tests.conformance.deployers import pods
from tests.conformance.deployers.bodies import INVALID, MANY, SCHEMAS, VALID, ask, graph
from tests.conformance.deployers.machine import KINDS
from tests.unit.serving.tiny import ROW

Standing = dict[str, pods.Standing]

everywhere = pytest.mark.parametrize("kind", [*KINDS, pods.NAME])


def url(machine: pods.Standing, name: str = "shop") -> str:
    """Where a model takes Seldon v1 requests."""
    return next(each.seldon_url for each in machine.endpoints() if each.name == name)


def post(machine: pods.Standing, body: object, name: str = "shop") -> httpx.Response:
    """Send a Seldon v1 request as a stranger would."""
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return httpx.post(url(machine, name), timeout=30, trust_env=False, **content)


def reference(name: str) -> Model:
    """The model itself, in this process."""
    return Model.from_bytes(graph(name), SCHEMAS[name].to_json(), name=name, version="1")


@everywhere
@pytest.mark.parametrize("case", VALID)
def test_a_valid_request_is_answered_as_the_model_does(
    standing: Standing, kind: str, case: str
) -> None:
    name, body, rows = VALID[case]
    model = reference(name)
    expected = model.predict({key: [row[key] for row in rows] for key in model.schema.names})
    answer = post(standing[kind], body, name)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    data, meta = answer.json()["data"], answer.json()["meta"]
    assert data["names"] == (list(model.schema.classes) or ["prediction"])
    numbers = data["tensor"]["values"] if "tensor" in data else data["ndarray"]
    assert np.array(numbers, np.float32).tobytes() == expected.scores.tobytes()
    label = {"label": expected.labels} if model.schema.classes else {}
    tags = {"model_name": name, "model_version": "1", **label}
    assert meta == {"puid": "asked-1", "tags": tags}


@pytest.mark.parametrize("case", VALID)
def test_an_answer_is_the_same_bytes_on_every_deployer(standing: Standing, case: str) -> None:
    name, body, _ = VALID[case]
    assert len({post(machine, body, name).content for machine in standing.values()}) == 1


@everywhere
@pytest.mark.parametrize("case", INVALID)
def test_a_wrong_request_is_refused_by_the_name_of_what_is_wrong(
    standing: Standing, kind: str, case: str
) -> None:
    body, told = INVALID[case]
    answer = post(standing[kind], body)
    assert answer.status_code == 400
    status = answer.json()["status"]
    assert (status["code"], status["status"]) == (400, "FAILURE")
    assert status["reason"] == "MICROSERVICE_BAD_DATA"
    assert told in status["info"]


@pytest.mark.parametrize("case", INVALID)
def test_a_refusal_is_the_same_bytes_on_every_deployer(standing: Standing, case: str) -> None:
    answers = {post(machine, INVALID[case][0]).content for machine in standing.values()}
    assert len(answers) == 1


@everywhere
def test_an_unseen_category_is_refused_where_the_schema_says_so(
    standing: Standing, kind: str
) -> None:
    body = ask("three", [{**ROW, "city": "Ullm"}])
    answer = post(standing[kind], body, "three")
    assert answer.status_code == 400
    told = "Column 'city' has no category 'Ullm'. Did you mean 'Ulm'?"
    assert answer.json()["status"]["info"] == told


@everywhere
def test_one_row_and_many_rows_give_the_same_numbers(standing: Standing, kind: str) -> None:
    alone = [post(standing[kind], ask("shop", [row])).json()["data"]["ndarray"] for row in MANY[:9]]
    together = post(standing[kind], ask("shop", MANY)).json()["data"]["ndarray"]
    assert [rows[0] for rows in alone] == together[:9]


@everywhere
def test_a_request_without_an_id_is_given_one_that_no_other_has(
    standing: Standing, kind: str
) -> None:
    body = {**ask("shop", [ROW]), "meta": {}}
    given = {post(standing[kind], body).json()["meta"]["puid"] for _ in range(3)}
    assert len(given) == 3
    assert all(given)


@everywhere
@pytest.mark.parametrize(
    "sent",
    [{}, {"content-type": "application/x-www-form-urlencoded"}, {"content-type": "text/plain"}],
    ids=["no type", "a form", "text"],
)
def test_a_body_is_json_whatever_its_sender_calls_it(
    standing: Standing, kind: str, sent: dict[str, str]
) -> None:
    body = httpx.Request("POST", "http://x", json=ask("shop", [ROW])).content
    answer = httpx.post(url(standing[kind]), content=body, headers=sent, trust_env=False)
    assert answer.status_code == 200


@everywhere
@pytest.mark.parametrize("path", sorted(SELDON_PATHS))
def test_a_form_that_holds_json_is_read_at_every_path_of_seldons_clients(
    standing: Standing, kind: str, path: str
) -> None:
    form = {"json": httpx.Request("POST", "http://x", json=ask("shop", [ROW])).content.decode()}
    base = url(standing[kind]).removesuffix(SELDON)
    answer = httpx.post(f"{base}{path}", data=form, trust_env=False)
    assert answer.content == post(standing[kind], ask("shop", [ROW])).content


@everywhere
def test_headers_that_say_how_a_body_is_read_are_heeded(standing: Standing, kind: str) -> None:
    body, where = {**ask("shop", [ROW]), "meta": {}}, url(standing[kind])
    named = httpx.post(where, json=body, headers={"seldon-puid": "mine"}, trust_env=False)
    assert named.json()["meta"]["puid"] == "mine"
    packed = httpx.post(where, json=body, headers={"content-encoding": "gzip"}, trust_env=False)
    assert packed.status_code == 415
    assert "Content-Encoding gzip" in packed.json()["status"]["info"]


@everywhere
def test_another_method_is_refused_with_the_one_that_is_taken(
    standing: Standing, kind: str
) -> None:
    answer = httpx.get(url(standing[kind]), trust_env=False)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["status"]["info"] == f"{SELDON} takes POST and not GET."


@everywhere
def test_a_server_says_what_it_serves_and_what_it_counted(standing: Standing, kind: str) -> None:
    post(standing[kind], ask("shop", [ROW]))
    base = url(standing[kind]).removesuffix(SELDON)
    ready: dict[str, Any] = httpx.get(f"{base}/readyz", trust_env=False).json()
    assert (ready["ready"], ready["name"], ready["version"]) == (True, "shop", "1")
    assert httpx.get(f"{base}/healthz", trust_env=False).json() == {"live": True}
    page = httpx.get(f"{base}/metrics", trust_env=False).text
    counted = [line for line in page.splitlines() if line.startswith("switchyard_requests_total{")]
    assert any('protocol="seldon"' in line and 'code="200"' in line for line in counted)
    assert 'switchyard_model_info{model="shop",version="1"' in page


@everywhere
def test_a_deployer_names_the_protocols_that_it_speaks(standing: Standing, kind: str) -> None:
    """Where v2 is spoken it gives the numbers of Seldon v1; where not, no URL is promised."""
    machine = standing[kind]
    endpoint = next(each for each in machine.endpoints() if each.name == "shop")
    body = v2_body(SCHEMAS["shop"], MANY)
    asked = f"{endpoint.url}/v2/models/shop/infer"
    answer = httpx.post(asked, json=body, trust_env=False)
    if "v2" not in machine.protocols:
        assert endpoint.predict_url == ""
        assert answer.status_code == 404
        return
    assert endpoint.predict_url == asked
    scores = next(out["data"] for out in answer.json()["outputs"] if out["name"] == "scores")
    rows = post(machine, ask("shop", MANY)).json()["data"]["ndarray"]
    assert scores == [number for row in rows for number in row]
