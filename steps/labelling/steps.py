"""The step that asks for labels."""

from typing import Annotated

import pandas as pd
from zenml import step

from serving.errors import RunError
from serving.schema import TableSchema
from steps.data.materializer import TableMaterializer
from steps.labelling.queue import Search
from steps.labelling.settings import Queued, QueueSettings
from steps.labelling.sheet import sheet_of
from steps.monitoring.log import log_rows, logged_labels
from steps.monitoring.profile import PROFILE, Profile
from steps.monitoring.steps import log_store
from steps.registry.tracking import open_registry
from steps.registry.version import Champion
from steps.source import source_of


@step(enable_cache=False, output_materializers={"sheet": source_of(TableMaterializer)})
def queue_rows(
    champion: Champion, contract: str, settings: QueueSettings
) -> tuple[Annotated[pd.DataFrame, "sheet"], Annotated[Queued, "queued"]]:
    """Find the answered rows whose labels would tell most.

    Args:
        contract: The champion's schema.json.
    """
    version = champion.version
    if version is None:
        raise RunError(f"'{champion.model}' has no champion that could doubt: none has passed yet.")
    schema, (uri, options) = TableSchema.from_json(contract), log_store()
    profile = Profile.from_json(open_registry().text_of(version, PROFILE))
    labels = logged_labels(uri, champion.model, settings.since, options)
    log = log_rows(uri, champion.model, settings.since, settings.until, options)
    search = Search(profile, schema, version.version, labels, settings).through(log)
    picks = search.picks()
    queued = Queued(
        model=champion.model,
        version=version.version,
        rows=sum(search.versions.values()),
        answered=search.versions[version.version],
        labelled=search.labelled,
        picked=len(picks),
        blank=tuple(column.name for column in schema.columns if column.sensitive),
    )
    return sheet_of(picks, schema), queued
