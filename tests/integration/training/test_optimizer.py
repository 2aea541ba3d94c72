"""Our AdamW beside torch's own."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from steps.training.optimizer import AdamW

RATE, DECAY = 0.01, 0.1
Optimizer: TypeAlias = AdamW | torch.optim.AdamW


def network() -> nn.Module:
    """Layers that begin with the same numbers each time, one of which the answer does not read."""
    torch.manual_seed(0)
    return nn.ModuleList([nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(2, 2)])


def moved(model: nn.Module, optimizer: Optimizer, forget: Callable[[], None], steps: int) -> None:
    """Some steps on numbers that are the same each time."""
    generator = torch.Generator().manual_seed(steps)
    first, last, _ = model.children()
    for _ in range(steps):
        rows = torch.randn(16, 4, generator=generator)
        forget()
        last(torch.relu(first(rows))).square().sum().backward()
        optimizer.step()


def ours(model: nn.Module) -> tuple[AdamW, Callable[[], None]]:
    """Our optimizer of a network."""
    made = AdamW(model.parameters(), RATE, DECAY)
    return made, made.forget_gradients


def theirs(model: nn.Module) -> tuple[torch.optim.AdamW, Callable[[], None]]:
    """torch's optimizer of a network."""
    made = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    return made, made.zero_grad


def weights(model: nn.Module) -> list[Tensor]:
    """What a network has learnt."""
    return [parameter.detach() for parameter in model.parameters()]


def same(first: nn.Module, second: nn.Module) -> bool:
    """Whether two networks are equal to the bit."""
    return all(map(torch.equal, weights(first), weights(second)))


def test_it_comes_to_the_bits_that_torchs_comes_to() -> None:
    """Also where a parameter has no gradient, which then stays as it is."""
    one, other = network(), network()
    moved(one, *ours(one), 30)
    moved(other, *theirs(other), 30)
    assert same(one, other)
    assert torch.equal(weights(one)[-1], weights(network())[-1])


def test_it_goes_on_from_its_own_state_and_from_torchs() -> None:
    """A training that an older release left behind was kept as torch keeps it."""
    straight = network()
    optimizer, forget = ours(straight)
    moved(straight, optimizer, forget, 5)
    moved(straight, optimizer, forget, 7)
    for begin in (ours, theirs):
        model = network()
        before, forget = begin(model)
        moved(model, before, forget, 5)
        after, forget = ours(model)
        after.load_state_dict(before.state_dict())
        moved(model, after, forget, 7)
        assert same(model, straight)
