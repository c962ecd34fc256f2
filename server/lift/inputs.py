"""What every lifting network takes and gives: a batch of windows of tracks, normalised alike, and positions in the same units.

A window's unit of length is the root mean square distance of its points from their frame's centre, so that nets see
shapes and not places or sizes. A unit in three dimensions is the same length at the animal's mean depth, so a
far camera sees `target[..., :2]` exactly where `points` are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass
class Windows:
    """B windows of T frames and up to J joints. What is padding is False in `joints` and `frames`.

    points (B, T, J, 2): x right, y down, each frame's centre removed, in units of `scale`; missing points are filled in by
    `normalise`. seen (B, T, J): confidence 0..1, 0 where the point is missing. adjacency (B, J, J) bool: bones and the diagonal.
    sides (B, J) int64: +1 left, -1 right, 0 middle or not known. centre (B, T, 2) and scale (B,) pixels: pixels = points *
    scale + centre. target (B, T, J, 3) or None: camera axes (x right, y down, z away), each frame about the mean of its joints.
    mm (B,) or None: millimetres in a unit of target.
    """

    points: Tensor
    seen: Tensor
    joints: Tensor
    frames: Tensor
    adjacency: Tensor
    sides: Tensor
    centre: Tensor
    scale: Tensor
    target: Tensor | None = None
    mm: Tensor | None = None

    def to(self, device: torch.device | str) -> Windows:
        """The same on another device."""
        return replace(self, **{f.name: value.to(device) for f in fields(self) if (value := getattr(self, f.name)) is not None})

    def permuted(self, order: Tensor) -> Windows:
        """The same with joints in another order (J,)."""
        joints_at = {"points": 2, "seen": 2, "joints": 1, "sides": 1, "target": 2}
        moved = {name: value.index_select(axis, order) for name, axis in joints_at.items()
                 if (value := getattr(self, name)) is not None}
        return replace(self, adjacency=self.adjacency[:, order][:, :, order], **moved)


@dataclass
class Lifted:
    """positions (B, T, J, 3) about the centres of `Windows.target`, each window in a scale of its own; canonical networks turn each
    frame as they like. log_b (B, T, J) or None: logarithm of the Laplace scale of each coordinate's error, in
    units of the target."""

    positions: Tensor
    log_b: Tensor | None = None


def normalise(
    points: Tensor, seen: Tensor, joints: Tensor, frames: Tensor, adjacency: Tensor, sides: Tensor,
) -> Windows:
    """Windows of pixels points (B, T, J, 2), of which those with seen (B, T, J) 0 may be anything, nan too."""
    seen = torch.where(joints[:, None] & frames[..., None], seen, 0.0)
    filled = fill_gaps(points, seen, frames)
    counted = joints[:, None, :, None].to(filled.dtype).expand_as(filled[..., :1])
    centre = (filled * counted).sum(2) / counted.sum(2).clamp(min=1)
    centred = (filled - centre[:, :, None]) * counted
    weight = counted * frames[:, :, None, None]
    square = (centred.square() * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp(min=1)
    scale = square.sqrt().clamp(min=1e-6)
    return Windows(centred / scale[:, None, None, None], seen, joints, frames, adjacency, sides, centre, scale)


def fill_gaps(points: Tensor, seen: Tensor, frames: Tensor) -> Tensor:
    """points (B, T, J, 2) with missing ones (seen 0) on the line between the last and the next frame in which they were seen.

    Before the first and after the last they stay where they were seen; points that are never seen lie at the middle
    of those that are, in each frame; a window in which nothing is seen lies at 0. Cost O(B T J).
    """
    known = (seen > 0) & frames[..., None] & torch.isfinite(points).all(-1)
    values = torch.where(known[..., None], points, 0.0)
    count = points.shape[1]
    time = torch.arange(count, device=points.device)[None, :, None].expand(known.shape)
    before = torch.where(known, time, -1).cummax(dim=1).values
    after = count - 1 - torch.where(known, count - 1 - time, -1).flip(1).cummax(dim=1).values.flip(1)
    ever = known.any(1, keepdim=True).expand(known.shape)
    start, end = torch.where(before < 0, after, before), torch.where(after > count - 1, before, after)
    start, end = start.clamp(0, count - 1), end.clamp(0, count - 1)
    share = ((time - start) / (end - start).clamp(min=1)).to(points.dtype)
    index = (-1, -1, -1, 2)
    a = values.gather(1, start[..., None].expand(index))
    b = values.gather(1, end[..., None].expand(index))
    filled = a + (b - a) * share[..., None]
    weight = ever[..., None].to(points.dtype)
    middle = (filled * weight).sum(2, keepdim=True) / weight.sum(2, keepdim=True).clamp(min=1)
    return torch.where(ever[..., None], filled, middle)
