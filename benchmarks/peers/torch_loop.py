"""A tabular network trained by hand, as tutorials do it: `python -m ... HOW DATA EPOCHS DEVICE`.

The same architecture, rows, batch, optimiser and epochs as our candidate, which `ours` trains.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.windows import CATEGORIES, NAMES, NUMBERS, SCHEMA
from steps.training.settings import NetworkParameters

CODES = len(NAMES) + 2
HELD = 0.1


class Network(nn.Module):
    """Embedded categories beside prepared values, and layers over both."""

    def __init__(self, asked: NetworkParameters) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(CODES * len(CATEGORIES), asked.embedding)
        self.register_buffer("starts", CODES * torch.arange(len(CATEGORIES)))
        width = 2 * len(NUMBERS) + asked.embedding * len(CATEGORIES)
        self.layers = nn.Sequential(
            nn.Linear(width, asked.hidden[0]),
            nn.ReLU(),
            nn.Dropout(asked.dropout),
            nn.Linear(asked.hidden[0], 2),
        )

    def forward(self, values: Tensor, codes: Tensor) -> Tensor:
        """Logits."""
        embedded = self.embeddings(codes + self.starts).flatten(1)
        return self.layers(torch.cat([values, embedded], dim=1))


def prepared(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Values, standardised with their missing ones marked, and codes: once, before the training."""
    values, codes = rows[:, : len(NUMBERS)], rows[:, len(NUMBERS) :].long()
    missing = values.isnan()
    mean = values.nanmean(0)
    filled = torch.where(missing, mean, values)
    return torch.cat([(filled - mean) / filled.std(0), missing.float()], 1), codes


def by_hand(
    rows: Tensor, target: Tensor, asked: NetworkParameters, device: str, *, loader: bool
) -> float:
    """Train, and give the loss on the rows held out; the best epoch is kept."""
    torch.manual_seed(0)
    parts = [part.to(device) for part in (*prepared(rows), target)]
    order = torch.randperm(len(rows), device=device)
    aside = round(HELD * len(rows))
    held, train = ([part[each] for part in parts] for each in (order[:aside], order[aside:]))
    network = Network(asked).to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=asked.learning_rate, weight_decay=asked.weight_decay
    )
    best, kept = float("inf"), network.state_dict()
    for _ in range(asked.epochs):
        network.train()
        for values, codes, goal in batches(train, asked.batch, loader=loader):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(values, codes), goal).backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            loss = float(nn.functional.cross_entropy(network(*held[:2]), held[2]))
        if loss < best:
            best, kept = loss, {name: each.clone() for name, each in network.state_dict().items()}
    network.load_state_dict(kept)
    return best


def batches(parts: list[Tensor], size: int, *, loader: bool) -> Iterator[Any]:
    """The rows in a new order, some at a time."""
    if loader:
        data = torch.utils.data.TensorDataset(*parts)
        yield from torch.utils.data.DataLoader(data, batch_size=size, shuffle=True)
        return
    for some in torch.randperm(len(parts[0]), device=parts[0].device).split(size):
        yield [part[some] for part in parts]


def ours(rows: Any, target: Any, asked: NetworkParameters) -> float:
    """The last of the losses that our candidate's training tells of."""
    from steps.training.network import fit

    losses: list[float] = []
    fit(rows, target, SCHEMA, asked, 0, on_epoch=lambda _, loss: losses.append(loss))
    return min(losses)


def main(how: str, path: str, epochs: str, device: str) -> None:
    """Train, and say what it took without the imports."""
    data = np.load(path)
    rows, target = data["rows"], data["target"]
    asked = NetworkParameters(epochs=int(epochs), patience=int(epochs))
    if (device == "cuda") != torch.cuda.is_available():
        raise SystemExit(f"Our candidate would not train on '{device}' here.")
    cpu, wall = time.process_time(), time.perf_counter()
    if how == "ours":
        loss = ours(rows, target, asked)
    else:
        # A network so small is slower in more.
        torch.set_num_threads(1)
        tensors = torch.from_numpy(rows), torch.from_numpy(target)
        loss = by_hand(*tensors, asked, device, loader=how == "loader")
    took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**took, "loss": loss, "device": device}))


if __name__ == "__main__":
    main(*sys.argv[1:])
