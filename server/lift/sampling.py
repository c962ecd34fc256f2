"""Endless windows to learn from: motions seen by random cameras, on random rigs, as trackers would have seen them.

Everything is batched on the device. A window is drawn in four steps: a stretch of a motion at some speed, which of its points
the rig has and how they hang together, a camera, and what a tracker makes of that: noise, outliers, gaps, confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.cameras import Camera
from ...animal.motion import Motion
from .inputs import Windows, normalise


@dataclass(frozen=True)
class Drawing:
    """How windows are drawn.

    frames T; speed: how much faster or slower at most than it was recorded (1: never). cameras "fixed": each motion's own;
    "random". rigs "own" or "random", of at most `max_joints`. noise_px: mean distance of noise in pixels of a fixed camera's
    picture; noise: largest spread of a random camera's, in units of the animal's size. missing: largest share of points that
    are left out; outliers: share of points that lie anywhere. no_sides: share of windows in which sides are not told.
    """

    frames: int = 48
    speed: float = 1.0
    cameras: str = "fixed"
    rigs: str = "own"
    max_joints: int = 48
    noise_px: float = 3.0
    noise: float = 0.05
    missing: float = 0.0
    outliers: float = 0.0
    no_sides: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("cameras", ("fixed", "random")), ("rigs", ("own", "random"))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: is '{getattr(self, name)}'; there are {', '.join(allowed)}")
        if self.frames < 2 or self.speed < 1 or not 0 <= self.missing < 1:
            raise ValueError("frames must be at least 2, speed at least 1, missing in 0..1")


class MotionStore:
    """M motions as padded tensors on a device. Joints that are unknown (nan) in any frame of a motion are left out of it."""

    def __init__(
        self, motions: Sequence[Motion], device: torch.device | str, cameras: Sequence[Camera] | None = None,
        weights: Sequence[float] | None = None,
    ) -> None:
        if not motions:
            raise ValueError("there is no motion to draw from")
        known = [np.isfinite(m.positions).all(axis=(0, 2)) for m in motions]
        width = max(int(k.sum()) for k in known)
        rows, self.count = [], len(motions)
        joints = np.zeros((len(motions), width), bool)
        adjacency = np.zeros((len(motions), width, width), bool)
        sides = np.zeros((len(motions), width), np.int64)
        paths = np.zeros((len(motions), width, width), np.float32)
        for number, (motion, kept) in enumerate(zip(motions, known, strict=True)):
            index = np.flatnonzero(kept)
            skeleton = motion.skeleton if kept.all() else motion.skeleton.keep([int(i) for i in index])
            positions = motion.positions[:, index]
            n = len(index)
            rows.append(np.pad(positions.astype(np.float32), ((0, 0), (0, width - n), (0, 0))))
            joints[number, :n], sides[number, :n] = True, skeleton.sides
            adjacency[number, :n, :n] = skeleton.adjacency
            paths[number, :n, :n] = path_lengths(positions.mean(axis=0), skeleton.bones)
        lengths = np.array([len(row) for row in rows])
        self.device = torch.device(device)
        self.positions = torch.as_tensor(np.concatenate(rows), device=device)
        self.first = torch.as_tensor(np.cumsum(lengths) - lengths, device=device)
        self.lengths = torch.as_tensor(lengths, device=device)
        self.joints = torch.as_tensor(joints, device=device)
        self.adjacency, self.sides = torch.as_tensor(adjacency, device=device), torch.as_tensor(sides, device=device)
        self.paths = torch.as_tensor(paths, device=device)
        self.cameras = None if cameras is None else _stack(cameras, device)
        self.weights = torch.ones(len(motions), device=device) if weights is None else torch.as_tensor(
            np.asarray(weights, np.float32), device=device)

    def windows(self, count: int, drawing: Drawing, generator: torch.Generator) -> Windows:
        """`count` windows with targets. generator lives on the store's device."""
        which = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        positions, frames = self._stretch(which, drawing, generator)
        rig = Rig(self.joints[which], self.adjacency[which], self.sides[which])
        if drawing.rigs == "random":
            positions, rig = random_rig(positions, rig, self.paths[which], drawing.max_joints, generator)
        return see(positions, frames, rig, drawing, generator, self._fixed(which) if drawing.cameras == "fixed" else None)

    def _stretch(self, which: Tensor, drawing: Drawing, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Positions (B, T, J, 3) of random stretches and which frames (B, T) the motion has."""
        b, t = len(which), drawing.frames
        speed = _uniform((b,), -1, 1, generator).mul(math.log(drawing.speed)).exp()
        spare = (self.lengths[which] - 1 - speed * (t - 1)).clamp(min=0)
        start = spare * torch.rand(b, device=self.device, generator=generator)
        if drawing.speed == 1.0:
            start = start.round()
        time = start[:, None] + speed[:, None] * torch.arange(t, device=self.device)
        last = (self.lengths[which] - 1)[:, None]
        frames = time <= last + 1e-3
        time = torch.minimum(time, last)
        low = time.floor().long()
        share = (time - low)[..., None, None]
        row = self.first[which][:, None] + low
        after = torch.minimum(row + 1, (self.first + self.lengths - 1)[which][:, None])
        return self.positions[row] * (1 - share) + self.positions[after] * share, frames

    def _fixed(self, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if self.cameras is None:
            raise ValueError("these motions have no fixed cameras")
        K, R, t = self.cameras
        return K[which], R[which], t[which]


@dataclass
class Rig:
    """joints (B, J) bool, adjacency (B, J, J) bool with the diagonal, sides (B, J)."""

    joints: Tensor
    adjacency: Tensor
    sides: Tensor


def path_lengths(positions: NDArray[np.float64], bones: NDArray[np.int64]) -> NDArray[np.float32]:
    """(J, J) lengths of the ways along the bones (B, 2) between joints at positions (J, 3); children come after parents."""
    count = len(positions)
    paths = np.zeros((count, count), np.float32)
    done = [int(bones[0, 1])] if len(bones) else [0]
    for child, parent in bones:
        step = np.linalg.norm(positions[child] - positions[parent])
        paths[child, done] = paths[done, child] = paths[parent, done] + step
        done.append(int(child))
    return paths


def random_rig(
    positions: Tensor, rig: Rig, paths: Tensor, max_joints: int, generator: torch.Generator
) -> tuple[Tensor, Rig]:
    """Some of the points, in random order, joined by the shortest tree along the body (paths (B, J, J)), a little disturbed.

    At least 4 points stay, or all where there are fewer.
    """
    b, j = rig.joints.shape
    share = _uniform((b, 1), 0.2, 1.1, generator)
    kept = (torch.rand(b, j, device=positions.device, generator=generator) < share) & rig.joints
    order = torch.rand(b, j, device=positions.device, generator=generator)
    order = order + (~kept).float() * 2 + (~rig.joints).float() * 4
    order = order.argsort(dim=1)[:, : min(max_joints, j)]
    count = kept.sum(1).clamp(min=4)
    count = torch.minimum(torch.minimum(count, rig.joints.sum(1)), torch.full_like(count, order.shape[1]))
    joints = torch.arange(order.shape[1], device=positions.device) < count[:, None]
    width = int(count.max())
    order, joints = order[:, :width], joints[:, :width]
    disturbed = paths * (0.25 * torch.randn(paths.shape, device=paths.device, generator=generator)).exp() + 1e-4
    disturbed = (disturbed + disturbed.transpose(1, 2)).gather(1, order[..., None].expand(-1, -1, j)).gather(
        2, order[:, None].expand(-1, width, -1))
    picked = positions.gather(2, order[:, None, :, None].expand(-1, positions.shape[1], -1, 3))
    return picked, Rig(joints, shortest_tree(disturbed, joints), rig.sides.gather(1, order))


def shortest_tree(distances: Tensor, joints: Tensor) -> Tensor:
    """Adjacency (B, J, J) of the minimum spanning trees of distances (B, J, J) over the joints (B, J) that count (Prim)."""
    b, j = joints.shape
    everywhere = torch.arange(b, device=distances.device)
    adjacency = torch.eye(j, dtype=torch.bool, device=distances.device).expand(b, j, j).clone()
    start = joints.long().argmax(1)
    inside = torch.zeros_like(joints)
    inside[everywhere, start] = True
    best = distances[everywhere, start].clone()
    link = start[:, None].expand(b, j).clone()
    for _ in range(j - 1):
        open_ = joints & ~inside
        nearest = torch.where(open_, best, torch.inf).argmin(1)
        live = open_.any(1)
        other = link[everywhere, nearest]
        adjacency[everywhere[live], nearest[live], other[live]] = True
        adjacency[everywhere[live], other[live], nearest[live]] = True
        inside[everywhere, nearest] |= live
        row = distances[everywhere, nearest]
        closer = row < best
        best, link = torch.where(closer, row, best), torch.where(closer, nearest[:, None], link)
    return adjacency


def see(
    positions: Tensor, frames: Tensor, rig: Rig, drawing: Drawing, generator: torch.Generator,
    fixed: tuple[Tensor, Tensor, Tensor] | None = None,
) -> Windows:
    """Windows of positions (B, T, J, 3) metres, Z up, through fixed cameras (K, R, t; B each) or random ones."""
    weight = (rig.joints[:, None] & frames[..., None]).to(positions.dtype)
    if fixed is None:
        positions, sides = _mirrored(positions, rig.sides, generator)
        rig = Rig(rig.joints, rig.adjacency, sides)
        fixed = random_cameras(positions, weight, generator)
    K, R, t = fixed
    camera = torch.einsum("bij,btkj->btki", R, positions) + (t[:, None, None] if t.dim() == 2 else t[:, :, None])
    depth = camera[..., 2:].clamp(min=1e-3)
    flat = camera[..., :2] / depth * K[:, None, None, [0, 1], [0, 1]] + K[:, None, None, :2, 2]
    points, seen = track(flat, weight, drawing, generator)
    sides = rig.sides
    if drawing.no_sides:
        told = torch.rand(len(sides), 1, device=sides.device, generator=generator) >= drawing.no_sides
        sides = sides * told
    windows = normalise(points, seen, rig.joints, frames, rig.adjacency, sides)
    total = weight.sum((1, 2)).clamp(min=1)
    unit = windows.scale * ((camera[..., 2] * weight).sum((1, 2)) / total) / K[:, 0, 0]
    mean = (camera * weight[..., None]).sum(2, keepdim=True) / weight.sum(2, keepdim=True)[..., None].clamp(min=1)
    windows.target = (camera - mean) * weight[..., None] / unit[:, None, None, None]
    windows.mm = unit * 1000.0
    return windows


def _mirrored(positions: Tensor, sides: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Half of the animals as in a mirror, left and right exchanged."""
    flip = torch.where(torch.rand(len(positions), device=positions.device, generator=generator) < 0.5, -1.0, 1.0)
    mirror = torch.stack([torch.ones_like(flip), flip, torch.ones_like(flip)], dim=-1)
    return positions * mirror[:, None, None], sides * flip[:, None].long()


def random_cameras(positions: Tensor, weight: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """K (B, 3, 3), R (B, 3, 3), t (B, T, 3) of cameras that look at the animals from anywhere, mostly from eye height.

    Distances are 1.3 to 20 times the animal's reach; some cameras follow the animal, the others stand.
    """
    b, device = len(positions), positions.device

    def chance(share: float) -> Tensor:
        return torch.rand(b, device=device, generator=generator) < share

    centre = (positions * weight[..., None]).sum(2) / weight.sum(2)[..., None].clamp(min=1)
    shown = weight.amax(2)[..., None]
    middle = (centre * shown).sum(1) / shown.sum(1).clamp(min=1)
    aim = torch.where(chance(0.3)[:, None, None], centre, middle[:, None].expand_as(centre))
    reach = ((positions - aim[:, :, None]).norm(dim=-1) * weight).amax((1, 2)).clamp(min=1e-3)
    distance = reach * _uniform((b,), math.log(1.3), math.log(20.0), generator).exp()
    yaw = _uniform((b,), -math.pi, math.pi, generator)
    eye = math.radians(10) + math.radians(14) * torch.randn(b, device=device, generator=generator)
    above = _uniform((b,), math.radians(-15), math.radians(90), generator)
    height = torch.where(chance(0.35), above, eye).clamp(-1.2, 1.57)
    roll = math.radians(4) * torch.randn(b, device=device, generator=generator)
    roll = torch.where(chance(0.05), _uniform((b,), -math.pi, math.pi, generator), roll)
    forward = -torch.stack([height.cos() * yaw.cos(), height.cos() * yaw.sin(), height.sin()], dim=-1)
    right = torch.stack([-yaw.sin(), yaw.cos(), torch.zeros_like(yaw)], dim=-1)
    down = torch.linalg.cross(forward, right, dim=-1)
    x = right * roll.cos()[:, None] + down * roll.sin()[:, None]
    y = down * roll.cos()[:, None] - right * roll.sin()[:, None]
    R = torch.stack([x, y, forward], dim=1)
    t = -torch.einsum("bij,btj->bti", R, aim - forward[:, None] * distance[:, None, None])
    K = torch.eye(3, device=device).repeat(b, 1, 1)
    K[:, 0, 0] = K[:, 1, 1] = distance / reach
    return K, R, t


def track(flat: Tensor, weight: Tensor, drawing: Drawing, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """What a tracker makes of true pixels (B, T, J, 2): points and confidence (B, T, J)."""
    b, t, j, _ = flat.shape
    device = flat.device

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, device=device, generator=generator)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=generator)

    if drawing.cameras == "fixed":
        spread = torch.full((b, 1, 1), drawing.noise_px / math.sqrt(math.pi / 2), device=device)
    else:
        size = _size(flat, weight)
        spread = size[:, None, None] * drawing.noise * draw(b, 1, 1) ** 2
    noise = spread[..., None] * normal(b, t, j, 2)
    confidence = torch.ones(b, t, j, device=device)
    if drawing.cameras == "random":
        wander = torch.nn.functional.interpolate(
            normal(b * j, 2, max(2, t // 6)), size=t, mode="linear", align_corners=True).view(b, j, 2, t).permute(0, 3, 1, 2)
        noise = noise + spread[..., None] * wander * draw(b, 1, 1, 1)
        poor = draw(b, 1, j) ** 3 * 2
        noise = noise * (0.5 + poor[..., None])
        told = draw(b, 1, 1) < 0.5
        sure = (1 - 0.3 * poor - 0.2 * draw(b, t, j)).clamp(0.1, 1)
        confidence = torch.where(told, sure, confidence)
        wild = draw(b, t, j) < drawing.outliers * draw(b, 1, 1)
        noise = noise + wild[..., None] * size[:, None, None, None] * normal(b, t, j, 2)
        confidence = torch.where(wild & told, confidence * 0.5 * draw(b, t, j), confidence)
    if drawing.missing:
        confidence = confidence * ~_gaps(b, t, j, drawing.missing, draw)
    return flat + noise, confidence * weight


def _gaps(b: int, t: int, j: int, most: float, draw: Callable[..., Tensor]) -> Tensor:
    """(B, T, J) what is missing: single points, joints for a while, joints for good, whole frames."""
    rate = most * draw(b, 1, 1) ** 2
    gone = draw(b, t, j) < rate * draw(b, 1, 1)
    start, length = draw(b, 1, j) * 1.5 - 0.5, draw(b, 1, j)
    time = torch.linspace(0, 1, t, device=start.device)[None, :, None]
    gone |= (draw(b, 1, j) < rate) & (time >= start) & (time <= start + length)
    gone |= draw(b, 1, j) < 0.3 * rate
    gone |= draw(b, t, 1) < 0.3 * rate
    return gone & (draw(b, 1, 1) < 0.8)


def _size(flat: Tensor, weight: Tensor) -> Tensor:
    """(B,) root mean square distance of the points from their frame's middle."""
    total = weight.sum(2)[..., None].clamp(min=1)
    middle = (flat * weight[..., None]).sum(2) / total
    square = ((flat - middle[:, :, None]).square().sum(-1) * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1)
    return square.sqrt().clamp(min=1e-6)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, device=generator.device, generator=generator)


def _stack(cameras: Sequence[Camera], device: torch.device | str) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(torch.as_tensor(np.stack([getattr(c, name) for c in cameras]).astype(np.float32), device=device)
                 for name in ("K", "R", "t"))  # type: ignore[return-value]
