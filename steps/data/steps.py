"""The steps from a source to the rows that models are trained and tested on."""

from typing import Annotated

from zenml import step
from zenml.logger import get_logger

from serving.errors import DataError
from serving.schema import TableSchema
from steps.caching import code_of
from steps.data.dtypes import as_text
from steps.data.finding import Checks
from steps.data.materializer import ChecksMaterializer, SchemaMaterializer, TableMaterializer
from steps.data.schema import learn_schema
from steps.data.settings import ColumnSettings, SourceSettings, SplitSettings, ValidationSettings
from steps.data.split import deal
from steps.data.stored import StoredTable, Table, as_pandas
from steps.data.streamed import read_large
from steps.data.target import check_target
from steps.data.validate import check_table
from steps.data.values import distinct
from steps.labelling.rows import with_labels
from steps.source import source_of

logger = get_logger(__name__)


@step(
    output_materializers=source_of(TableMaterializer),
    cache_policy=code_of(
        "steps.data.streamed",
        "steps.data.materializer",
        "steps.labelling.rows",
        "steps.labelling.store",
    ),
)
def load_table(
    source: SourceSettings, fingerprint: str, labels: str = ""
) -> Annotated[Table, "table"]:
    """Read the whole table, with the rows that came back labelled behind it.

    Args:
        fingerprint: The identity of the source and of the labels, on which alone the cache of this
            step depends; where a source has none, run the step with caching off.
        labels: Where the model's labels lie; empty where there are none.
    """
    table = read_large(source)
    if labels:
        from steps.labelling.store import label_store

        known = label_store(labels).read()
        if known:
            table = with_labels(as_pandas(table), list(known.values()), source.columns.target)
    rows, columns = table.shape
    logger.info("%s rows of %s columns (%s)", rows, columns, fingerprint or "no fingerprint")
    return table


@step(
    output_materializers=source_of(ChecksMaterializer),
    cache_policy=code_of("steps.data.validate", "steps.data.materializer"),
)
def validate(
    table: StoredTable,
    columns: ColumnSettings,
    validation: ValidationSettings,
    contract: str = "",
) -> Annotated[Checks, "checks"]:
    """Check the table, and hold it against the champion's schema.

    Args:
        contract: The champion's schema.json; empty on a first training.
    """
    known = TableSchema.from_json(contract) if contract else None
    checks = check_table(table, columns, validation, known)
    for finding in checks.warnings:
        logger.warning(finding.text)
    return checks


@step(
    output_materializers={
        "train_rows": source_of(TableMaterializer),
        "test_rows": source_of(TableMaterializer),
        "schema": source_of(SchemaMaterializer),
    },
    cache_policy=code_of("steps.data.split", "steps.data.schema", "steps.data.materializer"),
)
def split_rows(
    table: StoredTable,
    checks: Checks,
    validation: ValidationSettings,
    split: SplitSettings,
) -> tuple[
    Annotated[StoredTable, "train_rows"],
    Annotated[StoredTable, "test_rows"],
    Annotated[TableSchema, "schema"],
]:
    """Hold rows out for the test, and learn the schema from the others."""
    labelled = check_target(table, checks.target)
    dealt = deal(labelled, split, checks.identity)
    train_rows = labelled[~dealt.held_out].reset_index(drop=True)
    test_rows = labelled[dealt.held_out].reset_index(drop=True)
    schema = learn_schema(
        train_rows, checks.features, checks.target, checks.task, validation, checks.sensitive
    )
    _check_classes(test_rows, schema)
    test_rows.attrs["split"] = {**split.model_dump(), "cutoff": dealt.cutoff}
    return train_rows, test_rows, schema


def _check_classes(test_rows: Table, schema: TableSchema) -> None:
    """Refuse a test with a class that training never saw, or with one class alone.

    Raises:
        DataError: It is so.
    """
    if schema.task == "regression":
        return
    tested = set(as_text(distinct(test_rows, schema.target)))
    new = sorted(tested - set(schema.classes))
    if new or len(tested) < 2:
        odd = new[0] if new else min(tested)
        raise DataError(
            f"The test holds {'' if new else 'only '}class '{odd}' of '{schema.target}'"
            f"{', which no training row has' if new else ''}. Change split.by, split.seed or "
            "split.test_share."
        )
