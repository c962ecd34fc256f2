"""Small meshes as numbers: what plants, rocks and fences are put together from.

A shape carries a colour for every vertex, so that hundreds of kinds of plants share one material, and for leaves a
direction that their light comes from: a blade in a lawn is lit like the lawn, a leaf of a crown like the crown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Shape:
    """vertices (V, 3), faces (F, 3), paint (V, 3) linear RGB, puff (V, 3) directions of light, material (F,) index."""

    vertices: Array
    faces: NDArray[np.int64]
    paint: Array
    puff: Array
    material: NDArray[np.int64]

    @classmethod
    def of(cls, vertices: Array, faces: ArrayLike, paint: ArrayLike, puff: ArrayLike = (0.0, 0.0, 0.0), material: int = 0) -> Shape:
        """One colour and direction for all, or one for each vertex."""
        count, faces = len(vertices), np.asarray(faces, np.int64).reshape(-1, 3)
        return cls(
            np.asarray(vertices, np.float64),
            faces,
            np.broadcast_to(paint, (count, 3)),
            np.broadcast_to(puff, (count, 3)),
            np.full(len(faces), material),
        )

    def moved(self, by: ArrayLike = (0.0, 0.0, 0.0), scale: ArrayLike = 1.0, turn: float = 0.0) -> Shape:
        """Scaled (1 or 3 numbers), turned about z (radians), then moved."""
        c, s = np.cos(turn), np.sin(turn)
        R = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        return replace(self, vertices=(self.vertices * np.asarray(scale)) @ R.T + np.asarray(by), puff=self.puff @ R.T)

    @property
    def height(self) -> float:
        """Metres from z = 0 to the top."""
        return float(self.vertices[:, 2].max())

    @property
    def width(self) -> float:
        """Metres across, at the widest."""
        return float(2 * np.linalg.norm(self.vertices[:, :2], axis=1).max())


def joined(shapes: Sequence[Shape]) -> Shape:
    """One shape of several."""
    starts = np.cumsum([0, *(len(s.vertices) for s in shapes[:-1])])
    return Shape(
        np.concatenate([s.vertices for s in shapes]),
        np.concatenate([s.faces + k for s, k in zip(shapes, starts, strict=True)]),
        np.concatenate([s.paint for s in shapes]),
        np.concatenate([s.puff for s in shapes]),
        np.concatenate([s.material for s in shapes]),
    )


def rgb(code: str) -> Array:
    """(3,) linear colour of "#rrggbb" as screens show it."""
    values = np.array([int(code[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def blades(
    rng: np.random.Generator,
    count: int,
    height: float,
    spread: float,
    width: float,
    root: Array,
    tip: Array,
    lean: float = 0.5,
    segments: int = 3,
    uneven: float = 0.45,
    lit: float = 0.75,
) -> Shape:
    """A tuft of `count` blades of grass on a disc of radius `spread`; sizes in metres, colours (3,) or (count, 3) at root and tip.

    lean: how far blades bow outward, of their height; uneven: how much their heights differ; lit: how much their light is
    the lawn's instead of their own.
    """
    radius = spread * np.sqrt(rng.uniform(0, 1, count))
    angle = rng.uniform(0, 2 * np.pi, count)
    base = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    tall = height * (1.0 - uneven * rng.uniform(0, 1, count) ** 1.3)
    # Outer blades bow outward, inner ones anywhere.
    out = angle + rng.normal(0, 0.9, count)
    bow = lean * rng.uniform(0.25, 1.0, count)
    facing = out + np.pi / 2 + rng.normal(0, 0.5, count)
    wide = width * rng.uniform(0.6, 1.2, count)
    t = np.linspace(0, 1, segments + 1)
    along = bow[:, None] * tall[:, None] * t**2
    rise = tall[:, None] * t * (1.0 - 0.35 * bow[:, None] * t)
    spine = np.stack([base[:, :1] + along * np.cos(out)[:, None], base[:, 1:] + along * np.sin(out)[:, None], rise], -1)
    side = np.stack([np.cos(facing), np.sin(facing), np.zeros(count)], -1)[:, None] * (0.5 * wide)[:, None, None]
    side = side * np.maximum(1.0 - t, 0.0)[None, :, None] ** 0.6
    left, right = (spine - side)[:, :-1], (spine + side)[:, :-1]
    vertices = np.concatenate([np.stack([left, right], 2).reshape(count, -1, 3), spine[:, -1:]], 1)
    faces = [f for k in range(segments - 1) for f in ((2 * k, 2 * k + 1, 2 * k + 3), (2 * k, 2 * k + 3, 2 * k + 2))]
    last = 2 * segments
    faces.append((last - 2, last - 1, last))
    shade = rng.uniform(0.75, 1.2, (count, 1, 1)) * np.where(rng.random((count, 1, 1)) < 0.08, 1.25, 1.0)
    level = np.concatenate([np.repeat(t[:-1], 2), t[-1:]])[None, :, None]
    root, tip = (np.broadcast_to(c, (count, 3))[:, None] for c in (root, tip))
    paint = (root * (1 - level) + tip * level) * shade * (0.4 + 0.6 * np.minimum(1.0, 1.6 * level))
    puff = lit * UP + (1 - lit) * np.stack([np.cos(out), np.sin(out), np.full(count, 0.3)], -1)[:, None]
    n = vertices.shape[1]
    corners = (np.array(faces)[None] + n * np.arange(count)[:, None, None]).reshape(-1, 3)
    return Shape.of(vertices.reshape(-1, 3), corners, paint.reshape(-1, 3), np.broadcast_to(puff, vertices.shape).reshape(-1, 3))


def leaves(
    rng: np.random.Generator,
    places: Array,
    size: float,
    colour: Array,
    puff: Array,
    droop: float = 0.0,
    slim: float = 0.5,
) -> Shape:
    """Folded diamonds at places (N, 3), each about `size` metres long; colour (3,) or (N, 3); puff (N, 3) their light."""
    count = len(places)
    along = rng.normal(size=(count, 3)) + np.array([0, 0, -droop])
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, rng.normal(size=(count, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    fold = np.cross(along, across)
    long = size * rng.uniform(0.7, 1.3, (count, 1))
    half = 0.5 * slim * long
    middle = places + 0.45 * long * along - 0.15 * half * fold
    vertices = np.stack(
        [places, middle - half * across + 0.3 * half * fold, places + long * along, middle + half * across + 0.3 * half * fold], 1
    )
    faces = (np.array([(0, 1, 2), (0, 2, 3)])[None] + 4 * np.arange(count)[:, None, None]).reshape(-1, 3)
    paint = np.broadcast_to(colour, (count, 3)) * rng.uniform(0.75, 1.25, (count, 1))
    return Shape.of(vertices.reshape(-1, 3), faces, np.repeat(paint, 4, 0), np.repeat(puff, 4, 0))


def tubes(paths: Array, radii: Array, paint: Array, sides: int = 6, material: int = 1) -> Shape:
    """Tapering tubes along paths (N, K, 3) with radii (N, K): trunks, branches, posts. paint (3,)."""
    count, knots, _ = paths.shape
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-12
    helper = np.where(np.abs(along[..., 2:]) < 0.9, UP, np.array([1.0, 0, 0]))
    one = np.cross(along, helper)
    one /= np.linalg.norm(one, axis=2, keepdims=True) + 1e-12
    two = np.cross(along, one)
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = np.cos(turn)[:, None] * one[:, :, None] + np.sin(turn)[:, None] * two[:, :, None]
    vertices = (paths[:, :, None] + radii[:, :, None, None] * ring).reshape(-1, 3)
    k, s = np.meshgrid(np.arange(knots - 1), np.arange(sides), indexing="ij")
    a, b = (k * sides + s).ravel(), (k * sides + (s + 1) % sides).ravel()
    quads = np.concatenate([np.column_stack([a, b + sides, b]), np.column_stack([a, a + sides, b + sides])])
    faces = (quads[None] + knots * sides * np.arange(count)[:, None, None]).reshape(-1, 3)
    return Shape.of(vertices, faces, paint, ring.reshape(-1, 3), material)


def box(size: ArrayLike, paint: Array, middle: ArrayLike = (0.0, 0.0, 0.0), material: int = 1) -> Shape:
    """A box of this size (3,) about a middle (3,), every side with corners of its own so that edges stay sharp."""
    corners = np.array(list(np.ndindex(2, 2, 2)), np.float64) - 0.5
    sides = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    vertices = corners[sides.ravel()] * np.asarray(size) + np.asarray(middle)
    faces = (np.array([(0, 1, 2), (0, 2, 3)])[None] + 4 * np.arange(6)[:, None, None]).reshape(-1, 3)
    return Shape.of(vertices, faces, paint, (0.0, 0.0, 0.0), material)
