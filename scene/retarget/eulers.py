"""Euler angles in Blender's six orders, over many frames. Numpy only; angles (…, 3) are about x, y, z in radians, whatever the order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle

Array = NDArray[np.float64]

_ORDERS = {"XYZ": (0, 1, 2), "XZY": (0, 2, 1), "YXZ": (1, 0, 2), "YZX": (1, 2, 0), "ZXY": (2, 0, 1), "ZYX": (2, 1, 0)}


def matrix_from_euler(angles: Array, order: str) -> Array:
    """Angles (…, 3) about x, y, z in radians → rotations (…, 3, 3), turned in `order`, as Blender does."""
    result = np.eye(3)
    for axis in _ORDERS[order]:
        vector = np.zeros_like(angles)
        vector[..., axis] = angles[..., axis]
        result = matrix_from_axis_angle(vector) @ result
    return result


def euler_from_matrix(turns: Array, order: str) -> Array:
    """Rotations (…, 3, 3) → angles (…, 3) about x, y, z in radians, the smaller of the two ways; the inverse of `matrix_from_euler`."""
    i, j, k = _ORDERS[order]
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    flat = np.hypot(turns[..., i, i], turns[..., j, i])
    result = np.zeros((*turns.shape[:-2], 3))
    second = np.arctan2(-sign * turns[..., k, i], flat)
    locked = flat < 1e-7
    first = np.where(locked, np.arctan2(-sign * turns[..., j, k], turns[..., j, j]), np.arctan2(sign * turns[..., k, j], turns[..., k, k]))
    third = np.where(locked, 0.0, np.arctan2(sign * turns[..., j, i], turns[..., i, i]))
    result[..., i], result[..., j], result[..., k] = first, second, third
    other = _other_way(result, order)
    smaller = np.abs(other).sum(axis=-1) < np.abs(result).sum(axis=-1)
    return np.where(smaller[..., None], other, result)


def continuous_euler(angles: Array, order: str) -> Array:
    """Angles (F, 3), or those that turn the same, so that no frame is far from the one before."""
    result = np.array(angles)
    other = _other_way(result, order)
    for frame in range(1, len(result)):
        best = None
        for way in (angles[frame], other[frame]):
            near = way + 2 * np.pi * np.rint((result[frame - 1] - way) / (2 * np.pi))
            far = float(np.abs(near - result[frame - 1]).sum())
            if best is None or far < best[0] - 1e-9:
                best = (far, near)
        assert best is not None
        result[frame] = best[1]
    return result


def _other_way(angles: Array, order: str) -> Array:
    i, j, k = _ORDERS[order]
    other = np.empty_like(angles)
    other[..., i], other[..., j], other[..., k] = angles[..., i] + np.pi, np.pi - angles[..., j], angles[..., k] + np.pi
    return (other + np.pi) % (2 * np.pi) - np.pi
