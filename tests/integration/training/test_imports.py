"""What a training does not have to load."""

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
network = CandidateSettings(name="network", kind="network", parameters={"epochs": 1})
train(network, data, TuningSettings(), "", 0)
print("torch" in sys.modules, "torch._dynamo" in sys.modules)
"""


def test_only_a_network_is_trained_and_stored_with_torch_and_without_its_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["True", "False", "True", "False"], done.stderr
