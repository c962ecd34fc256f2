"""Which faces of a posed surface cut each other: vectorised, for thousands of poses of one topology.

Candidates come from k-d trees over face centres, one tree per size of face; a pair is then tested edge against face with
signed volumes (Guigue and Devillers 2003 give the predicates; here all six edges are tried at once). Faces that share an
edge cannot cut each other but by lying in one plane, which is not counted; faces that share one corner are tried with the
edges opposite to it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

_CLASSES = 4  # trees by the size of the face: few large faces must not widen the search of the many small ones


class FaceContacts:
    """The self-intersection test of one topology, faces (F, 3) over any vertices (V, 3)."""

    def __init__(self, faces: NDArray[np.integer]) -> None:
        self.faces = np.asarray(faces, dtype=np.int64)

    def mask(self, vertices: Array) -> NDArray[np.bool_]:
        """(F,) whether a face cuts another one."""
        found = np.zeros(len(self.faces), dtype=bool)
        found[self.pairs(vertices).ravel()] = True
        return found

    def share(self, vertices: Array) -> float:
        """The share of the faces, 0..1, that cut another one."""
        return float(self.mask(vertices).mean())

    def pairs(self, vertices: Array) -> NDArray[np.int64]:
        """(P, 2) the faces that cut each other, each pair once."""
        corners = np.asarray(vertices, dtype=np.float64)[self.faces]
        low, high = corners.min(axis=1), corners.max(axis=1)
        pairs = _near_pairs(corners)
        a, b = pairs.T
        pairs = pairs[((low[a] <= high[b]) & (low[b] <= high[a])).all(axis=1)]
        same = self.faces[pairs[:, 0]][:, :, None] == self.faces[pairs[:, 1]][:, None, :]
        shared = same.sum(axis=(1, 2))
        pairs, same, shared = pairs[shared < 2], same[shared < 2], shared[shared < 2]
        apart = shared == 0
        pairs, same = (np.concatenate([x[apart], x[~apart]]) for x in (pairs, same))
        cut = _edges_cut(corners[pairs[:, 0]], corners[pairs[:, 1]], same.any(axis=2))
        cut |= _edges_cut(corners[pairs[:, 1]], corners[pairs[:, 0]], same.any(axis=1))
        return pairs[cut]


def _near_pairs(corners: Array) -> NDArray[np.int64]:
    """(P, 2) pairs of faces whose bounding balls touch."""
    centre = (corners.max(axis=1) + corners.min(axis=1)) / 2
    radius = np.linalg.norm(corners - centre[:, None], axis=2).max(axis=1)
    order = np.argsort(radius, kind="stable")
    # Few large faces in the last classes: each class holds a third of what the one before held.
    share = np.cumsum(3.0 ** -np.arange(_CLASSES))
    groups = [g for g in np.split(order, (share[:-1] / share[-1] * len(order)).astype(int)) if len(g)]
    trees = [cKDTree(centre[g]) for g in groups]
    found = []
    for i, (first, tree) in enumerate(zip(groups, trees, strict=True)):
        own = tree.query_pairs(2 * radius[first].max(), output_type="ndarray")
        found.append(np.stack([first[own[:, 0]], first[own[:, 1]]], axis=1))
        for second, other in zip(groups[i + 1 :], trees[i + 1 :], strict=True):
            reach = radius[first].max() + radius[second].max()
            near = tree.sparse_distance_matrix(other, reach, output_type="ndarray")
            found.append(np.stack([first[near["i"]], second[near["j"]]], axis=1))
    pairs = np.concatenate(found)
    a, b = pairs.T
    return pairs[((centre[a] - centre[b]) ** 2).sum(axis=1) <= (radius[a] + radius[b]) ** 2]


def _edges_cut(edges: Array, faces: Array, shared: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(P,) whether an edge of triangles `edges` (P, 3, 3) passes through triangle `faces` (P, 3, 3).

    shared (P, 3): corners of `edges` that the face has too; edges that end there are left out.
    """
    origin = faces[:, 0]
    normal = np.cross(faces[:, 1] - origin, faces[:, 2] - origin)
    side = np.einsum("pkx,px->pk", edges - origin[:, None], normal)
    cut = np.zeros(len(edges), dtype=bool)
    for k in range(3):
        n = (k + 1) % 3
        some = np.flatnonzero((side[:, k] * side[:, n] < 0) & ~shared[:, k] & ~shared[:, n])
        p, q, t = edges[some, k], edges[some, n], faces[some]
        spokes = t - p[:, None]
        along = q - p
        volumes = [np.einsum("px,px->p", np.cross(spokes[:, i], spokes[:, (i + 1) % 3]), along) for i in range(3)]
        one_side = np.sign(volumes)
        cut[some[(one_side == one_side[0]).all(axis=0) & (one_side[0] != 0)]] = True
    return cut
