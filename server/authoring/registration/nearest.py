"""Nearest points between two surfaces, told apart by place, normal and body part.

A plain nearest point confuses the two lips, the inner sides of both legs and the ear with the neck. So points are looked up
in a space of place, normal and part, scaled so that a distance in it is still a length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

CANDIDATES = 6


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals (F, 3) and areas (F,)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    double = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(double, 1e-20)[:, None], double / 2


def even_samples(vertices: np.ndarray, faces: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """About `count` points spread by area, without chance: face of each (N,) and its barycentric coordinates (N, 3)."""
    _, area = face_normals(vertices, faces)
    total = np.cumsum(area) / area.sum()
    face = np.searchsorted(total, (np.arange(count) + 0.5) / count)
    # The R2 low-discrepancy sequence, folded into the triangle.
    at = (0.5 + np.arange(count)[:, None] * np.array([0.7548776662466927, 0.5698402909980532])) % 1.0
    at = np.where(at.sum(axis=1, keepdims=True) > 1, 1 - at, at)
    return face, np.column_stack([1 - at.sum(axis=1), at])


def closest_on_triangles(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Closest point (N, 3) on each triangle (N, 3, 3), and its barycentric coordinates (N, 3).

    The unconstrained foot is taken where it lies inside, else the best of the three edges.
    """
    a, ab, ac = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    ap = points - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    determinant = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / determinant, (d00 * d21 - d01 * d20) / determinant
    best = np.stack([1 - v - w, v, w], axis=1)
    outside = (best < 0).any(axis=1)
    distance = np.where(outside, np.inf, 0.0)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        edge = triangles[:, end] - triangles[:, start]
        t = np.clip(((points - triangles[:, start]) * edge).sum(1) / np.maximum((edge * edge).sum(1), 1e-30), 0, 1)
        foot = triangles[:, start] + t[:, None] * edge
        far = ((points - foot) ** 2).sum(1)
        nearer = outside & (far < distance)
        distance[nearer] = far[nearer]
        coordinates = np.zeros_like(best)
        coordinates[:, start], coordinates[:, end] = 1 - t, t
        best[nearer] = coordinates[nearer]
    return np.einsum("nk,nkd->nd", best, triangles), best


@dataclass(frozen=True)
class Match:
    """For N points their nearest places on a surface: points, normals (N, 3), faces (N,), barycentric (N, 3), parts (N, K)."""

    points: np.ndarray
    normals: np.ndarray
    face: np.ndarray
    barycentric: np.ndarray


@dataclass(frozen=True)
class Surface:
    """Triangles with soft body parts: vertices (V, 3), faces (F, 3), parts (V, K) in 0..1; usable (F,) faces to match."""

    vertices: np.ndarray
    faces: np.ndarray
    parts: np.ndarray
    usable: np.ndarray | None = None
    samples: int = 40_000

    @cached_property
    def normals(self) -> np.ndarray:
        """Face normals (F, 3)."""
        return face_normals(self.vertices, self.faces)[0]

    @cached_property
    def length(self) -> float:
        """The larger of the horizontal extent and height: a size for tolerances."""
        return float(np.ptp(self.vertices, axis=0).max())

    @cached_property
    def _chosen(self) -> np.ndarray:
        return np.arange(len(self.faces)) if self.usable is None else np.flatnonzero(self.usable)

    @cached_property
    def cloud(self) -> tuple[np.ndarray, np.ndarray]:
        """Faces (N,) and barycentric coordinates (N, 3) of even samples on the usable faces."""
        face, at = even_samples(self.vertices, self.faces[self._chosen], self.samples)
        return self._chosen[face], at

    def at(self, values: np.ndarray, face: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
        """Per-vertex values (V, D) at places on the surface (N, D)."""
        return np.einsum("nk,nkd->nd", barycentric, values[self.faces[face]])

    def features(
        self, face: np.ndarray, barycentric: np.ndarray, by_normal: float, by_part: float, smooth_normals: np.ndarray | None = None
    ) -> np.ndarray:
        """The look-up space (N, 6 + K); by_normal and by_part are lengths that a turned normal or another part costs."""
        normals = self.normals[face] if smooth_normals is None else self.at(smooth_normals, face, barycentric)
        place = self.at(self.vertices, face, barycentric)
        return np.concatenate([place, by_normal * normals, by_part * self.at(self.parts, face, barycentric)], axis=1)

    def tree(self, by_normal: float, by_part: float) -> cKDTree:
        """The look-up tree over the samples."""
        return cKDTree(self.features(*self.cloud, by_normal, by_part))

    def match(self, tree: cKDTree, query: np.ndarray, count: int = CANDIDATES) -> Match:
        """Nearest places to the query features (N, 6 + K); the exact nearest point on the triangles of `count` candidates."""
        _, index = tree.query(query, k=count)
        faces = self.cloud[0][index]
        points = query[:, :3]
        best = np.full(len(points), np.inf)
        face, barycentric = faces[:, 0].copy(), np.zeros((len(points), 3))
        for k in range(count):
            foot, at = closest_on_triangles(points, self.vertices[self.faces[faces[:, k]]])
            far = ((foot - points) ** 2).sum(1)
            nearer = far < best
            best[nearer], face[nearer], barycentric[nearer] = far[nearer], faces[nearer, k], at[nearer]
        return Match(self.at(self.vertices, face, barycentric), self.normals[face], face, barycentric)


def distances(points: np.ndarray, surface: Surface) -> np.ndarray:
    """Distance (N,) from each point (N, 3) to the surface, whatever its normal or part."""
    query = np.concatenate([points, np.zeros((len(points), 3 + surface.parts.shape[1]))], axis=1)
    return np.linalg.norm(surface.match(surface.tree(0.0, 0.0), query, 10).points - points, axis=1)
