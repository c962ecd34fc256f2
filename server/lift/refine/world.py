"""Where the camera was: standing, going along with the animal, or on a path that somebody knows; and how large the animal is.

The solver's space has the first camera's axes (or the known cameras' world) and the lifter's unit; the world is Z up, in metres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.cameras import Camera, intrinsics
from ....animal.skeleton import Skeleton
from .feet import leg_top
from .ground import Ground
from .noise import smooth
from .place import Picture

Array = NDArray[np.float64]

USUAL_METRES = 1.0
"""How long an animal is between its two joints farthest apart when nobody tells its size."""
_LENGTH_FRAMES = 64
_SHOULDER = re.compile(r"wither|shoulder|scapula", re.IGNORECASE)
_STEADY_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Views:
    """Cameras in the solver's space: x_camera = R x + t, R (F or 1, 3, 3), t (F or 1, 3) in units; metres in a unit where known."""

    R: Array
    t: Array
    metres: float | None = None

    def to_camera(self, X: Array) -> Array:
        """Points (F, J, 3) of the solver's space in the cameras' axes."""
        return np.einsum("fab,fjb->fja", np.broadcast_to(self.R, (len(X), 3, 3)), X) + self.t[:, None]

    def to_space(self, C: Array) -> Array:
        """Points (F, J, 3) in the cameras' axes in the solver's space."""
        return np.einsum("fba,fjb->fja", np.broadcast_to(self.R, (len(C), 3, 3)), C - self.t[:, None])

    @property
    def looks(self) -> Array:
        """(F or 1, 3): where each camera looks."""
        return self.R[:, 2]


def standing() -> Views:
    """A camera that stands: the solver's space is its own."""
    return Views(np.eye(3)[None], np.zeros((1, 3)))


def going_along(C: Array, feet: Sequence[int], up: Array, seconds: Array, link: Array) -> Views:
    """A camera that keeps its direction and moves so that feet on the ground stand still; C (F, J, 3) in the camera's axes.

    In each frame the low feet that move alike show how the ground passes by; between them the camera moves evenly.
    """
    if len(C) < 3 or not feet:
        return standing()
    P = C[:, list(feet)]
    height = P @ up
    velocity = np.gradient(P, seconds, axis=0)
    velocity = velocity - (velocity @ up)[..., None] * up
    low = np.exp(-0.5 * ((height - height.min(1, keepdims=True)) / 0.1) ** 2)
    every = float(np.median(np.diff(seconds)))
    stiff = max(_STEADY_SECONDS / every / (2 * np.pi), 1.0) ** 4
    passing = np.array([np.median(v[h <= np.median(h)], axis=0) for v, h in zip(velocity, height, strict=True)])
    for _ in range(8):
        near = ((velocity - passing[:, None]) ** 2).sum(-1)
        weight = low / (1.0 + near / max(float(np.median(near)), 0.3**2))
        total = weight.sum(1)
        mean = (weight[..., None] * velocity).sum(1) / total[:, None]
        passing = smooth(mean, total, stiff * float(np.median(total)), link)
    path = np.concatenate([np.zeros((1, 3)), np.cumsum((passing[1:] + passing[:-1]) / 2 * np.diff(seconds)[:, None], axis=0)])
    level = smooth(height.min(1)[:, None], np.ones(len(C)), 16 * stiff, link)[:, 0]
    return Views(np.eye(3)[None], path + (level - level[0])[:, None] * up)


def on_path(cameras: Sequence[Camera], C: Array, feet: Sequence[int], seconds: Array, metres: float | None) -> Views:
    """Known cameras, in metres; without `metres` in a unit the animal is as large as lets its feet stand still.

    C (F, J, 3) units in the cameras' axes. A camera that does not move tells nothing of size.
    """
    frames = len(C)
    one = len(cameras) == 1
    R = np.array([camera.R for camera in cameras])
    t = np.array([camera.t for camera in cameras])
    place = np.array([camera.position for camera in cameras])
    if metres is None:
        metres = USUAL_METRES / max(extent(C), 1e-9)
        if not one and feet and frames > 3:
            turned = np.einsum("fba,fjb->fja", R, C[:, list(feet)])
            a, b = np.gradient(turned, seconds, axis=0), np.gradient(place, seconds, axis=0)[:, None]
            for _ in range(10):
                slip = np.linalg.norm(metres * a + b, axis=-1)
                weight = 1.0 / (1.0 + (slip / max(float(np.median(slip)), 1e-9)) ** 2) ** 2
                told = (weight * (a**2).sum(-1)).sum()
                moved = (weight * (b**2).sum(-1)).sum()
                if not moved > 1e-3 * metres**2 * told:
                    break
                metres = max(-float((weight * (a * b).sum(-1)).sum() / max(told, 1e-12)), 0.1 * metres)
    return Views(R, t / metres, metres)


def extent(X: Array) -> float:
    """The usual largest distance between two joints (F, J, 3)."""
    some = X[np.unique(np.linspace(0, len(X) - 1, _LENGTH_FRAMES).astype(int))]
    return float(np.median([np.linalg.norm(frame[:, None] - frame[None], axis=-1).max() for frame in some]))


def size_of(skeleton: Skeleton, X: Array, ground: Ground, feet: Sequence[int], measures: str) -> float:
    """What `measures` measures of joints X (F, J, 3), in their unit: "length" or "height" (see RefineSettings)."""
    if measures != "height":
        return extent(X)
    heights = ground.heights(X)
    named = [j for j, name in enumerate(skeleton.names) if _SHOULDER.search(name)]
    tops = named or [leg_top(skeleton, foot) for foot in feet] or list(range(len(skeleton)))
    return float(np.median(heights[:, tops].max(1)))


def into_world(X: Array, views: Views, ground: Ground, picture: Picture, metres: float, root: int) -> tuple[Array, tuple[Camera, ...]]:
    """Joints (F, J, 3) of the solver's space in the world, metres, and the camera or cameras that see them there.

    The ground becomes z = 0, the first camera looks along +Y, and the animal's first frame lies over the origin.
    """
    up = ground.up
    ahead = np.broadcast_to(views.R, (max(len(views.R), 1), 3, 3))[0, 2]
    ahead = ahead - (ahead @ up) * up
    if np.linalg.norm(ahead) < 1e-3:  # it looks straight down: the picture's upper side is ahead
        ahead = -views.R[0, 1] - (-views.R[0, 1] @ up) * up
    ahead = ahead / np.linalg.norm(ahead)
    Q = np.stack([np.cross(ahead, up), ahead, up])
    first = Q @ X[0, root]
    origin = np.array([first[0], first[1], ground.height])
    world = np.asarray(metres * (X @ Q.T - origin), np.float64)
    K = intrinsics(picture.focal, picture.width, picture.height)
    count = max(len(views.R), len(views.t))
    R = np.broadcast_to(views.R, (count, 3, 3)) @ Q.T
    t = metres * (np.broadcast_to(views.t, (count, 3)) + R @ origin)
    return world, tuple(Camera(K, r, s, picture.width, picture.height) for r, s in zip(R, t, strict=True))
