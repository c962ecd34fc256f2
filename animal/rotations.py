"""Rotations, batched over leading axes: axis-angle in files, matrices in computation, 6D in networks, quaternions in Blender.

All functions take and give float arrays with any number of leading axes `…`. Angles are radians, matrices act on
column vectors (`v' = R v`), quaternions put w first (Blender's order).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_SMALL = 1e-8


def _floats(values: ArrayLike, *last: int) -> Array:
    """`values` as float64, its last axes checked against `last`."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape[-len(last):] != last:
        raise ValueError(f"expected an array of shape (…, {', '.join(map(str, last))}), got {array.shape}")
    return array


def cross_matrix(vector: ArrayLike) -> Array:
    """The matrix K with `K w = vector x w`: (…, 3) → (…, 3, 3)."""
    x, y, z = np.moveaxis(_floats(vector, 3), -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def matrix_from_axis_angle(axis_angle: ArrayLike) -> Array:
    """Rodrigues' formula: axis-angle (…, 3) in radians → rotation matrices (…, 3, 3)."""
    axis_angle = _floats(axis_angle, 3)
    angle2 = np.einsum("...i,...i->...", axis_angle, axis_angle)[..., None, None]
    angle = np.sqrt(angle2)
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    # Taylor series near zero, where sin(a)/a and (1-cos a)/a² lose digits.
    sine = np.where(small, 1.0 - angle2 / 6.0, np.sin(safe) / safe)
    half = np.sin(safe / 2.0) / (safe / 2.0)
    versine = np.where(small, 0.5 - angle2 / 24.0, 0.5 * half * half)
    cross = cross_matrix(axis_angle)
    return np.eye(3) + sine * cross + versine * (cross @ cross)


def quaternion_from_matrix(matrix: ArrayLike) -> Array:
    """Rotation matrices (…, 3, 3) → unit quaternions (…, 4), w first and w >= 0 (Shepperd's method)."""
    matrix = _floats(matrix, 3, 3)
    xx, yy, zz = matrix[..., 0, 0], matrix[..., 1, 1], matrix[..., 2, 2]
    # Four times the square of each component; the largest is the one safe to divide by.
    squares = np.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=-1)
    wx, xy = matrix[..., 2, 1] - matrix[..., 1, 2], matrix[..., 1, 0] + matrix[..., 0, 1]
    wy, xz = matrix[..., 0, 2] - matrix[..., 2, 0], matrix[..., 0, 2] + matrix[..., 2, 0]
    wz, yz = matrix[..., 1, 0] - matrix[..., 0, 1], matrix[..., 2, 1] + matrix[..., 1, 2]
    rows = np.stack([
        np.stack([squares[..., 0], wx, wy, wz], -1), np.stack([wx, squares[..., 1], xy, xz], -1),
        np.stack([wy, xy, squares[..., 2], yz], -1), np.stack([wz, xz, yz, squares[..., 3]], -1)], axis=-2)
    best = np.argmax(squares, axis=-1)[..., None, None]
    quaternion = np.take_along_axis(rows, best, axis=-2)[..., 0, :]
    quaternion = quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True)
    return np.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def matrix_from_quaternion(quaternion: ArrayLike) -> Array:
    """Quaternions (…, 4), w first, of any non-zero length → rotation matrices (…, 3, 3)."""
    quaternion = _floats(quaternion, 4)
    w, x, y, z = np.moveaxis(quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True), -1, 0)
    return np.stack([
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], axis=-1).reshape(*w.shape, 3, 3)


def axis_angle_from_quaternion(quaternion: ArrayLike) -> Array:
    """Quaternions (…, 4), w first → axis-angle (…, 3) with angles in [0, pi]."""
    quaternion = _floats(quaternion, 4)
    quaternion = np.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, quaternion[..., :1])
    scale = np.where(sine < _SMALL, 2.0, angle / np.where(sine < _SMALL, 1.0, sine))
    return quaternion[..., 1:] * scale


def quaternion_from_axis_angle(axis_angle: ArrayLike) -> Array:
    """Axis-angle (…, 3) → unit quaternions (…, 4), w first (w may be negative beyond half a turn)."""
    axis_angle = _floats(axis_angle, 3)
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    scale = np.where(angle < _SMALL, 0.5, np.sin(angle / 2) / np.where(angle < _SMALL, 1.0, angle))
    return np.concatenate([np.cos(angle / 2), axis_angle * scale], axis=-1)


def axis_angle_from_matrix(matrix: ArrayLike) -> Array:
    """Rotation matrices (…, 3, 3) → axis-angle (…, 3) with angles in [0, pi]."""
    return axis_angle_from_quaternion(quaternion_from_matrix(matrix))


def rotation_6d_from_matrix(matrix: ArrayLike) -> Array:
    """Rotation matrices (…, 3, 3) → their first two *columns*, one after the other (…, 6) (Zhou et al. 2019)."""
    return np.concatenate([_floats(matrix, 3, 3)[..., :, 0], np.asarray(matrix)[..., :, 1]], axis=-1)


def matrix_from_rotation_6d(values: ArrayLike) -> Array:
    """Two columns (…, 6), neither unit nor orthogonal needed → rotation matrices (…, 3, 3), by Gram-Schmidt."""
    values = _floats(values, 6)
    first = values[..., :3] / np.linalg.norm(values[..., :3], axis=-1, keepdims=True)
    second = values[..., 3:] - np.einsum("...i,...i->...", first, values[..., 3:])[..., None] * first
    second = second / np.linalg.norm(second, axis=-1, keepdims=True)
    return np.stack([first, second, np.cross(first, second)], axis=-1)


def rotation_between(source: ArrayLike, target: ArrayLike) -> Array:
    """The smallest rotation (…, 3, 3) that turns direction `source` (…, 3) into `target` (…, 3).

    Opposite directions are turned about an axis perpendicular to both.
    """
    start, end = np.broadcast_arrays(_floats(source, 3), _floats(target, 3))
    start = start / np.linalg.norm(start, axis=-1, keepdims=True)
    end = end / np.linalg.norm(end, axis=-1, keepdims=True)
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    cosine = np.einsum("...i,...i->...", start, end)[..., None]
    # Any perpendicular axis serves half a turn: cross with the coordinate axis the start is least along.
    helper = np.eye(3)[np.argmin(np.abs(start), axis=-1)]
    spare = np.cross(start, helper)
    spare = spare / np.linalg.norm(spare, axis=-1, keepdims=True)
    axis = np.where(sine < 1e-12, spare, axis / np.where(sine < 1e-12, 1.0, sine))
    return matrix_from_axis_angle(axis * np.arctan2(sine, cosine))


def angle_between(first: ArrayLike, second: ArrayLike) -> Array:
    """The angle (…) in radians of the rotation that leads from one matrix (…, 3, 3) to the other."""
    relative = np.swapaxes(_floats(first, 3, 3), -1, -2) @ _floats(second, 3, 3)
    return np.linalg.norm(axis_angle_from_matrix(relative), axis=-1)
