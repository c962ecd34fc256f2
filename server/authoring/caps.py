"""Redraw the end of a part: the surface beyond a ring (a foot, a nose, an ear) becomes any tube with a closed end.

The cap is laid flat on a disk by a Tutte map (Tutte 1963, "How to draw a graph": positive weights and a convex border give
a map without folds), its ring on the disk's rim. Radius and angle on the disk then say how far along the new tube and on
which side of it a vertex goes. Toes, nostrils and ear folds vanish, and no triangle turns over, whatever the cap was.
Before that the vertices are spread over the disk, equal areas of it standing for equal areas of the tube.

A tube is a grid (K, M, 3): K rings from the start to the closed end, M points around each, evenly spaced in angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from .surface import adjacency, edges_of

RELAXING = 150  # rounds of spreading the vertices on the disk
SEAM = 0.2  # share of the rings whose vertices are smoothed to hide the seam
BLEND = 0.35  # share of the tube's length over which the old ring's outline fades into the tube's own


@dataclass(frozen=True)
class Cap:
    """A disk of the surface: inner (n,) vertex indices, and ring (m,), those of its border in order.

    faces (F', 3) and edges (E, 2) count inner and ring vertices together, inner first.
    """

    inner: np.ndarray
    ring: np.ndarray
    faces: np.ndarray
    edges: np.ndarray


def disk_around(faces: np.ndarray, wanted: np.ndarray, seed: int) -> np.ndarray:
    """Mask (V,) of the wanted vertices connected to `seed`, its holes filled, without ears that would pinch its border."""
    matrix = adjacency(faces, len(wanted))
    mask = wanted & _component(matrix, wanted, seed)
    outside = _component(matrix, ~mask, int(np.flatnonzero(~mask)[0]), largest=True)
    mask = ~outside
    for _ in range(20):
        # A border vertex with two stretches of the cap beside it pinches the ring; one without a free face is inside.
        border = np.bincount(_border_edges(faces, mask)[:, 0], minlength=len(mask))
        touched = np.unique(faces[mask[faces].any(axis=1)])
        spoiled = touched[~mask[touched] & (border[touched] != 1)]
        if len(spoiled) == 0:
            break
        mask[spoiled] = True
        mask = ~_component(matrix, ~mask, int(np.flatnonzero(~mask)[0]), largest=True)
    return mask


def _component(matrix: sparse.csr_matrix, mask: np.ndarray, seed: int, largest: bool = False) -> np.ndarray:
    """Mask of the connected part of `mask` that holds the seed, or the largest one."""
    inside = np.flatnonzero(mask)
    _, labels = connected_components(matrix[inside][:, inside], directed=False)
    chosen = np.bincount(labels).argmax() if largest else labels[np.searchsorted(inside, seed)]
    result = np.zeros(len(mask), bool)
    result[inside[labels == chosen]] = True
    return result


def _border_edges(faces: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Directed edges (n, 2) opposite the masked vertices: the border of all faces that touch the mask."""
    chosen = faces[mask[faces].any(axis=1)]
    directed = np.concatenate([chosen[:, [0, 1]], chosen[:, [1, 2]], chosen[:, [2, 0]]])
    backward = {(int(b), int(a)) for a, b in directed}
    return np.array([(a, b) for a, b in directed.tolist() if (a, b) not in backward]).reshape(-1, 2)


def cut_cap(faces: np.ndarray, mask: np.ndarray) -> Cap:
    """The cap whose inner vertices are the mask (V,), a disk. ValueError when its border is not one ring."""
    border = _border_edges(faces, mask)
    follow = dict(border.tolist())
    start = int(border[:, 0].min())
    ring = [start]
    while follow[ring[-1]] != start and len(ring) <= len(border):
        ring.append(follow[ring[-1]])
    if len(ring) != len(border):
        raise ValueError(f"the cap's border is not one ring: {len(ring)} of {len(border)} edges close it")
    inner = np.flatnonzero(mask)
    number = np.full(len(mask), -1)
    number[inner], number[ring] = np.arange(len(inner)), len(inner) + np.arange(len(ring))
    chosen = number[faces[mask[faces].any(axis=1)]]
    return Cap(inner, np.array(ring), chosen, edges_of(chosen))


def _adjacency(cap: Cap) -> sparse.csr_matrix:
    """0/1 matrix of the cap's edges."""
    rows, columns = np.concatenate([cap.edges, cap.edges[:, ::-1]]).T
    size = len(cap.inner) + len(cap.ring)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(size, size))


