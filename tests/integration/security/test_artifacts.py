"""What steps leave in an artifact store holds no code."""

import importlib
from pathlib import Path

from zenml.materializers.materializer_registry import materializer_registry
from zenml.steps.base_step import BaseStep

ROOT = Path(__file__).resolve().parents[3]
# Every step of the project, where its outputs are kept as what these write.
PLAIN = {
    "BuiltInMaterializer",  # JSON
    "CandidateMaterializer",  # ONNX, JSON, skops of known types, torch's weights alone
    "ChecksMaterializer",
    "PydanticMaterializer",  # JSON
    "SchemaMaterializer",  # JSON
    "StructuredStringMaterializer",  # text
    "TableMaterializer",  # Parquet
}


def test_no_step_leaves_a_pickle_in_the_artifact_store() -> None:
    """Each output is written by a materializer that is known to hold no code."""
    met = 0
    for path in sorted((ROOT / "steps").rglob("*.py")):
        if "@step" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for step in vars(module).values():
            if not isinstance(step, BaseStep):
                continue
            for name, output in step.entrypoint_definition.outputs.items():
                told = step.configuration.outputs.get(name)
                chosen = (told.materializer_source if told else None) or ()
                names = {source.import_path.rpartition(".")[2] for source in chosen}
                if not names:
                    names = {materializer_registry[output.resolved_annotation].__name__}
                assert names <= PLAIN, (step.name, name)
                met += 1
    assert met > 20
