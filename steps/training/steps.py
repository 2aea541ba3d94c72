"""The steps from training rows to candidates."""

from typing import Annotated

from zenml import step
from zenml.logger import get_logger

from serving.schema import TableSchema
from steps.caching import code_of
from steps.data.stored import StoredTable
from steps.progress import teller
from steps.source import source_of
from steps.training.candidate import Candidate
from steps.training.materializer import CandidateMaterializer
from steps.training.settings import CandidateSettings, EnsembleSettings, TuningSettings

logger = get_logger(__name__)


@step(output_materializers=source_of(CandidateMaterializer), cache_policy=code_of(__name__))
def train_candidate(
    train_rows: StoredTable,
    schema: TableSchema,
    candidate: CandidateSettings,
    tuning: TuningSettings,
    metric: str,
    seed: int,
) -> Annotated[Candidate, "candidate"]:
    """Tune, fit and convert one model.

    Args:
        metric: What the trials are compared by; empty for the task's primary metric.
    """
    # scikit-learn takes a second to import, which a cached run does not have to pay.
    from steps.training.training import checkpoint_directory, prepare, train

    data = prepare(train_rows, schema, tuning, seed)
    kept, tell = checkpoint_directory(), teller("trials")
    trained = train(candidate, data, tuning, metric, seed, kept, tell)
    trials, score = len(trained.trials), trained.cv_score
    logger.info("%s: %s %.4f, best of %d", trained.name, trained.metric, score, trials)
    return trained


@step(output_materializers=source_of(CandidateMaterializer), cache_policy=code_of(__name__))
def blend(
    candidates: list[Candidate],
    train_rows: StoredTable,
    schema: TableSchema,
    tuning: TuningSettings,
    ensemble: EnsembleSettings,
    metric: str,
    seed: int,
) -> Annotated[Candidate, "candidate"]:
    """Blend the candidates into one more.

    Args:
        metric: What the members are chosen by; empty for the task's primary metric.
    """
    from steps.training.blending import blend_candidates
    from steps.training.training import prepare

    data = prepare(train_rows, schema, tuning, seed)
    blended = blend_candidates(candidates, data, ensemble, metric)
    logger.info("%s: %s %.4f, %s", blended.name, blended.metric, blended.cv_score, blended.note)
    return blended
