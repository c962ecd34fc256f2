"""Limbs of any number of links: from one number that folds them, or from where the foot is to be.

A limb lies in a plane. Its links stand at angles to the line from its top to its foot, a + (s - 1) b: a are the angles when the
animal stands, b says how each turns as the limb folds, so knees bend forward and elbows backward whatever their number, and
bones never change their length. How far the foot is from the top falls as s grows, so a foot's place gives s.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

STRAIGHT, FOLDED = 0.3, 2.3
_STEPS = 32


@dataclass(frozen=True)
class Limbs:
    """L limbs of K links of B animals: lengths (B, L, K) metres, angles a and b (B, L, K) radians, forward positive."""

    lengths: Tensor
    standing: Tensor
    folding: Tensor

    def angles(self, fold: Tensor) -> Tensor:
        """Of the links (B, F, L, K) for folds (B, F, L); 1 is as the animal stands, less is straighter."""
        return self.standing[:, None] + (fold[..., None] - 1) * self.folding[:, None]

    def reach(self, fold: Tensor) -> Tensor:
        """From top to foot (B, F, L) metres."""
        angle, length = self.angles(fold), self.lengths[:, None]
        return torch.hypot((length * torch.cos(angle)).sum(-1), (length * torch.sin(angle)).sum(-1))

    def fold_for(self, distance: Tensor) -> Tensor:
        """The folds (B, F, L) that bring the feet to distances (B, F, L) from the top, as near as the limbs can."""
        batch, _, limbs = distance.shape
        grid = torch.linspace(STRAIGHT, FOLDED, _STEPS, device=distance.device)
        table = self.reach(grid[None, :, None].expand(batch, _STEPS, limbs))
        # Upside down and never falling, as searchsorted wants it: from folded to straight.
        table = table.flip(1).cummax(dim=1).values.transpose(1, 2).contiguous()
        wanted = distance.transpose(1, 2).contiguous()
        above = torch.searchsorted(table, wanted).clamp(1, _STEPS - 1)
        low, high = table.gather(2, above - 1), table.gather(2, above)
        share = ((wanted - low) / (high - low).clamp_min(1e-9)).clamp(0, 1)
        step = (FOLDED - STRAIGHT) / (_STEPS - 1)
        return (FOLDED - step * (above - 1 + share)).transpose(1, 2)


def limb_points(limbs: Limbs, fold: Tensor, line: Tensor, bend: Tensor) -> Tensor:
    """The links' ends (B, F, L, K, 3) seen from the limb's top.

    line (B, F, L, 3): unit vectors from the top towards the foot; bend (B, F, L, 3): unit vectors across it, where links
    of positive angle lean.
    """
    angle, length = limbs.angles(fold), limbs.lengths[:, None]
    along, across = length * torch.cos(angle), length * torch.sin(angle)
    x, y = along.sum(-1, keepdim=True), across.sum(-1, keepdim=True)
    reach = torch.hypot(x, y).clamp_min(1e-9)
    x, y = x / reach, y / reach
    ends = torch.stack([along * x + across * y, across * x - along * y], dim=-1).cumsum(dim=-2)
    return ends @ torch.stack([line, bend], dim=-2)


def swung(pitch: Tensor, splay: Tensor, side: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The line, forward and outward directions (…, 3) of limbs swung forward by pitch and outward by splay (…) radians.

    side (…): +1 on the left, -1 on the right. Without either angle the line points down, forward is x, outward is y or -y.
    """
    sp, cp, ss, cs = torch.sin(pitch), torch.cos(pitch), torch.sin(splay), torch.cos(splay)
    line = torch.stack([sp, side * cp * ss, -cp * cs], dim=-1)
    forward = torch.stack([cp, -side * sp * ss, sp * cs], dim=-1)
    outward = torch.stack([torch.zeros_like(sp), side * cs, ss], dim=-1)
    return line, forward, outward


def pointed(line: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """Forward and outward directions (…, 3) of limbs along line (…, 3), unit: turned by the shortest way from straight down."""
    down = torch.tensor([0.0, 0.0, -1.0], device=line.device)
    middle = (line + down) / (1 - line[..., 2:]).clamp_min(0.05)
    forward = torch.tensor([1.0, 0.0, 0.0], device=line.device) - line[..., :1] * middle
    outward = torch.tensor([0.0, 1.0, 0.0], device=line.device) - line[..., 1:2] * middle
    return forward, outward * side[..., None]
