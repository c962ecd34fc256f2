"""Feet on the ground: stretches of frames in which a joint stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Contact:
    """A joint that stays in place from frame `first` to frame `last`, both included."""

    joint: int
    first: int
    last: int


def places_of(X: NDArray[np.float64], contacts: Sequence[Contact]) -> NDArray[np.float64]:
    """(N, 3): the mean place of each contact in joints X (F, J, 3)."""
    return np.array([X[c.first : c.last + 1, c.joint].mean(0) for c in contacts]).reshape(-1, 3)


@dataclass(frozen=True, eq=False)
class Held:
    """Contacts as a term of the solver: a foot that stands does not move from frame to frame, and stands on the ground.

    joints (K,): which ones have contacts. rest (K, F - 1): 1 / spread² of their movement from a frame to the next, 0 where they do not
    stand. up (3,); height, sink (K, F): where up · x should be and the 1 / spread² of that, 0 where it may be anywhere.
    """

    joints: Tensor
    rest: Tensor
    up: Tensor
    height: Tensor
    sink: Tensor

    @classmethod
    def of(cls, contacts: Sequence[Contact], frames: int, spread: float, up: NDArray[np.float64], heights: Sequence[float],
           ground_spread: float) -> Held:
        """All contacts with equal weights; heights: where each one's ground is, nan where that is not known."""
        joints = sorted({c.joint for c in contacts})
        rest, height, sink = np.zeros((len(joints), max(frames - 1, 0))), *np.zeros((2, len(joints), frames))
        for contact, ground in zip(contacts, heights, strict=True):
            row = joints.index(contact.joint)
            rest[row, contact.first : contact.last] = spread**-2
            if np.isfinite(ground):
                height[row, contact.first : contact.last + 1] = ground
                sink[row, contact.first : contact.last + 1] = ground_spread**-2
        return cls(torch.tensor(joints), *(torch.as_tensor(x) for x in (rest, up, height, sink)))

    def cost(self, X: Tensor) -> Tensor:
        """What it costs that joints (J, F, 3) are not in place."""
        feet = X[self.joints]
        step = feet[:, 1:] - feet[:, :-1]
        return (self.rest * (step**2).sum(-1)).sum() + (self.sink * (feet @ self.up - self.height) ** 2).sum()

    def gradient(self, X: Tensor) -> Tensor:
        """Half the slope of the cost (J, F, 3)."""
        return self._pulled(X, self.height)

    def product(self, dX: Tensor) -> Tensor:
        """The curvature times a movement (J, F, 3)."""
        return self._pulled(dX, None)

    def _pulled(self, X: Tensor, height: Tensor | None) -> Tensor:
        feet = X[self.joints]
        step = self.rest[..., None] * (feet[:, 1:] - feet[:, :-1])
        lift = feet @ self.up if height is None else feet @ self.up - height
        pull = (self.sink * lift)[..., None] * self.up
        pull[:, 1:] += step
        pull[:, :-1] -= step
        out = torch.zeros_like(X)
        out[self.joints] = pull
        return out

    def blocks(self, frames: int) -> Tensor:
        """(K, F, 3, 3): the part of the curvature within each frame."""
        own = self.sink.new_zeros(len(self.joints), frames)
        own[:, 1:] += self.rest
        own[:, :-1] += self.rest
        eye = torch.eye(3, dtype=own.dtype)
        return own[..., None, None] * eye + self.sink[..., None, None] * torch.outer(self.up, self.up)
