"""Cameras that keep an animal in view: the one that section 3.1.3 of "Animal lifting in space and time" puts before every clip.

1080 x 1080 pixels, a lens of 35 mm on a sensor of 36 mm, level, turned about the vertical at random, and looking at the middle of the box
that the animal fills during the clip, from the box's diagonal away or as many half diagonals more as it takes to see every joint in
every frame. `views` places many cameras at once, on any device.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....animal.cameras import Camera, intrinsics

Array = NDArray[np.float64]

SIZE = 1080
FOCAL = 35.0 / 36.0 * SIZE
"""Pixels."""
NEAREST, STEP = 1.0, 0.5  # in diagonals of the box
EDGE = 0.5  # pixels that joints keep from the picture's edge
_NEAR = 1e-3  # of the diagonal: what is nearer to the camera's plane is not in view


def paper_camera(positions: Array, generator: np.random.Generator, size: int = SIZE, focal: float | None = None) -> Camera:
    """A camera for a clip (F, J, 3) in metres, nan where joints are not known; the yaw is a whole number of degrees.

    Raises ValueError for a clip without any joint.
    """
    degrees = float(generator.integers(360))
    focal = FOCAL / SIZE * size if focal is None else focal
    points = torch.as_tensor(np.asarray(positions, np.float64))[None]
    if not bool(torch.isfinite(points).all(dim=-1).any()):
        raise ValueError("a clip without any joint cannot be looked at")
    turn, shift = views(points, torch.tensor([math.radians(degrees)], dtype=torch.float64), size=size, focal=focal)
    return Camera(intrinsics(focal, size, size), turn[0].numpy(), shift[0].numpy(), size, size)


def views(
    positions: Tensor, yaw: Tensor, pitch: Tensor | None = None, size: int = SIZE, focal: float = FOCAL,
    step: float = STEP,
) -> tuple[Tensor, Tensor]:
    """R (B, 3, 3) and t (B, 3) of a camera for each of B clips (B, F, J, 3), nan where there is no joint.

    yaw (B,) radians: 0 looks along +x, from behind an animal that looks along +x; pitch (B,) radians, or level: how far
    the camera looks down. The distance is the smallest of `NEAREST` and `step` diagonals more, again and again, from which all
    is in view; step 0: the smallest of all.
    """
    pitch = torch.zeros_like(yaw) if pitch is None else pitch
    turn = looking(yaw, pitch)
    points = positions.flatten(1, 2)
    known = torch.isfinite(points).all(dim=-1, keepdim=True)
    infinite = torch.tensor(math.inf, dtype=points.dtype, device=points.device)
    high, low = (torch.where(known, points, sign * infinite).amax(dim=1) if sign < 0 else torch.where(known, points, infinite).amin(dim=1)
                 for sign in (-1, 1))  # fmt: skip
    centre, diagonal = 0.5 * (high + low), (high - low).norm(dim=-1)
    diagonal = torch.where(diagonal > 1e-6, diagonal, 1.0)  # a single point that stands still has no size
    seen = torch.where(known, points - centre[:, None], 0.0) @ turn.transpose(1, 2)
    # A joint at (x, y, z) before the box's middle is in view from a distance d where focal |x| / (z + d) is half the picture.
    wide = seen[..., :2].abs().amax(dim=-1) * focal / (0.5 * size - EDGE)
    needed = (torch.maximum(wide, _NEAR * diagonal[:, None]) - seen[..., 2]).amax(dim=1) / diagonal
    more = (needed - NEAREST).clamp(min=0.0)
    distance = diagonal * (NEAREST + (torch.ceil(more / step - 1e-9) * step if step > 0 else more))
    shift = -(turn @ centre[..., None])[..., 0]
    shift[:, 2] += distance
    return turn, shift


def looking(yaw: Tensor, pitch: Tensor) -> Tensor:
    """R (B, 3, 3) from the world (Z up) to cameras (x right, y down, z forward) that look along yaw and down by pitch (B,)."""
    none, (cy, sy), (cp, sp) = torch.zeros_like(yaw), (yaw.cos(), yaw.sin()), (pitch.cos(), pitch.sin())
    right = torch.stack([sy, -cy, none], dim=-1)
    forward = torch.stack([cy * cp, sy * cp, -sp], dim=-1)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-2)
