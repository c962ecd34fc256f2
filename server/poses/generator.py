"""Poses by the hundred thousand: valid, random, with what a network is to learn from them, and never the same twice.

Angles are drawn within their ranges, lengths at random with left and right alike, and the upright animal is turned at random
(equations 5 to 7 of the pose synthesis paper).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .skeletons import PAPER, PoseSpace
from .spherical import local_of, random_rotations, seen_flat, seen_near, upright_rotations

MAX_COUNT = 1 << 24


@dataclass(frozen=True)
class Poses:
    """B poses of a PoseSpace of J joints, E edges; the longest edge has the length 1.

    positions (B, J, 3): the root at 0, seen from -y, x to the right, z up. points (B, J, 2): how they are seen, x right, z up.
    vectors (B, E, 3): the edges.
    """

    positions: Tensor
    points: Tensor
    vectors: Tensor

    @property
    def local(self) -> Tensor:
        """(B, E, 3) r, theta, phi of the turned animal: the paper's targets O."""
        return local_of(self.vectors)


class PoseGenerator:
    """Draws poses of one space on one device.

    lengths: "uniform" as in the paper (0 to 1, then divided by the longest) or "anatomical" (the rest lengths, times
    a log-normal factor of standard deviation `spread`). turning: "any" (all rotations equally likely) or "upright" (any
    heading, tilted by about 20 degrees). near: the nearest viewer in lengths of the longest edge, each pose from a distance of
    its own up to ten times that; None for the paper's orthographic view. Raises
    ValueError for other words, or a space without rest lengths.
    """

    def __init__(
        self, space: PoseSpace = PAPER, device: torch.device | str = "cpu", lengths: str = "uniform", turning: str = "any",
        near: float | None = None, spread: float = 0.25,
    ) -> None:
        if lengths not in ("uniform", "anatomical") or turning not in ("any", "upright"):
            raise ValueError(f"lengths: uniform or anatomical, got {lengths!r}; turning: any or upright, got {turning!r}")
        if lengths == "anatomical" and space.lengths is None:
            raise ValueError("lengths: this skeleton has no rest lengths; draw uniform ones")
        if near is not None and not near > 0:
            raise ValueError(f"near: must be a positive distance, got {near}")
        self.space, self.device, self.turning, self.near, self.spread = space, torch.device(device), turning, near, spread

        def tensor(value: object) -> Tensor:
            return torch.as_tensor(value, dtype=torch.float32, device=self.device)

        self._low, self._span = tensor(space.low.T), tensor((space.high - space.low).T)
        self._reach = tensor(space.reach.T.copy())
        self._rest = tensor(space.lengths) if lengths == "anatomical" else None
        # Which drawn length each edge takes: a right limb takes the left's.
        take = list(range(len(space.children)))
        for left, right in space.pairs:
            take[right] = left
        self._take = torch.tensor(take, device=self.device)

    def lengths(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, E) lengths, pairs alike, the longest 1."""
        shape = (count, len(self._take))
        if self._rest is None:
            drawn = torch.rand(shape, generator=generator, device=self.device)
        else:
            factor = torch.exp(self.spread * torch.randn(shape, generator=generator, device=self.device))
            drawn = self._rest * factor
        drawn = drawn[:, self._take]
        return drawn / drawn.amax(dim=1, keepdim=True).clamp_min(1e-6)

    def upright(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, 2, E) theta and phi of upright animals, uniform within the ranges."""
        share = torch.rand((count, *self._low.shape), generator=generator, device=self.device)
        return self._low + share * self._span

    def draw(self, count: int, generator: torch.Generator) -> Poses:
        """`count` poses; the same state of the generator gives the same. It must be on this device. ValueError for too many."""
        if not 1 <= count <= MAX_COUNT:
            raise ValueError(f"count: 1 to {MAX_COUNT} poses at once, got {count}")
        theta, phi = self.upright(count, generator).unbind(1)
        r = self.lengths(count, generator)
        level = r * torch.sin(theta)
        # x, y, z before edges, so that one large product places all joints.
        vectors = torch.stack([level * torch.cos(phi), level * torch.sin(phi), r * torch.cos(theta)], dim=1)
        turn = random_rotations if self.turning == "any" else upright_rotations
        vectors = turn(count, generator) @ vectors
        positions = (vectors.flatten(0, 1) @ self._reach).unflatten(0, (count, 3)).transpose(1, 2)
        return Poses(positions, self._view(positions, generator), vectors.transpose(1, 2))

    def _view(self, positions: Tensor, generator: torch.Generator) -> Tensor:
        if self.near is None:
            return seen_flat(positions)
        steps = torch.rand(len(positions), generator=generator, device=self.device)
        # Distances counted from the nearest joint, so that no joint is behind the viewer.
        distance = self.near * 10**steps - positions[..., 1].amin(dim=1)
        return seen_near(positions, distance)
