"""The network: what it learns, that it can be repeated, and that it can be resumed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from serving.errors import RunError
from serving.schema import Task
from steps.data.encoding import encode_frame, encode_target
from steps.training import network
from steps.training.candidate import Rows
from steps.training.settings import NetworkParameters
from steps.training.tabular import TabularNetwork
from tests.unit.training.tables import schema_of, table

SETTINGS = NetworkParameters(batch=64, epochs=8, hidden=(16,))


class Stop:
    """Notes the epochs and interrupts after one of them, as Ctrl-C would; never after epoch 0."""

    def __init__(self, epoch: int) -> None:
        self.last = epoch
        self.epochs: list[int] = []

    def __call__(self, epoch: int, loss: float) -> None:
        assert np.isfinite(loss)
        self.epochs.append(epoch)
        if epoch == self.last:
            raise KeyboardInterrupt


def fitted(
    task: Task = "binary",
    seed: int = 0,
    settings: NetworkParameters = SETTINGS,
    checkpoints: Path | None = None,
) -> TabularNetwork:
    """A network on the small table."""
    schema, train = schema_of(task), table(task)
    matrix, target = encode_frame(train, schema), encode_target(train, schema)
    return network.fit(matrix, target, schema, settings, seed, checkpoints)


def rows(task: Task = "binary") -> Rows:
    """Rows that no network trained on."""
    return encode_frame(table(task, seed=1), schema_of(task))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_it_learns_the_signal_of_every_task(task: Task) -> None:
    schema = schema_of(task)
    settings = NetworkParameters(batch=64, epochs=20, hidden=(16,))
    scores = fitted(task, settings=settings).score(rows(task))
    target = encode_target(table(task, seed=1), schema)
    assert scores.shape == (len(target), schema.width)
    if task == "regression":
        assert np.square(scores[:, 0] - target).mean() < np.var(target) / 2
    else:
        assert (scores.argmax(axis=1) == target).mean() > 0.7


def test_the_same_seed_gives_the_same_bits_with_any_number_of_threads() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        first = fitted().score(rows())
        torch.set_num_threads(2)
        second = fitted().score(rows())
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, fitted(seed=1).score(rows()))


def test_training_leaves_torch_as_it_was() -> None:
    torch.manual_seed(3)
    expected, deterministic = torch.rand(1), torch.are_deterministic_algorithms_enabled()
    torch.manual_seed(3)
    fitted(settings=NetworkParameters(epochs=1))
    assert torch.equal(torch.rand(1), expected)
    assert torch.are_deterministic_algorithms_enabled() == deterministic


def test_early_stopping_keeps_the_best_epoch() -> None:
    schema, train = schema_of("binary"), table("binary")
    losses: list[float] = []
    settings = NetworkParameters(batch=16, learning_rate=0.05, epochs=60, patience=3)
    matrix, target = encode_frame(train, schema), encode_target(train, schema)

    def note(epoch: int, loss: float) -> None:
        assert epoch == len(losses) + 1
        losses.append(loss)

    long = network.fit(matrix, target, schema, settings, 0, on_epoch=note)
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + settings.patience < settings.epochs
    short = network.fit(matrix, target, schema, settings.model_copy(update={"epochs": best}), 0)
    assert np.array_equal(long.score(matrix), short.score(matrix))


@pytest.mark.fault(
    kind="kill -9",
    where="the training of a network, between two epochs",
    promise="The same model, bit for bit, as without the end.",
    then="the same training",
)
def test_an_interrupted_training_resumes_to_the_same_bits(tmp_path: Path) -> None:
    schema, train = schema_of("binary"), table("binary")
    matrix, target = encode_frame(train, schema), encode_target(train, schema)
    later = Stop(0)
    with pytest.raises(KeyboardInterrupt):
        network.fit(matrix, target, schema, SETTINGS, 0, tmp_path, Stop(3))
    assert len(list(tmp_path.iterdir())) == 1
    resumed = network.fit(matrix, target, schema, SETTINGS, 0, tmp_path, later)
    assert later.epochs[0] == 4
    assert np.array_equal(resumed.score(matrix), fitted().score(matrix))
    assert not list(tmp_path.iterdir()), "a finished training leaves no file"


def test_another_training_does_not_resume_from_the_file(tmp_path: Path) -> None:
    schema, train = schema_of("binary"), table("binary")
    matrix, target = encode_frame(train, schema), encode_target(train, schema)

    with pytest.raises(KeyboardInterrupt):
        network.fit(matrix, target, schema, SETTINGS, 0, tmp_path, Stop(1))
    other = fitted(seed=1, checkpoints=tmp_path)
    assert np.array_equal(other.score(matrix), fitted(seed=1).score(matrix))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_broken_checkpoint_means_starting_anew(tmp_path: Path) -> None:
    schema, train = schema_of("binary"), table("binary")
    matrix, target = encode_frame(train, schema), encode_target(train, schema)

    with pytest.raises(KeyboardInterrupt):
        network.fit(matrix, target, schema, SETTINGS, 0, tmp_path, Stop(1))
    next(tmp_path.iterdir()).write_bytes(b"not a checkpoint")
    assert np.array_equal(fitted(checkpoints=tmp_path).score(matrix), fitted().score(matrix))


def test_a_directory_that_cannot_be_written_does_not_fail_the_training(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    assert np.array_equal(fitted(checkpoints=blocked).score(rows()), fitted().score(rows()))


def test_a_loss_that_is_never_a_number_is_told() -> None:
    with pytest.raises(RunError, match="lower learning_rate"):
        fitted(settings=NetworkParameters(learning_rate=1e30, epochs=6))


def test_far_values_and_unseen_categories_get_finite_scores() -> None:
    far = np.array([[3e38, -3e38, 3, 2, 2], [np.nan, np.nan, 4, 3, 3]], dtype=np.float32)
    assert np.isfinite(fitted().score(far)).all()


def test_a_table_of_one_kind_of_column_alone_can_be_learnt() -> None:
    from dataclasses import replace

    schema, train = schema_of("binary"), table("binary")
    for kind in ("numeric", "categorical"):
        columns = tuple(column for column in schema.columns if column.kind == kind)
        part = replace(schema, columns=columns)
        matrix = encode_frame(train, part)
        learnt = network.fit(matrix, encode_target(train, part), part, SETTINGS, 0)
        assert learnt.score(matrix).shape == (len(train), 2)