def _tutte(cap: Cap, rim: np.ndarray) -> np.ndarray:
    """Places (n, 2) of the inner vertices: each the mean of its neighbours, the ring at rim (m, 2)."""
    matrix, n = _adjacency(cap), len(cap.inner)
    inner = (sparse.diags(np.asarray(matrix.sum(axis=1)).ravel()) - matrix).tocsr()[:n]
    return splu(inner[:, :n].tocsc()).solve(-inner[:, n:] @ rim)


def ring_angles(points: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Angles (m,) around a tube's first ring (M, 3) for the border's points (m, 3): evenly by length, turned to fit."""
    centre = first.mean(axis=0)
    u, w = first[0] - centre, first[len(first) // 4] - centre
    u = u / np.linalg.norm(u)
    w = w - (w @ u) * u
    flat = (points - points.mean(axis=0)) @ np.stack([u, w / np.linalg.norm(w)], axis=1)
    seen = np.arctan2(flat[:, 1], flat[:, 0])
    length = np.linalg.norm(np.roll(points, -1, axis=0) - points, axis=1)
    even = 2 * np.pi * (np.cumsum(length) - length) / length.sum()
    following = np.roll(flat, -1, axis=0)
    if (flat[:, 0] * following[:, 1] - flat[:, 1] * following[:, 0]).sum() < 0:
        even = -even
    return even + np.angle(np.exp(1j * (seen - even)).sum())


def _sample(grid: np.ndarray, row: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Points (n, 3) of a tube at fractional rows and angles, bilinear."""
    k, m = grid.shape[:2]
    low = np.clip(np.floor(row).astype(int), 0, k - 2)
    up = (row - low)[:, None]
    turn = np.mod(angle / (2 * np.pi) * m, m)
    left = np.floor(turn).astype(int) % m
    right, across = (left + 1) % m, (turn - np.floor(turn))[:, None]
    first = (1 - across) * grid[low, left] + across * grid[low, right]
    return (1 - up) * first + up * ((1 - across) * grid[low + 1, left] + across * grid[low + 1, right])


def _tied(grid: np.ndarray, points: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The tube (K, M, 3) with its first ring bent to the border's own outline, fading out along `BLEND` of its length."""
    k, m = grid.shape[:2]
    order = np.argsort(np.mod(angles, 2 * np.pi), kind="stable")
    at, known = np.mod(angles, 2 * np.pi)[order], points[order]
    around = np.arange(m) * 2 * np.pi / m
    outline = np.stack([np.interp(around, at, known[:, axis], period=2 * np.pi) for axis in range(3)], axis=1)
    middles = grid.mean(axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middles, axis=0), axis=1))])
    fade = np.clip(1 - along / (BLEND * max(along[-1], 1e-12)), 0.0, 1.0) ** 2
    fade[0] = 1.0
    return grid + fade[:, None, None] * (outline - grid[0])


def _row_shares(grid: np.ndarray) -> np.ndarray:
    """Share (K,) of the tube's area that lies before each ring, 0 … 1."""
    sides = np.linalg.norm(np.roll(grid, -1, axis=1) - grid, axis=2).sum(axis=1)
    steps = np.linalg.norm(np.diff(grid, axis=0), axis=2).mean(axis=1)
    area = np.concatenate([[0.0], np.cumsum(steps * (sides[1:] + sides[:-1]) / 2)])
    return area / area[-1]


def _evenly(radius: np.ndarray) -> np.ndarray:
    """New radii (n,) in the order of the old, spread so that equal areas of the disk hold equally many."""
    # Equal radii (mirror images) share a rank; a vertex stands for the middle of its own piece of area.
    _, inverse, count = np.unique(np.round(radius, 9), return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * count)[inverse]
    return np.sqrt(rank / (len(radius) + 1.0))


