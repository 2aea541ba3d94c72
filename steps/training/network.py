"""A network for tables: embedded categories, imputed and standardised values, early stopping."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from serving.schema import TableSchema
from steps.training.candidate import Rows, Scores, Target
from steps.training.checkpoint import Progress, fingerprint
from steps.training.settings import NetworkParameters

# A value so many standard deviations from the mean counts as this many.
FARTHEST = 10.0


class TabularNetwork(nn.Module):
    """Scores from rows of the encoded matrix, with all preparation inside.

    Args:
        values: How many value columns come first.
        sizes: The number of codes of each category column.
        width: How many scores a row gets.
    """

    def __init__(
        self,
        *,
        values: int,
        sizes: Sequence[int],
        width: int,
        regression: bool,
        hidden: Sequence[int],
        embedding: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shape: dict[str, Any] = {
            "values": values,
            "sizes": list(sizes),
            "width": width,
            "regression": regression,
            "hidden": list(hidden),
            "embedding": embedding,
            "dropout": dropout,
        }
        self.values, self.regression = values, regression
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("scale", torch.ones(values))
        self.register_buffer("target", torch.tensor([0.0, 1.0]))
        # One table for all columns: each column's codes start where the one before ended.
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.register_buffer("starts", torch.from_numpy(starts[:-1]))
        self.embedding = nn.Embedding(max(int(starts[-1]), 1), embedding)
        self.layers = _layers([2 * values + embedding * len(sizes), *hidden, width], dropout)

    def forward(self, rows: Tensor) -> Tensor:
        """Class probabilities, or the predicted value, of each row."""
        raw = self.raw(rows)
        if self.regression:
            return raw * self.target[1] + self.target[0]
        return torch.softmax(raw, dim=1)

    def raw(self, rows: Tensor) -> Tensor:
        """What the loss is computed on: logits, or the standardised value."""
        values, codes = rows[:, : self.values], rows[:, self.values :]
        missing = torch.isnan(values)
        scaled = (torch.where(missing, self.mean, values) - self.mean) / self.scale
        parts = [scaled.clamp(-FARTHEST, FARTHEST), missing.to(rows.dtype)]
        if len(self.starts):
            parts.append(self.embedding(codes.long() + self.starts).flatten(1))
        return self.layers(torch.cat(parts, dim=1))

    def score(self, matrix: Rows) -> Scores:
        """The scores of a matrix, in evaluation mode and without gradients."""
        self.eval()
        with torch.inference_mode():
            device = self.mean.device
            parts = [self(part.to(device)).cpu() for part in torch.from_numpy(matrix).split(65536)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.shape["width"]), "f4")


@dataclass(frozen=True, slots=True)
class Training:
    """The rows and the rules of one training.

    Args:
        unseen: For each column the code that stands for an unseen category; NaN for values.
    """

    rows: Tensor
    target: Tensor
    held: Tensor
    held_target: Tensor
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
        key = fingerprint(matrix, target, schema.to_json(), settings, seed)
        file = checkpoints / f"{key}.pt" if checkpoints else None
        progress = Progress(network, _optimizer(network, settings), file)
        _train(progress, training, on_epoch)
    network.cpu()
    network.eval()
    return network


def restore(shape: dict[str, Any], state: dict[str, Tensor]) -> TabularNetwork:
    """The network of that shape and state, ready to score."""
    network = TabularNetwork(**shape)
    network.load_state_dict(state)
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


def _epoch(network: nn.Module, optimizer: torch.optim.Optimizer, training: Training) -> None:
    """One pass over the rows in a new order."""
    network.train()
    device = training.rows.device
    order = torch.randperm(len(training.rows)).to(device)
    for batch in order.tensor_split(max(1, round(len(order) / training.settings.batch))):
        rows = _some_unseen(training.rows[batch], training)
        optimizer.zero_grad(set_to_none=True)
        _loss(network, rows, training.target[batch]).backward()
        optimizer.step()


def _some_unseen(rows: Tensor, training: Training) -> Tensor:
    """Replace a share of the category codes by the one for an unseen category."""
    drawn = torch.rand(rows.shape).to(rows.device) < training.settings.unseen_share
    return torch.where(drawn & ~torch.isnan(training.unseen), training.unseen, rows)


def _loss(network: Any, rows: Tensor, target: Tensor) -> Tensor:
    raw = network.raw(rows)
    if network.regression:
        return nn.functional.mse_loss(raw[:, 0], target)
    return nn.functional.cross_entropy(raw, target)


def _validation_loss(network: nn.Module, training: Training) -> float:
    network.eval()
    with torch.inference_mode():
        return float(_loss(network, training.held, training.held_target))


def _layers(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear layers with ReLU and dropout between them."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise(widths[:-1]):
        layers += [nn.Linear(inner, outer), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


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
    held, train = torch.from_numpy(order[:aside]), torch.from_numpy(order[aside:])
    rows = torch.from_numpy(np.asarray(matrix, dtype=np.float32))
    unseen = [len(c.categories) if c.kind == "categorical" else np.nan for c in schema.columns]
    device = network.mean.device
    return Training(
        rows=rows[train].to(device),
        target=goal[train].to(device),
        held=rows[held].to(device),
        held_target=goal[held].to(device),
        unseen=torch.tensor(unseen, dtype=torch.float32, device=device),
        settings=settings,
        seed=seed,
    )


def _optimizer(network: nn.Module, settings: NetworkParameters) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seeded, deterministic and single-threaded torch, and everything as before at the end."""
    threads = torch.get_num_threads()
    was = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    # CUDA's matrix products are deterministic only with a workspace of this size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed * 100_003)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(was, warn_only=warned)
