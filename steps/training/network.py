"""The training of a network for tables: the same bits on every run, and early stopping."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from serving.schema import TableSchema
from steps.training.candidate import Rows, Target
from steps.training.checkpoint import Progress, fingerprint
from steps.training.optimizer import AdamW
from steps.training.settings import NetworkParameters
from steps.training.tabular import TabularNetwork


class Part(NamedTuple):
    """Rows as the layers read them: scaled values, codes of categories, and the target."""

    scaled: Tensor
    codes: Tensor
    target: Tensor

    def some(self, places: Tensor) -> Part:
        """The rows at these places."""
        return Part(*(each.index_select(0, places) for each in self))


@dataclass(frozen=True, slots=True)
class Training:
    """The rows, prepared once for all epochs, and the rules of one training.

    Args:
        unseen: For each column of categories the code that stands for an unseen one.
    """

    train: Part
    held: Part
    unseen: Tensor
    settings: NetworkParameters
    seed: int


def fit(
    matrix: Rows,
    target: Target,
    schema: TableSchema,
    settings: NetworkParameters,
    seed: int,
    checkpoints: Path | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
) -> TabularNetwork:
    """Train on most of the rows and keep the epoch that did best on the rest.

    The same rows, settings and seed give the same bits on a CPU, whatever its number of cores.

    Args:
        checkpoints: A directory in which a file is written after each epoch; the same training
            goes on from it after an interruption, and removes it at the end.
        on_epoch: Called with each epoch's number and validation loss.
    """
    with _reproducible(seed):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        network = _prepared(matrix, target, schema, settings)
        network.to(device)
        training = _split(matrix, _standard(target, network), network, schema, settings, seed)
        file = None
        if checkpoints:
            key = fingerprint(matrix, target, schema.to_json(), settings, seed)
            file = checkpoints / f"{key}.pt"
        optimizer = AdamW(network.parameters(), settings.learning_rate, settings.weight_decay)
        progress = Progress(network, optimizer, file)
        _train(progress, training, on_epoch)
    network.cpu()
    network.eval()
    return network


def _train(
    progress: Progress,
    training: Training,
    on_epoch: Callable[[int, float], None] | None,
) -> None:
    """Run epochs until there is no progress, then go back to the best one."""
    settings = training.settings
    progress.resume()
    while progress.epoch < settings.epochs and progress.since_best < settings.patience:
        # Each epoch has a seed of its own, so that a resumed training draws the same numbers.
        torch.manual_seed(training.seed * 100_003 + progress.epoch + 1)
        _epoch(progress.network, progress.optimizer, training)
        loss = _validation_loss(progress.network, training)
        progress.record(loss)
        if on_epoch:
            on_epoch(progress.epoch, loss)
    progress.finish()


def _epoch(network: Any, optimizer: AdamW, training: Training) -> None:
    """One pass over the rows in a new order."""
    network.train()
    order = torch.randperm(len(training.train.target)).to(training.unseen.device)
    for batch in order.tensor_split(max(1, round(len(order) / training.settings.batch))):
        rows = training.train.some(batch)
        rows = rows._replace(codes=_some_unseen(rows.codes, network.values, training))
        optimizer.forget_gradients()
        _loss(network, rows).backward()
        optimizer.step()


def _some_unseen(codes: Tensor, values: int, training: Training) -> Tensor:
    """Replace a share of the category codes by the one for an unseen category."""
    # A number is drawn for the values too: the same bits as ever come out.
    drawn = torch.rand((len(codes), values + codes.shape[1]))[:, values:]
    share = training.settings.unseen_share
    return torch.where(drawn.to(codes.device) < share, training.unseen, codes)


def _loss(network: Any, rows: Part) -> Tensor:
    raw = network.answer(rows.scaled, rows.codes)
    if network.regression:
        return nn.functional.mse_loss(raw[:, 0], rows.target)
    return nn.functional.cross_entropy(raw, rows.target)


def _validation_loss(network: nn.Module, training: Training) -> float:
    network.eval()
    with torch.inference_mode():
        return float(_loss(network, training.held))


def _prepared(
    matrix: Rows, target: Target, schema: TableSchema, settings: NetworkParameters
) -> TabularNetwork:
    """A new network that knows the mean and the spread of its columns and of its target."""
    regression = schema.task == "regression"
    sizes = [len(c.categories) + 2 for c in schema.columns if c.kind == "categorical"]
    values = len(schema.columns) - len(sizes)
    network = TabularNetwork(
        values=values,
        sizes=sizes,
        width=schema.width,
        regression=regression,
        hidden=settings.hidden,
        embedding=settings.embedding,
        dropout=settings.dropout,
    )
    mean, scale = _moments(matrix[:, :values])
    network.mean.copy_(torch.from_numpy(mean))
    network.scale.copy_(torch.from_numpy(scale))
    if regression:
        network.target.copy_(torch.from_numpy(np.concatenate(_moments(target[:, None]))))
    return network


def _moments(values: Any) -> tuple[Any, Any]:
    """Each column's mean and standard deviation over what is not missing; 0 and 1 for none."""
    present = ~np.isnan(values)
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, values, 0).sum(axis=0, dtype=np.float64) / count
    squares = np.square(np.where(present, values - mean, 0))
    spread = np.sqrt(squares.sum(axis=0, dtype=np.float64) / count)
    return mean.astype(np.float32), np.where(spread > 0, spread, 1.0).astype(np.float32)


def _standard(target: Target, network: TabularNetwork) -> Tensor:
    """Class codes as they are; a regression's values in the spread that a network learns well."""
    if not network.regression:
        return torch.from_numpy(np.asarray(target, dtype=np.int64))
    mean, scale = (float(value) for value in network.target)
    return torch.from_numpy(((target - mean) / scale).astype(np.float32))


def _split(
    matrix: Rows,
    goal: Tensor,
    network: TabularNetwork,
    schema: TableSchema,
    settings: NetworkParameters,
    seed: int,
) -> Training:
    """Put the rows on the network's device, a seeded share of them aside to tell when to stop."""
    order = np.random.default_rng(seed).permutation(len(matrix))
    aside = min(max(1, round(len(order) * settings.validation_share)), len(order) - 1)
    rows = torch.from_numpy(np.asarray(matrix, dtype=np.float32))
    unseen = [len(c.categories) for c in schema.columns if c.kind == "categorical"]
    device = network.mean.device

    def part(places: Any) -> Part:
        some = rows[torch.from_numpy(places)].to(device)
        codes = some[:, network.values :].contiguous()
        return Part(network.scaled(some), codes, goal[torch.from_numpy(places)].to(device))

    return Training(
        train=part(order[aside:]),
        held=part(order[:aside]),
        unseen=torch.tensor(unseen, dtype=torch.float32, device=device),
        settings=settings,
        seed=seed,
    )


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seeded, deterministic and single-threaded torch, and everything as before at the end."""
    threads = torch.get_num_threads()
    strictness = torch.get_deterministic_debug_mode()
    filled = torch.utils.deterministic.fill_uninitialized_memory
    # CUDA's matrix products are deterministic only with a workspace of this size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        try:
            torch.set_num_threads(1)
            # The other way of saying so imports torch's compiler, to tell it too.
            torch.set_deterministic_debug_mode("error")
            # Each new tensor would be filled before something is written into it.
            torch.utils.deterministic.fill_uninitialized_memory = False
            torch.manual_seed(seed * 100_003)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_deterministic_debug_mode(strictness)
            torch.utils.deterministic.fill_uninitialized_memory = filled
