"""How tables, schemas and checks are stored as artifacts."""

import hashlib
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, ClassVar

import pandas as pd
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.materializers.pydantic_materializer import PydanticMaterializer

from serving.schema import TableSchema
from steps.data.finding import Checks
from steps.data.hashing import table_digest
from steps.data.space import told_when_full
from steps.data.stored import StoredTable, Table, read_frame, save_table

# What Markdown, or HTML inside of it, reads as more than a letter: a name may hold an address.
MARKED = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_[]<>|#~@!"} | {"\n": " "})


class TableMaterializer(BaseMaterializer):
    """A table as one Parquet file, with its digest as the content that caching goes by."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (pd.DataFrame, StoredTable)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    SKIP_REGISTRATION: ClassVar[bool] = True
    _digested: tuple[Table | None, str] = (None, "")

    @property
    def path(self) -> str:
        """The one file."""
        return f"{self.uri}/table.parquet"

    def load(self, data_type: type[Any]) -> Any:
        """Read the table, or leave it where a step reads it by columns."""
        if data_type is StoredTable:
            return self._stored()
        with self.artifact_store.open(self.path, "rb") as stream:
            return read_frame(stream)

    def save(self, data: Table) -> None:
        """Write the table.

        Raises:
            RunError: There is no space left for it.
        """
        with told_when_full(self.path), self.artifact_store.open(self.path, "wb") as stream:
            save_table(data, stream)

    def extract_metadata(self, data: Table) -> dict[str, Any]:
        """What the dashboard shows of a table, with what its maker noted in `attrs`."""
        rows, columns = data.shape
        digest = self.compute_content_hash(data)
        return {**data.attrs, "rows": rows, "columns": columns, "digest": digest}

    def compute_content_hash(self, data: Table) -> str:
        """Equal for equal content, so that what follows a new reading of it stays cached."""
        if self._digested[0] is not data:  # ZenML asks for it, and for the metadata with it in.
            self._digested = data, table_digest(data)
        return self._digested[1]

    def _stored(self) -> StoredTable:
        """The file here; of a store elsewhere a copy that goes with the table."""
        if Path(self.path).is_file():
            return StoredTable.of(self.path)
        copy = NamedTemporaryFile(suffix=".parquet")  # noqa: SIM115 - the table closes it.
        with told_when_full(copy.name), self.artifact_store.open(self.path, "rb") as stream:
            shutil.copyfileobj(stream, copy)
            copy.flush()
        return StoredTable.of(copy.name, held=copy)


class SchemaMaterializer(BaseMaterializer):
    """A schema as its JSON."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (TableSchema,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.SCHEMA

    @property
    def path(self) -> str:
        """The one file."""
        return f"{self.uri}/schema.json"

    def load(self, data_type: type[Any]) -> TableSchema:
        """Read the schema."""
        del data_type
        with self.artifact_store.open(self.path, "rb") as stream:
            return TableSchema.from_json(stream.read())

    def save(self, data: TableSchema) -> None:
        """Write the schema.

        Raises:
            RunError: There is no space left for it.
        """
        with told_when_full(self.path), self.artifact_store.open(self.path, "wb") as stream:
            stream.write(data.to_json())

    def save_visualizations(self, data: TableSchema) -> dict[str, VisualizationType]:
        """Show the JSON itself."""
        del data
        return {self.path: VisualizationType.JSON}

    def compute_content_hash(self, data: TableSchema) -> str:
        """Equal for equal schemas."""
        return hashlib.sha256(data.to_json()).hexdigest()


class ChecksMaterializer(PydanticMaterializer):
    """Checks as JSON, with their findings readable in the dashboard."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Checks,)

    def extract_metadata(self, data: Checks) -> dict[str, Any]:
        """What the dashboard shows beside the findings."""
        return {
            "task": data.task,
            "target": data.target,
            "rows": data.rows,
            "unlabelled": data.unlabelled,
            "warnings": len(data.warnings),
        }

    def save_visualizations(self, data: Checks) -> dict[str, VisualizationType]:
        """The findings as a list."""
        lines = [f"- **{each.level}** {each.text.translate(MARKED)}" for each in data.findings]
        path = f"{self.uri}/findings.md"
        with self.artifact_store.open(path, "w") as stream:
            title = f"# {data.target.translate(MARKED)} ({data.task})"
            stream.write("\n".join([title, "", *lines, ""]))
        return {path: VisualizationType.MARKDOWN}
