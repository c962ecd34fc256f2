"""How much of one body lies inside another: winding numbers along columns through both.

Rays straight up through a grid meet the surfaces' faces; what was entered more often than left is inside. Counting signs,
not crossings, a body that folds into itself somewhere still has an inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .fields import Array

CELLS = 64
"""Cells along the longest side of the space that two bodies share."""
_TOLD_APART = 1e-9


def volume(vertices: Array, faces: NDArray[np.integer]) -> float:
    """The volume within a closed surface: vertices (V, 3), faces (F, 3) counter-clockwise from outside."""
    a, b, c = (vertices[faces[:, k]] - vertices.mean(axis=0) for k in range(3))
    return float(np.einsum("fa,fa->", a, np.cross(b, c)) / 6.0)


def shared_volume(
    first: tuple[Array, NDArray[np.integer]], second: tuple[Array, NDArray[np.integer]], cells: int = CELLS
) -> float:
    """The volume inside both of two closed surfaces, each vertices (V, 3) and faces (F, 3)."""
    low = np.maximum(first[0].min(axis=0), second[0].min(axis=0))
    high = np.minimum(first[0].max(axis=0), second[0].max(axis=0))
    if (high - low <= _TOLD_APART).any():
        return 0.0
    step = float((high - low).max()) / cells
    counts = np.maximum(np.ceil((high - low) / step), 1).astype(np.int64)
    steps = (high - low) / counts
    both = inside(*first, low, steps, counts) & inside(*second, low, steps, counts)
    return float(both.sum() * steps.prod())


def inside(vertices: Array, faces: NDArray[np.integer], low: Array, steps: Array, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(nx, ny, nz) whether the middles of cells lie inside a closed surface; cell i, j, k begins at low + steps * (i, j, k)."""
    nx, ny, nz = (int(n) for n in counts)
    corners = (vertices[faces] - low) / steps - 0.5  # middles of cells lie at whole numbers
    flat = corners[..., :2]
    first = np.maximum(np.ceil(flat.min(axis=1) - 1e-12), 0).astype(np.int64)
    last = np.minimum(np.floor(flat.max(axis=1) + 1e-12), [nx - 1, ny - 1]).astype(np.int64)
    near = (last >= first).all(axis=1)
    corners, first, last = corners[near], first[near], last[near]
    size = last - first + 1
    number = size.prod(axis=1)
    which = np.repeat(np.arange(len(corners)), number)
    place = np.arange(len(which)) - np.repeat(np.cumsum(number) - number, number)
    column = first[which] + np.stack([place // size[which, 1], place % size[which, 1]], axis=1)
    sign, height = _crossings(corners[which], column.astype(np.float64))
    hit = sign != 0
    level = np.clip(np.ceil(height[hit]), 0, nz).astype(np.int64)  # the first middle above where the ray crosses
    winding = np.zeros((nx, ny, nz + 1), np.int64)
    np.add.at(winding, (column[hit, 0], column[hit, 1], level), -sign[hit])
    return np.cumsum(winding, axis=2)[..., :nz] > 0


def _crossings(corners: Array, column: Array) -> tuple[NDArray[np.int64], Array]:
    """How rays along z at column (n, 2) cross triangles (n, 3, 3): 1 leaving, -1 entering, 0 missed; and at which z (n,).

    A ray on an edge belongs to one of its two faces: each edge is judged from its lower end, whichever face asks.
    """
    sides, weights = [], []
    for k in range(3):
        p, q = corners[:, (k + 1) % 3, :2], corners[:, (k + 2) % 3, :2]
        swap = (p[:, 0] > q[:, 0]) | ((p[:, 0] == q[:, 0]) & (p[:, 1] > q[:, 1]))
        a, b = np.where(swap[:, None], q, p), np.where(swap[:, None], p, q)
        value = (b[:, 0] - a[:, 0]) * (column[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (column[:, 0] - a[:, 0])
        sides.append((value >= 0) ^ swap)
        weights.append(np.where(swap, -value, value))
    sign = np.where(sides[0] & sides[1] & sides[2], 1, 0) - np.where(~(sides[0] | sides[1] | sides[2]), 1, 0)
    share = np.stack(weights, axis=1)
    total = share.sum(axis=1)
    sign = np.where(np.abs(total) > 1e-15, sign, 0)
    height = (share * corners[..., 2]).sum(axis=1) / np.where(np.abs(total) > 1e-15, total, 1.0)
    return sign.astype(np.int64), height
