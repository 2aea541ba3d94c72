"""The state of a network's training, kept in memory and, where asked, in a file."""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from serving.errors import RunError
from steps.training.candidate import Rows, Target
from steps.training.optimizer import AdamW
from steps.training.settings import NetworkParameters

logger = logging.getLogger(__name__)


def fingerprint(
    matrix: Rows, target: Target, schema: bytes, settings: NetworkParameters, seed: int
) -> str:
    """What a training is made of: a file of that name can only be its own."""
    digest = hashlib.sha256()
    for part in (np.asarray(matrix), np.asarray(target)):
        digest.update(f"{part.shape}{part.dtype}".encode())
        digest.update(part.tobytes())
    digest.update(schema + settings.model_dump_json().encode() + f"{seed}".encode())
    return digest.hexdigest()


class Progress:
    """How far a training has come and which epoch was its best."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: AdamW,
        file: Path | None = None,
    ) -> None:
        self.network, self.optimizer, self.file = network, optimizer, file
        self.epoch, self.best_epoch, self.best_loss = 0, 0, float("inf")
        self.best: dict[str, Any] = copy.deepcopy(network.state_dict())

    @property
    def since_best(self) -> int:
        """How many epochs brought no progress."""
        return self.epoch - self.best_epoch

    def record(self, loss: float) -> None:
        """Count an epoch that ended with this validation loss, and write the file."""
        self.epoch += 1
        if loss < self.best_loss:
            self.best_epoch, self.best_loss = self.epoch, loss
            self.best = copy.deepcopy(self.network.state_dict())
        try:
            if self.file:
                self._write(self.file)
        except OSError as error:
            logger.warning("No checkpoint is kept in %s: %s", self.file, error)
            self.file = None  # The training itself needs no disk.

    def resume(self) -> None:
        """Go on from the file, where there is one."""
        if not self.file or not self.file.is_file():
            return
        device = next(self.network.parameters()).device
        try:
            state = torch.load(self.file, weights_only=True, map_location=device)
        except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError):
            return  # A file that cannot be read is one epoch of work lost, not a failed run.
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]
        self.epoch, self.best_epoch = state["epoch"], state["best_epoch"]
        self.best_loss = state["best_loss"]

    def finish(self) -> None:
        """Put the best epoch back and remove the file."""
        if not self.best_epoch:
            raise RunError("The network's loss was never a number: try a lower learning_rate.")
        self.network.load_state_dict(self.best)
        if self.file:
            self.file.unlink(missing_ok=True)

    def _write(self, file: Path) -> None:
        """Write beside the file first, so that an interruption leaves a whole one."""
        file.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
        }
        partial = file.with_suffix(f".{os.getpid()}.partial")
        torch.save(state, partial)
        partial.replace(file)
