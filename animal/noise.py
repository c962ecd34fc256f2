"""Noise in space that is the same on every machine: smooth value noise and a jittered cell (Worley) pattern.

Values come from an integer hash of lattice points, so no seed state is needed and a point's value never depends on the
others. After Perlin, "An Image Synthesizer" (1985), and Worley, "A Cellular Texture Basis Function" (1996).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _hash(cells: NDArray[np.int64], channel: int) -> Array:
    """(…,) numbers 0..1 for lattice points (…, 3)."""
    x, y, z = (cells[..., k].astype(np.uint32) for k in range(3))
    mixed = x * np.uint32(0x8DA6B343) ^ y * np.uint32(0xD8163841) ^ z * np.uint32(0xCB1AB31F)
    mixed ^= np.uint32((0x9E3779B9 * (channel + 1)) & 0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return ((mixed ^ (mixed >> np.uint32(16))) >> np.uint32(8)).astype(np.float64) / float(1 << 24)


def value_noise(points: Array, channel: int = 0, octaves: int = 2) -> Array:
    """(P,) smooth noise about 0, within -1..1, at points (P, 3); its features are about one unit wide."""
    total, size = np.zeros(len(points)), 0.0
    for octave in range(octaves):
        at = points * 2.0**octave + 17.0 * octave
        cell = np.floor(at).astype(np.int64)
        part = at - cell
        ease = part * part * (3.0 - 2.0 * part)
        sample = np.zeros(len(points))
        for corner in np.ndindex(2, 2, 2):
            share = np.prod(np.where(np.array(corner), ease, 1.0 - ease), axis=1)
            sample += share * _hash(cell + np.array(corner), channel)
        total += (2.0 * sample - 1.0) * 0.5**octave
        size += 0.5**octave
    return total / size


def cells(points: Array, channel: int = 0, jitter: float = 1.0) -> tuple[Array, Array, Array]:
    """For points (P, 3) among one seed per unit cell: distances (P,) to the nearest and next seed, a number 0..1 of the cell."""
    base = np.floor(points).astype(np.int64)
    offsets = np.array(list(np.ndindex(3, 3, 3))) - 1
    near = base[:, None] + offsets
    seeds = near + 0.5 + jitter * (np.stack([_hash(near, channel + k) for k in range(3)], axis=-1) - 0.5)
    distance = np.linalg.norm(seeds - points[:, None], axis=2)
    order = np.argsort(distance, axis=1, kind="stable")[:, :2]
    rows = np.arange(len(points))
    first, second = distance[rows, order[:, 0]], distance[rows, order[:, 1]]
    return first, second, _hash(near[rows, order[:, 0]], channel + 7)