def _relax(flat: np.ndarray, faces: np.ndarray, free: int) -> np.ndarray:
    """Places (n + m, 2) on the disk, the first `free` moved toward the area-weighted middles of their triangles.

    Large triangles pull more, so that crowds spread; a triangle is never left with less than no area.
    """
    total = len(flat)
    rows = np.concatenate([faces[:, k] for k in range(3)])
    for _ in range(RELAXING):
        a, b, c = (flat[faces[:, k]] for k in range(3))
        area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) + 1e-12
        weight = np.tile(area, 3)
        middle = np.tile((a + b + c) / 3, (3, 1)) * weight[:, None]
        mean = np.stack([np.bincount(rows, middle[:, axis], total) for axis in range(2)], axis=1)
        mean /= np.bincount(rows, weight, total)[:, None]
        flat = flat.copy()
        flat[:free] += 0.7 * (mean - flat)[:free]
    return flat


def _snap(radius: np.ndarray, edges: np.ndarray, circle: float) -> np.ndarray:
    """Radii with one end of every edge that crosses a circle put on it, so that the circle runs along edges."""
    snapped = radius.copy()
    first, second = edges.T
    crossing = (radius[first] - circle) * (radius[second] - circle) < 0
    for a, b in edges[crossing][np.argsort(np.abs(radius[edges[crossing]] - circle).min(axis=1), kind="stable")]:
        if snapped[a] != circle and snapped[b] != circle:
            snapped[a if abs(radius[a] - circle) <= abs(radius[b] - circle) else b] = circle
    return snapped


def redraw(vertices: np.ndarray, cap: Cap, grid: np.ndarray, corners: tuple[int, ...] = ()) -> np.ndarray:
    """Displacement (V, 3) that carries the cap's inner vertices onto the tube grid (K, M, 3); zero elsewhere.

    corners are rings of the tube that edges of the mesh shall follow: where the sole meets the wall of a hoof.
    """
    points, free = vertices[cap.ring], len(cap.inner)
    angles = ring_angles(points, grid[0])
    rim = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    grid = _tied(grid, points, angles)
    flat = _tutte(cap, rim)
    radius = np.linalg.norm(flat, axis=1)
    flat *= (_evenly(radius) / np.maximum(radius, 1e-12))[:, None]
    flat = _relax(np.concatenate([flat, rim]), cap.faces, free)
    radius, before = np.minimum(np.linalg.norm(flat, axis=1), 1.0), _row_shares(grid)
    for corner in corners:
        radius[:free] = _snap(radius, cap.edges, float(np.sqrt(1 - before[corner])))[:free]
    rows = np.interp(1 - radius[:free] ** 2, before, np.arange(len(grid)))
    places = vertices.copy()
    places[cap.inner] = _sample(grid, rows, np.arctan2(flat[:free, 1], flat[:free, 0]))
    return _soften(places, cap, rows < SEAM * (len(grid) - 1)) - vertices


def _soften(places: np.ndarray, cap: Cap, near: np.ndarray, rounds: int = 5) -> np.ndarray:
    """Places (V, 3) with the inner vertices `near` (n,) the seam drawn toward the mean of their neighbours."""
    matrix, order = _adjacency(cap), np.concatenate([cap.inner, cap.ring])
    moved = np.flatnonzero(near)
    local = places[order]
    matrix = matrix[moved]
    degree = np.asarray(matrix.sum(axis=1))
    for _ in range(rounds):
        local[moved] += 0.5 * (matrix @ local / degree - local[moved])
    places = places.copy()
    places[order] = local
    return places


def tube(
    centres: np.ndarray, across: np.ndarray, other: np.ndarray, radii: np.ndarray, around: int = 48, power: float = 2.0
) -> np.ndarray:
    """A grid (K, M, 3) of rings at centres (K, 3) with half-axes radii (K, 2) along unit vectors across, other (K, 3).

    power 2 gives ellipses, more gives rounded rectangles.
    """
    angle = np.arange(around) * 2 * np.pi / around
    c, s = np.cos(angle), np.sin(angle)
    swell = (np.abs(c) ** power + np.abs(s) ** power) ** (-1 / power)
    first = radii[:, 0, None, None] * across[:, None] * (swell * c)[None, :, None]
    second = radii[:, 1, None, None] * other[:, None] * (swell * s)[None, :, None]
    return centres[:, None] + first + second
