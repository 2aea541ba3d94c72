"""What holds for every test, set before a test imports anything."""

import os

# onnxruntime and MLflow send telemetry from their import on, unless they are told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
