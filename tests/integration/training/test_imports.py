"""What a training without a network does not have to load."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SCRIPT = """
import sys
from steps.training.settings import CandidateSettings, TuningSettings
from steps.training.storage import from_files, to_files
from steps.training.training import prepare, train
from tests.unit.training.tables import schema_of, table

data = prepare(table("binary", 60), schema_of("binary"), TuningSettings(), 0)
linear = CandidateSettings(name="linear", kind="linear")
candidate = train(linear, data, TuningSettings(), "", 0)
from_files(to_files(candidate).get).native_model()
print("skops.io" in sys.modules, "torch" in sys.modules)
"""


def test_a_candidate_that_is_no_network_is_trained_and_stored_without_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "True False", done.stderr
