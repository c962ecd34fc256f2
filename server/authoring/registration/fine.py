"""The second step: every vertex drawn onto the source, as stiffly as the fit allows.

Each round pairs places both ways and solves one sparse least-squares problem for the symmetric surface: distances along
the source's normals and, lightly, in place; edges that keep their length and local turn (as-rigid-as-possible, Sorkine and
Alexa 2007); and a displacement that stays smooth (bi-Laplacian). The stiffness falls from round to round. What the mouth
hides is never paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..surface import adjacency, edges_of, laplacian, self_intersecting_faces, smooth
from .coarse import Coarse
from .nearest import Surface
from .sources import PARTS
from .template_parts import Base

ROUNDS = 14
STIFF = (3.0, 0.22)
SAMPLES = 9000
EYES_STIFFER = 4.0
POCKET_SOFTER = 0.5
MARK = 8.0  # how firmly eye and chin are held


@dataclass(frozen=True)
class Weights:
    """What the fit holds on to, relative to the distances."""

    rigid: float
    smooth: float
    place: float


def vertex_normals_of(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3), faces counted by area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    cross = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, faces[:, k], cross)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20)


def local_turns(rest: np.ndarray, now: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Best rotation (V, 3, 3) of each vertex's edges from rest to now."""
    a, b = edges.T
    before, after = rest[a] - rest[b], now[a] - now[b]
    share = 1.0 / np.maximum((before**2).sum(axis=1), 1e-12)
    outer = (share[:, None] * after)[:, :, None] * before[:, None, :]
    total = np.zeros((len(rest), 3, 3))
    np.add.at(total, a, outer)
    np.add.at(total, b, outer)
    u, _, vt = np.linalg.svd(total)
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    return u @ vt


def blocks(rows_of: sparse.spmatrix) -> sparse.csr_matrix:
    """The matrix for flattened (V, 3) values that acts on each axis alike."""
    return sparse.csr_matrix(sparse.kron(rows_of, sparse.identity(3)))


class Fitter:
    """One registration under way."""

    def __init__(self, base: Base, coarse: Coarse) -> None:
        self.base, self.target, self.marks = base, coarse.source, coarse.marks
        self.rest = coarse.vertices
        self.now = (self.rest + self.rest[base.mirror] * (1.0, -1.0, 1.0)) / 2
        self.size = base.length
        self.edges = edges_of(base.faces)
        # No source shows eyeballs and the mouth's pocket as the template has them: the ones keep their shape, the other gives way.
        eyes = np.zeros(len(self.rest), dtype=bool)
        for name in ("left_eye", "right_eye"):
            eyes[base.groups[name]] = True
        # Nor are the lips paired, which the two surfaces part at different places.
        self.unpaired = eyes | (smooth(base.hidden.astype(float), base.faces, 1) > 0.2)
        n = len(self.rest)
        lengths = np.linalg.norm(self.rest[self.edges[:, 0]] - self.rest[self.edges[:, 1]], axis=1)
        self.edge_share = np.sqrt(np.mean(lengths) / np.maximum(lengths, 0.1 * lengths.mean()))
        self.edge_share *= np.where(eyes[self.edges].all(axis=1), EYES_STIFFER, 1.0)
        self.edge_share *= np.where(base.hidden[self.edges].any(axis=1), POCKET_SOFTER, 1.0)
        rows = np.arange(len(self.edges))
        difference = sparse.csr_matrix(
            (np.concatenate([self.edge_share, -self.edge_share]), (np.tile(rows, 2), self.edges.T.ravel())),
            shape=(len(rows), n),
        )
        self.half = base.half
        self.difference = blocks(difference) @ self.half
        self.bending = blocks(laplacian(base.faces, n)) @ self.half
        self.rigid_gram = (self.difference.T @ self.difference).tocsc()
        self.smooth_gram = (self.bending.T @ self.bending).tocsc()
        face, at = self.target.cloud
        pick = np.linspace(0, len(face) - 1, SAMPLES).astype(int)
        self.spot_face, self.spot_at = face[pick], at[pick]
        self.spots = self.target.at(self.target.vertices, self.spot_face, self.spot_at)
        self.usable = np.asarray(~self.unpaired[base.faces].any(axis=1))

    def pairs(self, reach: float, cosine: float) -> list[tuple[sparse.csr_matrix, np.ndarray, np.ndarray, np.ndarray]]:
        """Both ways: matrix (N, V) giving the surface's places, goals (N, 3), normals (N, 3), weights (N,)."""
        base, target = self.base, self.target
        costs = (0.05 * self.size, 0.20 * self.size)
        current = Surface(self.now, base.faces, base.parts, self.usable, samples=24_000)
        normals = vertex_normals_of(self.now, base.faces)
        query = np.concatenate([self.now, costs[0] * normals, costs[1] * base.parts], axis=1)
        match = target.match(target.tree(*costs), query)
        far = np.linalg.norm(match.points - self.now, axis=1)
        good = ~self.unpaired & (far < reach) & ((normals * match.normals).sum(1) > cosine)
        there = np.flatnonzero(good)
        n = len(self.now)
        pick = sparse.csr_matrix((np.ones(len(there)), (np.arange(len(there)), there)), shape=(len(there), n))
        area = base.vertex_area[there] / base.vertex_area.mean()
        result = [(pick, match.points[there], match.normals[there], area)]
        query = target.features(self.spot_face, self.spot_at, *costs)
        back = current.match(current.tree(*costs), query)
        far = np.linalg.norm(back.points - self.spots, axis=1)
        spot_normals = target.normals[self.spot_face]
        good = (far < reach) & ((spot_normals * back.normals).sum(1) > cosine)
        rows = np.repeat(np.arange(good.sum()), 3)
        matrix = sparse.csr_matrix(
            (back.barycentric[good].ravel(), (rows, base.faces[back.face[good]].ravel())), shape=(int(good.sum()), n)
        )
        result.append((matrix, self.spots[good], spot_normals[good], np.full(int(good.sum()), 0.8 * n / SAMPLES)))
        return result

    def step(self, weights: Weights, reach: float, cosine: float) -> None:
        """Pair and solve once."""
        turns = local_turns(self.rest, self.now, self.edges)
        a, b = self.edges.T
        edge = self.rest[a] - self.rest[b]
        wanted = self.edge_share[:, None] * np.einsum("eij,ej->ei", (turns[a] + turns[b]) / 2, edge)
        left = weights.rigid**2 * self.rigid_gram + weights.smooth**2 * self.smooth_gram
        right = weights.rigid**2 * (self.difference.T @ wanted.ravel())
        # Smooth is what is added to the surface carried along by the local turns, not the surface itself.
        right = right + weights.smooth**2 * (self.bending.T @ self._turned_laplacian(turns).ravel())
        for matrix, goals, normals, share in self.pairs(reach, cosine):
            flat = blocks(matrix) @ self.half
            count = len(goals)
            rows = np.repeat(np.arange(count), 3)
            along = sparse.csr_matrix((normals.ravel(), (rows, np.arange(3 * count))), shape=(count, 3 * count)) @ flat
            heights = (normals * goals).sum(axis=1)
            left = left + along.T @ along.multiply(share[:, None])
            right = right + along.T @ (share * heights)
            spread = weights.place * np.repeat(share, 3)
            left = left + flat.T @ flat.multiply(spread[:, None])
            right = right + flat.T @ (spread * goals.ravel())
        for name, place in self.marks.items():
            group = self.base.groups[name]
            row = sparse.csr_matrix((np.full(len(group), 1 / len(group)), (np.zeros(len(group)), group)), shape=(1, len(self.now)))
            flat = blocks(row) @ self.half
            left = left + MARK * (flat.T @ flat)
            right = right + MARK * (flat.T @ place)
        solution = splu((left + 1e-9 * sparse.identity(left.shape[0])).tocsc()).solve(right)
        self.now = (self.half @ solution).reshape(-1, 3)

    def _turned_laplacian(self, turns: np.ndarray) -> np.ndarray:
        """The rest surface's Laplacian (V, 3), turned with each vertex."""
        plain = laplacian(self.base.faces, len(self.rest)) @ self.rest
        return np.einsum("vij,vj->vi", turns, plain)


