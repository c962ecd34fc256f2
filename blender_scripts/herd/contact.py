"""Whether bodies are in one another: the share of the smaller body's volume that also lies inside the other.

Where two closed surfaces' boxes overlap, upright lines are laid through the common box; along each the surfaces are entered and left,
which says for every small cell how often each surface winds round it. Cells inside both, times their size, are the common volume.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TOUCHING = 0.005
"""Share of the smaller body that may be common to two bodies that touch: what fur and skin give way."""
CELLS = 40  # along the longest side of the common box
FEWEST = 20  # along any side of it: a graze of two flanks is a thin box


def volume(vertices: ArrayLike, faces: ArrayLike) -> float:
    """The volume inside a closed surface, vertices (V, 3), faces (F, 3) wound outward; parts inside each other count twice."""
    corners = np.asarray(vertices, np.float64)[np.asarray(faces)]
    corners = corners - corners.mean(axis=(0, 1))
    return float(abs(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))) / 6.0)


def apart(vertices_a: ArrayLike, vertices_b: ArrayLike) -> bool:
    """Whether the boxes about two bodies, vertices (V, 3), have nothing in common: then nothing else needs to be asked."""
    a, b = np.asarray(vertices_a, np.float64), np.asarray(vertices_b, np.float64)
    return bool((a.max(axis=0) < b.min(axis=0)).any() or (b.max(axis=0) < a.min(axis=0)).any())


def overlap(
    vertices_a: ArrayLike, faces_a: ArrayLike, vertices_b: ArrayLike, faces_b: ArrayLike, cells: int = CELLS
) -> float:
    """Share 0..1 of the smaller body's volume that lies inside the other body.

    vertices (V, 3) in the same unit, faces (F, 3) of closed surfaces. cells: along the longest side of the common
    box. Raises ValueError for vertices that are not finite.
    """
    a, b = np.asarray(vertices_a, np.float64), np.asarray(vertices_b, np.float64)
    if a.shape != (len(a), 3) or b.shape != (len(b), 3) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError(f"not bodies: vertices must be finite and (V, 3), are {a.shape} and {b.shape}")
    if not len(a) or not len(b) or apart(a, b):
        return 0.0
    low, high = np.maximum(a.min(axis=0), b.min(axis=0)), np.minimum(a.max(axis=0), b.max(axis=0))
    extent = high - low
    if not extent.min() > 0:
        return 0.0
    count = np.clip(np.ceil(extent / extent.max() * cells), FEWEST, None).astype(np.int64)
    cell = extent / count
    inside = _inside(a, np.asarray(faces_a), low, cell, count)
    if inside.any():
        inside &= _inside(b, np.asarray(faces_b), low, cell, count)
    smaller = min(volume(a, faces_a), volume(b, faces_b))
    return float(min(1.0, inside.sum() * cell.prod() / max(smaller, 1e-300)))


def _inside(vertices: Array, faces: NDArray, low: Array, cell: Array, count: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(nx, ny, nz) which cells of sides `cell` (3,), from `low` (3,) on, have their middles inside the surface."""
    corners = (vertices[faces] - low) / cell - (0.5, 0.5, 0.0)  # the lines stand at whole numbers now
    first = np.ceil(corners[..., :2].min(axis=1)).astype(np.int64)
    last = np.floor(corners[..., :2].max(axis=1)).astype(np.int64)
    first, last = np.maximum(first, 0), np.minimum(last, count[:2] - 1)
    size = np.maximum(last - first + 1, 0)
    hit = np.flatnonzero((size > 0).all(axis=1) & (corners[..., 2].max(axis=1) > 0.0))
    change = np.zeros((count[0] * count[1], count[2] + 1), np.int32)
    if not len(hit):
        return np.zeros(tuple(count), bool)
    corners, first, size = corners[hit], first[hit], size[hit]
    pairs = size.prod(axis=1)
    face = np.repeat(np.arange(len(hit)), pairs)
    number = np.arange(len(face)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    column = first[face] + np.stack([number // size[face, 1], number % size[face, 1]], axis=1)
    a, b, c = (corners[face, k] for k in range(3))
    edges = [_side(p, q, column) for p, q in ((b, c), (c, a), (a, b))]
    area = edges[0] + edges[1] + edges[2]
    crossed = np.flatnonzero(((np.minimum.reduce(edges) > 0) | (np.maximum.reduce(edges) < 0)) & (np.abs(area) > 1e-9))
    height = sum(edge[crossed] * p[crossed, 2] for edge, p in zip(edges, (a, b, c), strict=True)) / area[crossed]
    # A face that looks up is left behind going up: below it is inside. Every cell whose middle is below is counted.
    until = np.clip(np.ceil(height - 0.5), 0, count[2]).astype(np.int64)
    rows = column[crossed, 0] * count[1] + column[crossed, 1]
    np.add.at(change, (rows, until), np.sign(area[crossed]).astype(np.int32))
    winding = np.cumsum(change[:, ::-1], axis=1)[:, ::-1][:, 1:]
    return (winding > 0).reshape(tuple(count))


def _side(p: Array, q: Array, column: NDArray[np.int64]) -> Array:
    """(n,) on which side of the edge p → q (n, 3), seen from above, each line stands: twice the area they span."""
    # Always from the lesser end, so that the two faces of an edge agree to the last bit.
    swap = (p[:, 0] > q[:, 0]) | ((p[:, 0] == q[:, 0]) & (p[:, 1] > q[:, 1]))
    start, end = np.where(swap[:, None], q, p), np.where(swap[:, None], p, q)
    area = (end[:, 0] - start[:, 0]) * (column[:, 1] - start[:, 1]) - (end[:, 1] - start[:, 1]) * (column[:, 0] - start[:, 0])
    area = np.where(area == 0.0, 1e-12, area)  # a line through the edge is on one side of it, the same for both faces
    return np.where(swap, -area, area)
