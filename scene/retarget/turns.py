"""Rotations of many bones over many frames: powers, averages and blends. Numpy only.

Everything is matrices (…, 3, 3); quaternions are used inside where they are the faster way. Angles are radians.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.rotations import (
    axis_angle_from_matrix,
    matrix_from_axis_angle,
    matrix_from_quaternion,
    quaternion_from_matrix,
)

Array = NDArray[np.float64]


def unit(vectors: ArrayLike) -> Array:
    """Vectors (…, 3) of length 1; what has no length stays zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 1e-12, length, 1.0)


def frame_of(along: ArrayLike, side: ArrayLike) -> Array:
    """Rotations (…, 3, 3) whose y axis is `along` (…, 3) and whose x axis is as near to `side` (…, 3) as may be.

    Where the two are parallel, x is any direction across.
    """
    along, side = np.broadcast_arrays(unit(along), np.asarray(side, dtype=np.float64))
    across = side - along * np.einsum("...i,...i->...", side, along)[..., None]
    bad = np.linalg.norm(across, axis=-1) < 1e-6 * np.maximum(np.linalg.norm(side, axis=-1), 1e-12)
    if bad.any():
        spare = np.eye(3)[np.argmin(np.abs(along), axis=-1)]
        across = np.where(bad[..., None], np.cross(along, spare), across)
    x = unit(across)
    return np.stack([x, along, np.cross(x, along)], axis=-1)


def power(turns: ArrayLike, share: ArrayLike) -> Array:
    """Rotations (…, 3, 3) done only in part: share (…) 0 is none, 1 all of it."""
    return matrix_from_axis_angle(axis_angle_from_matrix(turns) * np.asarray(share, dtype=np.float64)[..., None])


def between(first: ArrayLike, second: ArrayLike, share: ArrayLike) -> Array:
    """From `first` (…, 3, 3) to `second` (…, 3, 3) by the shortest way: share (…) of it (slerp)."""
    first, second = np.asarray(first), np.asarray(second)
    return first @ power(np.swapaxes(first, -1, -2) @ second, share)


def mean_turn(turns: ArrayLike, weights: ArrayLike) -> Array:
    """Averages of rotations: turns (…, K, 3, 3) and weights (K,) or (…, K) → (…, 3, 3), the nearest to all of them."""
    quaternions = quaternion_from_matrix(turns)
    weights = np.asarray(weights, dtype=np.float64)
    # All on the half of the heaviest one: q and -q are the same rotation.
    lead = np.argmax(np.broadcast_to(weights, quaternions.shape[:-1]), axis=-1)
    first = np.take_along_axis(quaternions, lead[..., None, None], axis=-2)
    sign = np.where(np.einsum("...ki,...ji->...k", quaternions, first) < 0, -1.0, 1.0)
    total = np.einsum("...k,...ki->...i", weights * sign, quaternions)
    empty = np.linalg.norm(total, axis=-1, keepdims=True) < 1e-9
    return matrix_from_quaternion(np.where(empty, first[..., 0, :], total))


def continuous(quaternions: ArrayLike) -> Array:
    """Quaternions (F, …, 4) without jumps of sign from frame to frame."""
    quaternions = np.array(quaternions, dtype=np.float64)
    if len(quaternions) > 1:
        flips = np.where(np.einsum("f...i,f...i->f...", quaternions[1:], quaternions[:-1]) < 0, -1.0, 1.0)
        quaternions[1:] *= np.cumprod(flips, axis=0)[..., None]
    return quaternions


def yaw_of(turns: ArrayLike) -> Array:
    """Angle (…) about z of rotations (…, 3, 3) by where they take the x axis; by the z axis' way where x stands upright."""
    turns = np.asarray(turns, dtype=np.float64)
    forward = turns[..., :, 0]
    upright = np.abs(forward[..., 2]) > 0.9
    # An animal that rears looks up: its back then shows where it is heading.
    sign = -np.sign(forward[..., 2])[..., None]
    heading = np.where(upright[..., None], turns[..., :, 2] * sign, forward)
    return np.arctan2(heading[..., 1], heading[..., 0])


def about_z(angle: ArrayLike) -> Array:
    """Rotations (…, 3, 3) about z."""
    angle = np.asarray(angle, dtype=np.float64)
    return matrix_from_axis_angle(np.stack([np.zeros_like(angle), np.zeros_like(angle), angle], axis=-1))


def about_left(angle: ArrayLike) -> Array:
    """Rotations (…, 3, 3) about y, the animal's left: positive lowers what is in front."""
    angle = np.asarray(angle, dtype=np.float64)
    return matrix_from_axis_angle(np.stack([np.zeros_like(angle), angle, np.zeros_like(angle)], axis=-1))
