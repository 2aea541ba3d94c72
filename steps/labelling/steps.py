"""The steps that ask for labels, and keep those that servers were sent."""

from typing import Annotated

import pandas as pd
from zenml import step

from serving.errors import RunError
from serving.schema import TableSchema
from steps.data.materializer import TableMaterializer
from steps.labelling.feedback import join
from steps.labelling.kept import kept_labels, note_labels
from steps.labelling.queue import Search
from steps.labelling.settings import Kept, Queued, QueueSettings
from steps.labelling.sheet import sheet_of
from steps.monitoring.log import log_rows, logged_labels, sent_labels
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
    held = kept_labels(version).read()
    labels = {**logged_labels(uri, champion.model, settings.since, options), **held}
    log = log_rows(uri, champion.model, settings.since, settings.until, options)
    search = Search(profile, schema, version.version, labels, settings)
    search.leave_out([label.features for label in held.values()])
    picks = search.through(log).picks()
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


@step(enable_cache=False)
def keep_feedback(
    champion: Champion, contract: str, settings: QueueSettings
) -> Annotated[Kept, "kept"]:
    """Keep the labels that servers were sent, with their rows, for the next training.

    Args:
        contract: The champion's schema.json.
        settings: The window; as many labels as it holds are kept.
    """
    version = champion.version
    if version is None:
        raise RunError(f"'{champion.model}' has no champion: none has passed yet.")
    schema, (uri, options) = TableSchema.from_json(contract), log_store()
    store = kept_labels(version)
    sent = sent_labels(uri, champion.model, settings.since, options)
    log = log_rows(uri, champion.model, settings.since, settings.until, options)
    found = join(log, sent, schema, store.read())
    added = store.add(found.labels.values())
    note_labels(open_registry(), champion.model, store.mark())
    return Kept(
        model=champion.model,
        new=added.new,
        known=added.known,
        corrected=added.corrected,
        open=len(sent) - len(found.labels) - found.faulty - found.differing,
        differing=found.differing,
        faulty=found.faulty,
        blank=sum(bool(label.blank) for label in found.labels.values()),
        place=store.location.shown,
    )
