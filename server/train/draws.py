"""Every random state of one process: the batches' generator and torch's own, seeded apart, saved and put back exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


class Draws:
    """Random states of the process `rank`, from `seed`; `step` is not 0 where a training goes on with new ones."""

    def __init__(self, device: torch.device, seed: int, rank: int, step: int = 0) -> None:
        self.device = device
        self.generator = torch.Generator(device)
        words = np.random.SeedSequence([seed, rank, step]).generate_state(2, np.uint64)
        batches, torchs = (int(word) >> 1 for word in words)  # torch wants less than 2^63
        self.generator.manual_seed(batches)
        torch.manual_seed(torchs)  # dropout; on every device

    def states(self) -> dict[str, Tensor]:
        """uint8 tensors (n,) by name, on the CPU."""
        found = {"batches": self.generator.get_state(), "cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            found["cuda"] = torch.cuda.get_rng_state(self.device)
        return found

    def restore(self, states: Mapping[str, Tensor]) -> bool:
        """Put `states` back; False, and nothing is changed, when they are of another kind of device."""
        mine = self.states()
        if mine.keys() != states.keys() or any(states[name].shape != mine[name].shape for name in mine):
            return False
        self.generator.set_state(states["batches"])
        torch.set_rng_state(states["cpu"])
        if "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"], self.device)
        return True
