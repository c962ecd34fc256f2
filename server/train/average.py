"""A moving average of the weights: steadier than the last step's, and what is validated and shipped when it is asked for."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Exponential moving average of a network's parameters; buffers (running means of norms) are copied as they are.

    The decay starts low, min(decay, (1 + n) / (10 + n)) at the n-th update, so that the first weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._mine, self._theirs = list(self.network.parameters()), list(network.parameters())
        self._my_buffers, self._their_buffers = list(self.network.buffers()), list(network.buffers())

    @torch.no_grad()
    def update(self, count: int) -> None:
        """Draw the average towards the network's weights; `count` updates came before."""
        share = 1.0 - min(self.decay, (1 + count) / (10 + count))
        torch._foreach_lerp_(self._mine, self._theirs, share)
        for mine, theirs in zip(self._my_buffers, self._their_buffers, strict=True):
            mine.copy_(theirs)
