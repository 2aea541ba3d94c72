"""A network for tables: embedded categories beside imputed and standardised values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from steps.training.candidate import Rows, Scores

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
        return self.answer(self.scaled(rows), rows[:, self.values :])

    def scaled(self, rows: Tensor) -> Tensor:
        """The values of rows as the layers read them, and which are missing: nothing is learnt."""
        values = rows[:, : self.values]
        missing = torch.isnan(values)
        scaled = (torch.where(missing, self.mean, values) - self.mean) / self.scale
        return torch.cat([scaled.clamp(-FARTHEST, FARTHEST), missing.to(rows.dtype)], dim=1)

    def answer(self, scaled: Tensor, codes: Tensor) -> Tensor:
        """The same as `raw` from what `scaled` gives and the codes of the categories."""
        if len(self.starts):
            embedded = self.embedding(codes.long() + self.starts).flatten(1)
            scaled = torch.cat([scaled, embedded], dim=1)
        return self.layers(scaled)

    def score(self, matrix: Rows) -> Scores:
        """The scores of a matrix, in evaluation mode and without gradients."""
        self.eval()
        with torch.inference_mode():
            device = self.mean.device
            parts = [self(part.to(device)).cpu() for part in torch.from_numpy(matrix).split(65536)]
        return torch.cat(parts).numpy() if parts else np.zeros((0, self.shape["width"]), "f4")


def restore(shape: dict[str, Any], state: dict[str, Tensor]) -> TabularNetwork:
    """The network of that shape and state, ready to score."""
    network = TabularNetwork(**shape)
    network.load_state_dict(state)
    network.eval()
    return network


def _layers(widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Linear layers with ReLU and dropout between them."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise(widths[:-1]):
        layers += [nn.Linear(inner, outer), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
