"""Rocks with real silhouettes, and things people put up: fence posts and rails, crates, pots.

A rock is a ball that some planes cut off and noise wears down. Metres; the foot is at the origin.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...animal.noise import value_noise
from .shapes import Shape, box, joined, rgb, tubes

Array = NDArray[np.float64]


@lru_cache(maxsize=4)
def _ball(times: int) -> tuple[Array, NDArray[np.int64]]:
    """Vertices (V, 3) on the unit sphere and faces (F, 3): an octahedron split `times` times."""
    vertices = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)], np.float64)
    faces = np.array([(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)])
    for _ in range(times):
        edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        unique, inverse = np.unique(edges, axis=0, return_inverse=True)
        middles = vertices[unique].sum(1)
        new = len(vertices) + inverse.reshape(-1, 3)
        vertices = np.concatenate([vertices, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
        a, b, c = faces.T
        ab, bc, ca = new.T
        faces = np.concatenate([np.column_stack(f) for f in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return vertices, faces


def rock(rng: np.random.Generator, colour: Array, fine: int = 1, sharp: float = 0.6) -> Shape:
    """A rock about 1 m across, sunk a little into the ground. sharp 0..1: worn pebble to fresh break."""
    vertices, faces = _ball(4 if fine == 1 else 5)
    stretch = np.array([1.0, rng.uniform(0.65, 0.95), rng.uniform(0.5, 0.9)])
    for _ in range(int(5 + 9 * sharp)):
        normal = rng.normal(size=3)
        normal /= np.linalg.norm(normal)
        beyond = np.maximum(vertices @ normal - rng.uniform(0.55, 0.9), 0.0)
        vertices = vertices - (0.92 * beyond)[:, None] * normal
    offset = rng.uniform(0, 50, 3)
    out = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    coarse = value_noise(vertices * 1.6 + offset, 0, 2)
    crack = np.abs(value_noise(vertices * 3.1 + offset, 1, 3))
    small = value_noise(vertices * 9.0 + offset, 2, 2)
    vertices = vertices + out * (0.16 * coarse - 0.07 * np.exp(-9 * crack) + 0.025 * small)[:, None]
    vertices = vertices * stretch * 0.55
    vertices[:, 2] += 0.3 * stretch[2] * 0.55
    tone = 1.0 + 0.25 * coarse + 0.2 * small - 0.35 * np.exp(-7 * crack)
    # Lichen and moss on top, wet and dark at the foot.
    moss = np.clip(out[:, 2] * 1.2 - 0.55 + 0.8 * coarse, 0, 1)[:, None] * rng.uniform(0.0, 0.6)
    paint = colour * tone[:, None] * np.clip(0.5 + 2.2 * vertices[:, 2:], 0.5, 1.0)
    paint = paint * (1 - moss) + rgb("#6f7348") * moss
    return Shape.of(vertices, faces, np.clip(paint, 0.01, 0.95), out, 2)


def fence(rng: np.random.Generator, rails: int = 2, weathered: float = 0.7) -> Shape:
    """Two metres of a wooden fence along x, its post at the origin; pieces stand in a row."""
    wood = rgb("#7d6a52") * (1 - weathered) + rgb("#8f8a80") * weathered
    heights = np.linspace(0.42, 1.0, rails)
    lean = rng.normal(0, 0.025, 2)
    post = np.array([[[0, 0, -0.3], [0.35 * lean[0], 0.35 * lean[1], 0.35], [*lean, 1.22 + rng.normal(0, 0.03)], [*lean * 1.02, 1.225]]])
    parts = [tubes(post, np.array([[0.062, 0.06, 0.057, 0.001]]) * rng.uniform(0.9, 1.15), wood * rng.uniform(0.8, 1.05), 8)]
    for z in heights:
        sag = rng.normal(0, 0.02)
        path = np.array([[[-0.08, 0.05, z + rng.normal(0, 0.02)], [1.0, 0.055, z + sag], [2.12, 0.05, z + rng.normal(0, 0.02)]]])
        parts.append(tubes(path, np.full((1, 3), 0.042), wood * rng.uniform(0.85, 1.15), 7))
    return joined(parts)


def post(rng: np.random.Generator) -> Shape:
    """A single rough post, about 1.3 m tall."""
    lean = rng.normal(0, 0.04, 2)
    path = np.array([[[0, 0, -0.3], [*0.4 * lean, 0.5], [*lean, 1.3], [*lean, 1.31]]])
    return tubes(path, np.array([[0.085, 0.08, 0.075, 0.002]]), rgb("#7a6c59") * rng.uniform(0.75, 1.1), 10)


def stump(rng: np.random.Generator) -> Shape:
    """What is left of a felled tree, about half a metre tall."""
    z = np.array([-0.1, 0.08, 0.3, 0.5, 0.503])
    path = np.column_stack([rng.normal(0, 0.01, (5, 2)), z])[None]
    shape = tubes(path, np.array([[0.36, 0.27, 0.22, 0.215, 0.001]]), rgb("#5d4b3a"), 14)
    top = shape.vertices[:, 2] > 0.501
    paint = np.where(top[:, None], rgb("#b08d62"), shape.paint)
    return Shape.of(shape.vertices, shape.faces, paint, shape.puff, 1)


def crate(rng: np.random.Generator) -> Shape:
    """A wooden crate, about 0.5 m, boards with gaps between."""
    wood = rgb("#a5804f") * rng.uniform(0.7, 1.1)
    parts = [box((0.46, 0.46, 0.4), wood * 0.35, (0, 0, 0.22))]
    for k in range(4):
        z = 0.06 + 0.11 * k
        for side in (-1, 1):
            parts.append(box((0.5, 0.02, 0.095), wood * rng.uniform(0.8, 1.1), (0, 0.245 * side, z)))
            parts.append(box((0.02, 0.5, 0.095), wood * rng.uniform(0.8, 1.1), (0.245 * side, 0, z)))
    parts += [box((0.09, 0.5, 0.02), wood * rng.uniform(0.8, 1.1), (-0.2 + 0.1 * k, 0, 0.45)) for k in range(5)]
    return joined(parts)


def pot(rng: np.random.Generator, plant: Shape) -> Shape:
    """A clay pot, about 0.35 m, with a plant (metres, foot at the origin) in it."""
    z = np.array([0.0, 0.001, 0.3, 0.3, 0.36, 0.36, 0.31, 0.31])
    r = np.array([0.001, 0.13, 0.185, 0.205, 0.21, 0.185, 0.18, 0.001])
    clay = tubes(np.column_stack([np.zeros((8, 2)), z])[None], r[None], rgb("#a65f3d") * rng.uniform(0.75, 1.1), 20)
    return joined([clay, plant.moved((0, 0, 0.3), 0.8)])
