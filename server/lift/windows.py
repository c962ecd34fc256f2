"""Clips of any length and any number of joints through a network: overlapping windows, blended without a seam.

The windows' own scales and, for canonical networks, their own turns are brought together before they are cross-faded.
Memory is that of CHUNK windows whatever the length of the clip; time grows linearly with frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...animal.skeleton import Skeleton
from .inputs import Windows, normalise
from .losses import rotation_between
from .precision import computing

FRAMES = 48
"""Length of a window, the one that networks are trained with."""
CHUNK_POINTS = 16 * FRAMES * 32
"""Joints times frames that go through a network at once."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LiftedClip:
    """A clip as a network sees it: positions (F, J, 3) x right, y down, z away from the viewer, each frame about the mean of its
    joints, where 1 is as long as `scale` pixels at the animal's depth; uncertainty (F, J) in the same unit, one standard deviation
    of each coordinate, or None; centre (F, 2) pixels: a far camera sees joint j at positions[f, j, :2] * scale + centre[f]."""

    positions: Array
    uncertainty: Array | None
    scale: float
    centre: Array


def lift_tracks(
    network: nn.Module, points: Array, confidence: Array, skeleton: Skeleton, device: str | torch.device = "cpu",
    progress: Callable[[float], None] | None = None, orient: bool = True,
) -> LiftedClip:
    """Lift points (F, J, 2) pixels (nan: missing) with confidence (F, J) 0..1 on a skeleton of J joints.

    progress gets 0..1 now and then; what it raises ends the work. orient: turn canonical networks' frames to the camera's axes.
    Raises ValueError when no point is seen in the whole clip.
    """
    seen = np.where(np.isfinite(points).all(axis=-1), np.nan_to_num(confidence), 0.0)
    if not (seen > 0).any():
        raise ValueError("no point is seen in the whole clip")
    whole = _windows(points[None], seen[None], skeleton, device)
    frames, joints = seen.shape
    starts = window_starts(frames)
    length = min(frames, FRAMES)
    total = torch.zeros(frames, joints, 3, device=device)
    doubt = torch.zeros(frames, joints, device=device)
    weight = torch.zeros(frames, 1, 1, device=device)
    chunk = max(1, CHUNK_POINTS // (length * joints))
    fade = _fade(length, device)
    sure = True
    for first in range(0, len(starts), chunk):
        batch = starts[first : first + chunk]
        rows = batch[:, None] + np.arange(length)
        windows = _windows(points[rows], seen[rows], skeleton, device)
        with torch.inference_mode(), computing(network, device):
            lifted = network(windows)
        factor = windows.scale / whole.scale
        positions = lifted.positions * factor[:, None, None, None]
        if network.canonical and orient:
            positions = face_camera(positions, windows.points * factor[:, None, None, None], windows.seen)
        elif not network.canonical:
            positions = onto_points(positions, windows.points * factor[:, None, None, None], windows.seen)
        sure = sure and lifted.log_b is not None
        for number, start in enumerate(batch):
            part = slice(int(start), int(start) + length)
            done = weight[part, 0, 0] > 0
            mine = positions[number] - positions[number].mean(1, keepdim=True)
            if network.canonical and not orient and bool(done.any()):
                mine = _turned(mine, total[part] / weight[part].clamp(min=1e-9), done)
            total[part] += mine * fade[:, None, None]
            if lifted.log_b is not None:
                doubt[part] += torch.exp(lifted.log_b[number]) * factor[number] * fade[:, None]
            weight[part] += fade[:, None, None]
        if progress is not None:
            progress(min(first + chunk, len(starts)) / len(starts))
    return LiftedClip(
        (total / weight).double().cpu().numpy(),
        (doubt / weight[..., 0] * 2**0.5).double().cpu().numpy() if sure else None,
        float(whole.scale[0]), whole.centre[0].double().cpu().numpy())


def window_starts(frames: int) -> NDArray[np.int64]:
    """First frames of the windows that cover a clip, each overlapping the next by half or a little more."""
    if frames <= FRAMES:
        return np.zeros(1, np.int64)
    count = -(-(frames - FRAMES) // (FRAMES // 2)) + 1
    return np.round(np.linspace(0, frames - FRAMES, count)).astype(np.int64)


def _fade(length: int, device: str | torch.device) -> Tensor:
    """(length,) weights that rise from the ends to the middle, never 0."""
    return torch.sin(torch.pi * (torch.arange(length, device=device) + 0.5) / length).square() + 1e-3


def _windows(points: Array, seen: Array, skeleton: Skeleton, device: str | torch.device) -> Windows:
    b, t, j, _ = points.shape

    def tensor(x: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(x), device=device).to(dtype)

    # Pixels lose their offset in double, so that a small animal in a large picture keeps its last digits.
    offset = np.nanmean(np.where(seen[..., None] > 0, points, np.nan)) if (seen > 0).any() else 0.0
    windows = normalise(
        tensor(np.nan_to_num(points - offset), torch.float32), tensor(seen, torch.float32),
        torch.ones(b, j, dtype=torch.bool, device=device), torch.ones(b, t, dtype=torch.bool, device=device),
        tensor(skeleton.adjacency, torch.bool).expand(b, j, j), tensor(skeleton.sides, torch.int64).expand(b, j))
    windows.centre = windows.centre + float(offset)
    return windows


def _turned(positions: Tensor, before: Tensor, done: Tensor) -> Tensor:
    """positions (T, J, 3) turned as one to lie on what stands there already in frames `done` (T,)."""
    source, goal = positions[done].reshape(-1, 3), before[done].reshape(-1, 3)
    return positions @ rotation_between(source, goal, torch.ones_like(source[:, 0]))


def onto_points(positions: Tensor, points: Tensor, seen: Tensor) -> Tensor:
    """Camera-space positions (B, T, J, 3), each window scaled so that its x, y lie on points (B, T, J, 2) where they are seen.

    Networks are trained with a window's scale matched to the truth's, so theirs is nobody's; their uncertainty is in the truth's.
    """
    flat = positions[..., :2] - positions[..., :2].mean(2, keepdim=True)
    dot = (flat * points).sum(-1) * seen
    size = dot.sum((1, 2)) / (flat.square().sum(-1) * seen).sum((1, 2)).clamp(min=1e-9)
    return positions * size.clamp(min=1e-2)[:, None, None, None]


def face_camera(positions: Tensor, points: Tensor, seen: Tensor, rounds: int = 4) -> Tensor:
    """Canonical positions (B, T, J, 3), turned and scaled frame by frame so that their x, y lie on points (B, T, J, 2).

    Starts at the linear least-squares view and then fills in the depths that the turned animal has (alternating, a few rounds).
    """
    weight = (seen > 0).to(positions.dtype)
    weight = torch.where(weight.sum(-1, keepdim=True) >= 4, weight, torch.ones_like(weight))
    source = positions - positions.mean(2, keepdim=True)
    normal = (source * weight[..., None]).transpose(-1, -2) @ source + 1e-6 * torch.eye(3, device=source.device)
    view = torch.linalg.solve(normal, (source * weight[..., None]).transpose(-1, -2) @ points)  # (B, T, 3, 2)
    scale = view.norm(dim=-2).mean(-1)
    third = torch.linalg.cross(view[..., 0], view[..., 1], dim=-1)
    full = torch.cat([view, (third / scale.clamp(min=1e-6)[..., None])[..., None]], dim=-1)
    goal = source @ full
    for _ in range(rounds):
        rotation = rotation_between(source, goal, weight)
        turned = source @ rotation
        size = (turned[..., :2] * points * weight[..., None]).sum((-1, -2)) / (
            turned[..., :2].square() * weight[..., None]).sum((-1, -2)).clamp(min=1e-9)
        turned = turned * size.clamp(min=1e-3)[..., None, None]
        goal = torch.cat([points, turned[..., 2:]], dim=-1)
    return turned