def carried(rest: np.ndarray, moved: np.ndarray, region: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Displacements (V, 3) with those of a region (V,) read off the known places (V,) about it in space.

    Space, not surface: the two lips lie side by side but far apart along the skin, and must move alike.
    """
    from scipy.interpolate import RBFInterpolator

    result = moved.copy()
    field = RBFInterpolator(rest[known], moved[known], neighbors=60, kernel="linear", smoothing=1e-4, degree=1)
    result[region] = field(rest[region])
    return result


def unfold(base: Base, vertices: np.ndarray, rest: np.ndarray, rounds: int = 18) -> np.ndarray:
    """Vertices with the faces that cut each other drawn apart.

    Where faces cut, and in the mouth's pocket, the displacement from `rest` (V, 3) is replaced by that of the places
    about it, so that the surface goes back to rest's own shape there; the region widens while faces still cut.
    """
    around = adjacency(base.faces, len(vertices))
    moved, wide = vertices - rest, base.hidden.copy()
    first = moved
    for turn in range(rounds):
        bad = self_intersecting_faces(rest + moved, base.faces)
        if turn and not bad.any():
            break
        touched = np.zeros(len(vertices), dtype=bool)
        touched[base.faces[bad].ravel()] = True
        for _ in range(turn // 3):
            touched |= around @ touched > 0
        wide |= touched | touched[base.mirror]
        moved = carried(rest, first, wide, ~wide)
        moved = (moved + moved[base.mirror] * (1.0, -1.0, 1.0)) / 2
    return rest + moved


def fit_fine(base: Base, coarse: Coarse) -> np.ndarray:
    """Vertices (V, 3) of the template drawn onto the source."""
    if coarse.source.parts[:, PARTS.index("ears")].max() < 0.5:
        base = base.without_ears()
    fitter = Fitter(base, coarse)
    for turn in range(ROUNDS):
        part = turn / (ROUNDS - 1)
        stiff = STIFF[0] * (STIFF[1] / STIFF[0]) ** part
        reach = fitter.size * (0.08 * (1 - part) + 0.02)
        fitter.step(Weights(0.8 * stiff, stiff, 0.10 * (1 - part) + 0.02), reach, 0.35 + 0.2 * part)
        if turn in (ROUNDS // 2, ROUNDS - 3):
            fitter.now = unfold(base, fitter.now, coarse.vertices, 4)
    return unfold(base, fitter.now, coarse.vertices)
