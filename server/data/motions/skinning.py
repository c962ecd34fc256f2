"""Virtual markers on a skinned mesh: points that are weighted means of vertices, followed through a clip without the mesh.

A joint is the mean of chosen vertices (equation 1 of "Animal lifting in space and time"). Vertices move linearly with their
bones' matrices, so their mean does too: it is enough to know how much of which place each bone carries into each joint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoundMesh:
    """A mesh bound to bones, at rest, in the axes x forward, y left, z up, in metres.

    vertices (V, 3); weights (V, B), rows sum to 1 or to 0; names and parents (B,), -1 at roots; heads (B, 3) where bones turn.
    """

    vertices: Array
    weights: Array
    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads: Array

    @property
    def size(self) -> float:
        """The longest side of its box."""
        return float(np.ptp(self.vertices, axis=0).max()) if len(self.vertices) else 1.0

    def blends(self, rows: Array, heads: Array) -> Array:
        """(K, B, 4): what every bone's matrix carries into each of K points.

        rows (K, V) are the points' weights over vertices, heads (K, B) their weights over the bones' heads; a point is the
        sum of both.
        """
        bones = len(self.names)
        at = np.concatenate([self.vertices, np.ones((len(self.vertices), 1))], axis=1)
        blend = np.zeros((len(rows), bones, 4))
        for k, row in enumerate(rows):
            used = np.flatnonzero(row)
            blend[k] = (self.weights[used] * row[used, None]).T @ at[used]
        turning = np.concatenate([self.heads, np.ones((bones, 1))], axis=1)
        return blend + heads[..., None] * turning


def follow(blends: Array, matrices: Array) -> Array:
    """Points (F, K, 3) of blends (K, B, 4) through bones' motions from rest (F, B, 3, 4)."""
    frames, bones = matrices.shape[:2]
    moved = matrices.transpose(0, 2, 1, 3).reshape(frames * 3, bones * 4) @ blends.reshape(len(blends), -1).T
    return moved.reshape(frames, 3, len(blends)).transpose(0, 2, 1)
