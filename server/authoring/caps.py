"""Redraw the end of a part: the surface beyond a ring (a foot, a nose, an ear) becomes any tube with a closed end.

The cap is laid flat on a disk by a Tutte map (Tutte 1963, "How to draw a graph": positive weights and a convex border give
a map without folds), its ring on the disk's rim. Radius and angle on the disk then say how far along the new tube and on
which side of it a vertex goes. Toes, nostrils and ear folds vanish, and no triangle turns over, whatever the cap was.
Before that the vertices are spread over the disk, equal areas of it standing for equal areas of the tube.

A tube is a grid (K, M, 3): K rings from the start to the closed end, M points around each, evenly spaced in angle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from .surface import adjacency, edges_of

PATCHING = 200  # rounds of mending a ragged border
RELAXING = 1200  # rounds of spreading the vertices on the disk
SPREADING = (40,) * 20  # the same where radii are spread too, in between
BLEND = 0.35  # share of the tube's length over which the old ring's outline fades into the tube's own


@dataclass(frozen=True, eq=False)
class Cap:
    """A disk of the surface: inner (n,) vertex indices, and ring (m,), those of its border in order.

    faces (F', 3) and edges (E, 2) count inner and ring vertices together, inner first.
    """

    inner: np.ndarray
    ring: np.ndarray
    faces: np.ndarray
    edges: np.ndarray


def disk_around(faces: np.ndarray, wanted: np.ndarray, seed: int) -> np.ndarray:
    """Mask (V,) of the wanted vertices connected to `seed`, holes filled and its border one simple ring."""
    reached = _component(adjacency(faces, len(wanted)), wanted, seed)
    mask = _filled(faces, reached)
    for _ in range(PATCHING):
        # A border vertex with two stretches of the cap beside it pinches the ring; it is taken in.
        border = np.bincount(_border_edges(faces, mask)[:, 0], minlength=len(mask))
        if not (border > 1).any():
            break
        mask = _filled(faces, mask | (border > 1))
    return mask


def _filled(faces: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mask (V,) and all that it cuts off from the largest patch of faces without a masked corner."""
    free = faces[~mask[faces].any(axis=1)]
    outside = np.zeros(len(mask), bool)
    outside[free] = True
    return ~_component(adjacency(free, len(mask)), outside, -1)


def _component(matrix: sparse.csr_matrix, mask: np.ndarray, seed: int) -> np.ndarray:
    """Mask (V,) of the connected part of `mask` that holds the seed, or of the largest one for -1."""
    inside = np.flatnonzero(mask)
    _, labels = connected_components(matrix[inside][:, inside], directed=False)
    chosen = np.bincount(labels).argmax() if seed < 0 else labels[np.searchsorted(inside, seed)]
    result = np.zeros(len(mask), bool)
    result[inside[labels == chosen]] = True
    return result


def _border_edges(faces: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Directed edges (n, 2) opposite the masked vertices: the border of all faces that touch the mask."""
    chosen = faces[mask[faces].any(axis=1)]
    directed = np.concatenate([chosen[:, [0, 1]], chosen[:, [1, 2]], chosen[:, [2, 0]]])
    backward = {(int(b), int(a)) for a, b in directed}
    return np.array([(a, b) for a, b in directed.tolist() if (a, b) not in backward]).reshape(-1, 2)


def cut_cap(faces: np.ndarray, wanted: np.ndarray, seed: int) -> Cap:
    """The cap around vertex `seed` within the wanted vertices (V,); kept, since all bases share one topology."""
    return _cut(faces.astype(np.int64).tobytes(), wanted.astype(bool).tobytes(), seed)


@lru_cache(maxsize=64)
def _cut(faces: bytes, wanted: bytes, seed: int) -> Cap:
    triangles = np.frombuffer(faces, np.int64).reshape(-1, 3)
    return _cap(triangles, disk_around(triangles, np.frombuffer(wanted, bool), seed))


def _cap(faces: np.ndarray, mask: np.ndarray) -> Cap:
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


@lru_cache(maxsize=64)
def _flat(cap: Cap, evenly: bool) -> np.ndarray:
    """The cap on the unit disk, (n + m) complex numbers, evenly spread, its deepest vertex near 0, the ring on the rim.

    Every inner vertex is the mean of its neighbours. A ring's vertex gets the share of the rim that a random walk from the
    deepest vertex ends at it (its harmonic measure), which puts that vertex near the middle; a Moebius map does the rest.
    """
    matrix, n = _adjacency(cap), len(cap.inner)
    system = (sparse.diags(np.asarray(matrix.sum(axis=1)).ravel()) - matrix).tocsr()[:n]
    factors = splu(system[:, :n].tocsc())
    pole = int(np.argmax(np.round(factors.solve(np.ones(n)), 6)))  # from there a walk to the ring takes longest
    measure = -(system[:, n:].T @ factors.solve((np.arange(n) == pole).astype(float), trans="T"))
    measure = 0.2 * measure / measure.sum() + 0.8 / len(measure)
    rim = np.exp(2j * np.pi * (np.cumsum(measure) - measure / 2))
    inner = factors.solve(-np.stack([system[:, n:] @ rim.real, system[:, n:] @ rim.imag], axis=1))
    inner = inner[:, 0] + 1j * inner[:, 1]
    z = np.concatenate([inner, rim])
    z = (z - inner[pole]) / (1 - np.conj(inner[pole]) * z)
    for rounds in (0, *SPREADING) if evenly else (0,):
        z = _relax(z, cap.faces, n, rounds)
        z[:n] *= _evenly(np.abs(z[:n])) / np.maximum(np.abs(z[:n]), 1e-300)
    return z if evenly else _relax(z, cap.faces, n, RELAXING)


def _turned(z: np.ndarray, points: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The flat cap (n + m) turned, and mirrored where need be, so that its rim fits the tube's first ring (M, 3).

    points (m, 3) are the ring's places in space.
    """
    centre = first.mean(axis=0)
    u, w = first[0] - centre, first[len(first) // 4] - centre
    u = u / np.linalg.norm(u)
    w = w - (w @ u) * u
    flat = (points - points.mean(axis=0)) @ np.stack([u, w / np.linalg.norm(w)], axis=1)
    seen = np.exp(1j * np.arctan2(flat[:, 1], flat[:, 0]))
    following = np.roll(flat, -1, axis=0)
    if (flat[:, 0] * following[:, 1] - flat[:, 1] * following[:, 0]).sum() < 0:
        z = np.conj(z)
    turn = (seen * np.conj(z[-len(points) :])).sum()
    return z * turn / abs(turn)


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


def _tied(grid: np.ndarray, points: np.ndarray, angles: np.ndarray, blend: float) -> np.ndarray:
    """The tube (K, M, 3) with its first ring bent to the border's own outline, fading out along `blend` of its length."""
    m = grid.shape[1]
    order = np.argsort(np.mod(angles, 2 * np.pi), kind="stable")
    at, known = np.mod(angles, 2 * np.pi)[order], points[order]
    around = np.arange(m) * 2 * np.pi / m
    outline = np.stack([np.interp(around, at, known[:, axis], period=2 * np.pi) for axis in range(3)], axis=1)
    middles = grid.mean(axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middles, axis=0), axis=1))])
    fade = np.clip(1 - along / (blend * max(along[-1], 1e-12)), 0.0, 1.0) ** 2
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
    # The logarithm, since each ring of a deep cap lies at a fraction of the radius of the one before.
    depth = np.round(np.log(np.maximum(radius, 1e-300)), 6)
    _, inverse, count = np.unique(depth, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * count)[inverse]
    return np.sqrt(rank / (len(radius) + 1.0))


