"""One row and many rows give the same numbers, to the last bit, for every kind of model."""

import numpy as np
import pytest

from serving.model import Model
from serving.schema import Task
from steps.data.encoding import encode_frame
from steps.training.export import probe_rows, to_onnx
from steps.training.settings import CandidateKind
from tests.integration.training.test_export import SMALL, fitted
from tests.integration.training.test_network_export import fitted as fitted_network
from tests.unit.training.tables import schema_of, table

# About the numbers of rows that matrix kernels take at a time.
SIZES = (1, 2, 3, 5, 7, 13, 16, 33, 128, 1000)
ROWS = 2003


@pytest.mark.parametrize("kind", [*SMALL, "network"])
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_row_scores_the_same_in_any_company(kind: CandidateKind, task: Task) -> None:
    schema = schema_of(task)
    native = fitted_network(task)[0] if kind == "network" else fitted(kind, task)
    model = Model.from_bytes(to_onnx(native, schema, kind), schema.to_json())
    some = probe_rows(encode_frame(table(task, seed=1), schema), schema)
    rows = some[np.random.default_rng(0).integers(0, len(some), ROWS)].astype(np.float32)
    together = model.score(rows)
    for size in SIZES:
        last = min(ROWS, 20 * size)
        parts = [model.score(rows[at : at + size]) for at in range(0, last, size)]
        assert np.vstack(parts).tobytes() == together[: sum(map(len, parts))].tobytes(), size
