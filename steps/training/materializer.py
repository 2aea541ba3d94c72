"""How a candidate is stored as an artifact."""

from typing import Any, ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer

from steps.data.space import told_when_full
from steps.training.candidate import Candidate
from steps.training.storage import content_hash, from_files, to_files


class CandidateMaterializer(BaseMaterializer):
    """A candidate as plain files, with its content as what caching goes by."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Candidate,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def load(self, data_type: type[Any]) -> Candidate:
        """Read a candidate."""
        del data_type
        return from_files(self._read)

    def save(self, data: Candidate) -> None:
        """Write a candidate.

        Raises:
            RunError: There is no space left for it.
        """
        for name, content in to_files(data).items():
            path = f"{self.uri}/{name}"
            with told_when_full(path), self.artifact_store.open(path, "wb") as stream:
                stream.write(content)

    def extract_metadata(self, data: Candidate) -> dict[str, Any]:
        """What the dashboard shows of a candidate."""
        return {
            "candidate": data.name,
            "kind": data.kind,
            "metric": data.metric,
            "cv_score": data.cv_score,
            "trials": len(data.trials),
            "seconds": round(data.seconds, 2),
            "onnx_digest": data.onnx_digest,
            "onnx_bytes": len(data.onnx),
            "portability_difference": data.difference,
        }

    def compute_content_hash(self, data: Candidate) -> str:
        """Equal for equal models and results, however long each took."""
        return content_hash(data)

    def _read(self, name: str) -> bytes | None:
        path = f"{self.uri}/{name}"
        if not self.artifact_store.exists(path):
            return None
        with self.artifact_store.open(path, "rb") as stream:
            return bytes(stream.read())
