"""What is trained: a network, batches for it, a loss, and a validation. The loop knows nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn


@runtime_checkable
class Task(Protocol):
    """One thing to learn. The loop owns optimiser, precision, schedule, averages, checkpoints and logs.

    A resumed training repeats an unbroken one only if `batch` draws from its generator alone, and `loss` from that of
    the batch or from torch's own (dropout).
    """

    network: nn.Module
    """Already on its device; that device is where the training runs."""

    def batch(self, generator: torch.Generator) -> Any:
        """A fresh batch on the network's device. `generator` is on that device too, and another one in every process."""
        ...

    def loss(self, network: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Scalars by name: "loss" is minimised, the rest is logged.

        `network` computes as `self.network` does, but may be wrapped (several processes, compilation): only call it.
        Runs under autocast where the precision asks for it; what must stay in float32 (an SVD) leaves autocast itself.
        """
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Numbers by name over a fixed set: "error" is watched (lower is better), the rest is logged.

        `network` is the one that would be shipped (the average of the weights if there is one), in evaluation mode and
        float32. Torch's own random numbers start from the same state at every call.
        """
        ...


@runtime_checkable
class Shipping(Protocol):
    """A task that can also write what it learned in its own format."""

    def ship(self, folder: Path, network: nn.Module, card: dict[str, Any]) -> None:
        """Write `network` (the best weights, evaluation mode) into `folder`; `card` is the result of the training as JSON."""
        ...


def batch_length(batch: Any) -> int:
    """How many samples a batch holds: the length of the first tensor found in it; 1 where there is none."""
    first = _first_tensor(batch)
    return len(first) if first is not None else 1


def _first_tensor(batch: Any) -> Tensor | None:
    if isinstance(batch, Tensor):
        return batch if batch.dim() else None
    if isinstance(batch, dict):
        parts = list(batch.values())
    elif isinstance(batch, (list, tuple)):
        parts = list(batch)
    else:
        parts = list(vars(batch).values()) if hasattr(batch, "__dict__") else []
    return next((found for part in parts if (found := _first_tensor(part)) is not None), None)