def _relax(z: np.ndarray, faces: np.ndarray, free: int, rounds: int) -> np.ndarray:
    """Places (n + m, complex) on the disk, the first `free` moved toward the area-weighted middles of their triangles.

    Large triangles pull more, so that crowds spread.
    """
    rows = faces.T.ravel()
    for _ in range(rounds):
        a, b, c = z[faces.T]
        area = np.abs((np.conj(b - a) * (c - a)).imag) + 1e-12
        weight, middle = np.tile(area, 3), np.tile(area * (a + b + c) / 3, 3)
        mean = np.bincount(rows, middle.real, len(z)) + 1j * np.bincount(rows, middle.imag, len(z))
        mean /= np.bincount(rows, weight, len(z))
        z = z.copy()
        z[:free] += 0.7 * (mean - z)[:free]
    return z


def _snap(radius: np.ndarray, edges: np.ndarray, circle: float) -> np.ndarray:
    """Radii with one end of every edge that crosses a circle put on it, so that the circle runs along edges."""
    snapped = radius.copy()
    first, second = edges.T
    crossing = (radius[first] - circle) * (radius[second] - circle) < 0
    for a, b in edges[crossing][np.argsort(np.abs(radius[edges[crossing]] - circle).min(axis=1), kind="stable")]:
        if snapped[a] != circle and snapped[b] != circle:
            snapped[a if abs(radius[a] - circle) <= abs(radius[b] - circle) else b] = circle
    return snapped


def redraw(
    vertices: np.ndarray, cap: Cap, grid: np.ndarray, corners: tuple[int, ...] = (), blend: float = BLEND,
    evenly: bool = False,
) -> np.ndarray:  # fmt: skip
    """Displacement (V, 3) that carries the cap's inner vertices onto the tube grid (K, M, 3); zero elsewhere.

    corners are rings of the tube that edges of the mesh shall follow: where the sole meets the wall of a hoof.
    evenly spreads the vertices along a long tube too; else they crowd where the old shape had many.
    """
    points, free = vertices[cap.ring], len(cap.inner)
    z = _turned(_flat(cap, evenly), points, grid[0])
    grid = _tied(grid, points, np.angle(z[free:]), blend)
    radius, before = np.minimum(np.abs(z), 1.0), _row_shares(grid)
    for corner in corners:
        radius[:free] = _snap(radius, cap.edges, float(np.sqrt(1 - before[corner])))[:free]
    rows = np.interp(1 - radius[:free] ** 2, before, np.arange(len(grid)))
    places = vertices.copy()
    places[cap.inner] = _sample(grid, rows, np.angle(z[:free]))
    return _soften(places, cap) - vertices


def _soften(places: np.ndarray, cap: Cap, rounds: int = 4) -> np.ndarray:
    """Places (V, 3) with the inner vertices next to the seam drawn toward the mean of their neighbours."""
    matrix, order = _adjacency(cap), np.concatenate([cap.inner, cap.ring])
    beside = np.asarray(matrix[:, len(cap.inner) :].sum(axis=1)).ravel()[: len(cap.inner)] > 0
    moved = np.flatnonzero(beside)
    local = places[order]
    matrix = matrix[moved]
    degree = np.asarray(matrix.sum(axis=1))
    for _ in range(rounds):
        local[moved] += 0.4 * (matrix @ local / degree - local[moved])
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
