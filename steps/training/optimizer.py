"""AdamW over torch's own function of it.

Whatever is a `torch.optim.Optimizer` imports torch's compiler when it is made, which takes a second
and is asked for nothing here. The function that each step of `torch.optim.AdamW` calls does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class AdamW:
    """`torch.optim.AdamW` with its defaults, to the bit, and its state of the same form.

    Args:
        parameters: What is optimised: leaves, whose gradients each step reads.
    """

    def __init__(
        self, parameters: Iterable[Tensor], learning_rate: float, weight_decay: float
    ) -> None:
        self.parameters = list(parameters)
        self.rates = {"lr": learning_rate, "weight_decay": weight_decay}
        self.state: dict[int, dict[str, Tensor]] = {}

    def forget_gradients(self) -> None:
        """Begin a batch: each gradient is made anew by the next backward pass."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        places = [place for place, each in enumerate(self.parameters) if each.grad is not None]
        for place in places:
            if place not in self.state:
                self.state[place] = begun(self.parameters[place])
        held = [self.state[place] for place in places]
        adamw(
            [self.parameters[place] for place in places],
            [gradient for place in places if (gradient := self.parameters[place].grad) is not None],
            [state["exp_avg"] for state in held],
            [state["exp_avg_sq"] for state in held],
            [],
            [state["step"] for state in held],
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
            **self.rates,
        )

    def state_dict(self) -> dict[str, Any]:
        """What a later process goes on with."""
        return {"state": {place: dict(state) for place, state in self.state.items()}}

    def load_state_dict(self, told: Mapping[str, Any]) -> None:
        """Go on from the state of another one, whose tensors may lie on another device."""
        self.state = {
            place: {
                name: value.to("cpu" if name == "step" else self.parameters[place].device)
                for name, value in state.items()
            }
            for place, state in told["state"].items()
        }


def begun(parameter: Tensor) -> dict[str, Tensor]:
    """The state of a parameter before its first step; the number of steps stays on the CPU."""
    return {
        "step": torch.tensor(0.0, dtype=torch.float32),
        "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
        "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
    }
