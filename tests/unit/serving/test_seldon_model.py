"""The class that the microservice runs, called as the microservice calls it."""

import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from serving.errors import DeployError, ModelError
from serving.seldon_model import RefusedError, SeldonModel
from serving.settings import ServerSettings
from serving.state import State, write_state
from tests.unit.serving.client import seldon
from tests.unit.serving.tiny import EMPTY_ROW, ROW, bundle, columns, model


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[SeldonModel]:
    """The class with version 1 loaded from a home."""
    made = bundle(tmp_path / "versions" / "1")
    write_state(tmp_path, State("shop", "1", made.digest, "1", "", ServerSettings()))
    served = SeldonModel(str(tmp_path))
    served.load()
    yield served
    served.log.close()


def test_a_body_is_answered_whatever_it_comes_as(loaded: SeldonModel) -> None:
    """Bytes where the microservice hands them over, text from a query, or what it parsed."""
    asked = {**seldon(ROW, EMPTY_ROW), "meta": {"puid": "mine"}}
    text = json.dumps(asked)
    answer = orjson.loads(loaded.predict_raw(text.encode()))  # type: ignore[arg-type]
    assert answer["meta"]["puid"] == "mine"
    labels = model().predict(columns(ROW, EMPTY_ROW)).labels
    assert answer["meta"]["tags"]["label"] == labels
    assert orjson.loads(loaded.predict_raw(text)) == answer  # type: ignore[arg-type]
    assert loaded.predict_raw(asked) == answer


def test_a_wrong_request_raises_what_is_to_be_answered(loaded: SeldonModel) -> None:
    """Also a NaN that the microservice has parsed already."""
    with pytest.raises(RefusedError) as refused:
        loaded.predict_raw(seldon({**ROW, "age": float("nan")}))
    assert refused.value.answer.status == 400
    assert "Column 'age'" in str(refused.value)
    page = loaded.counters.render(loaded.served.model, loaded.log).decode()
    assert 'code="400"' in page


def test_it_says_which_version_serves_and_whose_process_it_is(loaded: SeldonModel) -> None:
    identity = loaded.identity()
    assert (identity["name"], identity["version"]) == ("shop", "1")
    assert identity["digest"] == loaded.served.model.digest
    assert loaded.init_metadata()["name"] == "shop"


def test_what_cannot_be_loaded_is_told_where_the_deployment_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployError, match="nothing was deployed there"):
        SeldonModel(str(tmp_path)).load()
    bundle(tmp_path / "versions" / "1")
    write_state(tmp_path, State("shop", "1", "sha256:0", "1", "", ServerSettings()))
    with pytest.raises(ModelError, match="was changed"):
        SeldonModel(str(tmp_path)).load()
    assert capsys.readouterr().err.count("error: ") == 2
