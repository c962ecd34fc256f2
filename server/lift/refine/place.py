"""From shapes without a place to a place before the camera: full perspective, by a focal length that is known or assumed.

An animal that gets larger comes nearer: with bones of constant length the tracks tell where each frame's root is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....animal.cameras import default_focal
from ....animal.tracks import Tracks

Array = NDArray[np.float64]

_SHARES = np.linspace(0.0, 1.0, 6)


@dataclass(frozen=True)
class Picture:
    """The footage's camera inside: focal length, width and height in pixels; assumed: nobody told the focal length."""

    focal: float
    width: int
    height: int
    assumed: bool

    @property
    def centre(self) -> Array:
        """The principal point (2,): the middle of the picture."""
        return np.array([self.width / 2.0, self.height / 2.0])


def picture_of(tracks: Tracks, focal: float | None = None) -> Picture:
    """What is known of the camera, and where nothing is: the usual focal length, and a picture about the tracks."""
    seen = tracks.points[tracks.seen]
    low, high = (seen.min(0), seen.max(0)) if len(seen) else (np.zeros(2), np.full(2, 2.0))
    # Tracks that fill a picture leave about as much room on one side as on the other.
    guess = np.ceil(np.maximum(high + np.maximum(low, 0.0), 2.0))
    width = max(1, round(tracks.width)) if tracks.width else int(guess[0])
    height = max(1, round(tracks.height)) if tracks.height else int(guess[1])
    known = focal if focal is not None else tracks.focal
    return Picture(float(known) if known is not None else default_focal(width, height), width, height, known is None)


def rays_of(points: Array, picture: Picture) -> Array:
    """Pixels (…, 2) as x/z, y/z in the camera's axes; nan stays nan."""
    return (points - picture.centre) / picture.focal


def face_the_animal(shape: Array, rays: Array, weight: Array, centre: Array, depth: float) -> Array:
    """Shapes (F, J, 3) in the camera's axes, for a lifter that saw each frame as if the animal stood in the picture's middle.

    Such a lifter's axes look at the animal, at the frame's centre as a ray (F, 2), and must be turned by that angle. How much of
    the turn the given shapes need is read from the rays (F, J, 2): they are tried at several shares of it, and the
    one that is seen nearest to the tracks is right; where nothing tells, all of it.
    """
    tried = []
    for share in _SHARES:
        turned = np.einsum("fab,fjb->fja", _rotations(centre * share), shape)
        camera = turned + np.nan_to_num(root_path(turned, rays, weight, depth))[:, None]
        off = camera[..., :2] / np.maximum(camera[..., 2:], 0.05 * depth) - np.nan_to_num(rays)
        tried.append(float((weight * np.minimum((off**2).sum(-1), (0.3 / depth) ** 2)).sum()))
    best = int(np.argmin(np.array(tried) + 1e-3 * (1 - _SHARES) * tried[-1]))
    return np.einsum("fab,fjb->fja", _rotations(centre * _SHARES[best]), shape)


def _rotations(slope: Array) -> Array:
    """The shortest rotations (F, 3, 3) that take the view's axis z to (slope, 1)."""
    goal = np.concatenate([slope, np.ones((len(slope), 1))], axis=1)
    goal /= np.linalg.norm(goal, axis=1, keepdims=True)
    axis = np.cross([0.0, 0.0, 1.0], goal)
    K = np.zeros((len(slope), 3, 3))
    K[:, 0, 2], K[:, 2, 0] = axis[:, 1], -axis[:, 1]
    K[:, 1, 2], K[:, 2, 1] = -axis[:, 0], axis[:, 0]
    return np.eye(3) + K + K @ K / (1.0 + goal[:, 2])[:, None, None]


def root_path(shape: Array, rays: Array, weight: Array, depth: float) -> Array:
    """(F, 3): where the origin of shapes (F, J, 3) lies so that they are seen at rays (F, J, 2) with weights (F, J).

    Linear least squares in each frame. `depth` is what an animal of the shapes' size should be at: it weighs a little, so that
    frames with one point have an answer too; frames with none get nan.
    """
    known = np.nan_to_num(rays)
    w = weight[..., None]
    A = np.zeros((*weight.shape, 2, 3))
    A[..., 0, 0] = A[..., 1, 1] = 1.0
    A[..., 2] = -known
    b = known * shape[..., 2:] - shape[..., :2]
    normal = np.einsum("fjka,fjkb,fj->fab", A, A, weight)
    right = np.einsum("fjka,fjk->fa", A, w * b)
    total = weight.sum(1)
    prior = 1e-6 * total
    normal[:, 2, 2] += prior
    right[:, 2] += prior * depth
    none = ~(total > 0)
    normal[none], right[none] = np.eye(3), np.nan
    path = np.linalg.solve(normal, right[..., None])[..., 0]
    # A frame whose points contradict the shape may land behind the camera.
    path[:, 2] = np.where(path[:, 2] + shape[..., 2].min(1) < 0.05 * depth, depth, path[:, 2])
    return path
