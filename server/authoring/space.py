"""The shape space: a mean animal and 145 directions, learned from many animals, that keep the authored ones exact.

Weighted principal components: random individuals weigh little, the shapes that must be reproduced (the species and the
registered animals) weigh as much as it takes for each to come back with a root-mean-square error below `EXACT` of the
trunk's length; what room is left goes to how individuals vary. Within the space so found the directions are the principal
axes of all animals about the mean one, each one standard deviation long, so betas are of the order of 1.

Everything is computed on one half of the body and mirrored: directions are symmetric to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import nnls

from .skeleton import JOINT_NAMES, joint_mirror

FLIP = np.array([1.0, -1.0, 1.0])
EXACT = 0.00005  # of the trunk's length
FIRST_WEIGHT, ROUNDS = 30.0, 10


@dataclass(frozen=True)
class Half:
    """One side of a symmetric surface: which vertices, which of them lie on the midline, and the mirror (V,)."""

    mirror: np.ndarray
    chosen: np.ndarray
    midline: np.ndarray

    @classmethod
    def of(cls, mirror: np.ndarray) -> Half:
        """The half that has the smaller index of each pair."""
        chosen = np.flatnonzero(mirror >= np.arange(len(mirror)))
        return cls(mirror, chosen, mirror[chosen] == chosen)

    def flat(self, vertices: np.ndarray) -> np.ndarray:
        """Surfaces (N, V, 3) as rows (N, D) whose squared distance is that of the whole surfaces."""
        rows = np.array(vertices[:, self.chosen], np.float64)
        rows[:, self.midline, 1] = 0.0
        rows[:, ~self.midline] *= np.sqrt(2.0)
        return rows.reshape(len(rows), -1)

    def whole(self, rows: np.ndarray) -> np.ndarray:
        """The surfaces (N, V, 3) of rows (N, D)."""
        half = rows.reshape(len(rows), len(self.chosen), 3).copy()
        half[:, ~self.midline] /= np.sqrt(2.0)
        return self.mirrored(half)

    def mirrored(self, half: np.ndarray) -> np.ndarray:
        """Surfaces (N, V, 3) from their half (N, H, 3), symmetric to the last bit in half's own precision."""
        whole = np.empty((len(half), len(self.mirror), 3), half.dtype)
        whole[:, self.chosen] = half
        whole[:, self.mirror[self.chosen]] = half * FLIP.astype(half.dtype)
        whole[:, self.chosen[self.midline], 1] = 0
        return whole


@dataclass(frozen=True)
class Space:
    """mean (V, 3) float32, directions (V, 3, B) float16 in standard deviations, explained (B,) shares of the variance."""

    mean: np.ndarray
    directions: np.ndarray
    explained: np.ndarray

    def shape(self, betas: np.ndarray) -> np.ndarray:
        """Vertices (..., V, 3) of betas (..., B)."""
        offsets = np.asarray(betas) @ self.directions.astype(np.float64).reshape(-1, self.directions.shape[-1]).T
        return self.mean.astype(np.float64) + offsets.reshape(*np.shape(betas)[:-1], *self.mean.shape)

    def project(self, vertices: np.ndarray) -> np.ndarray:
        """Betas (N, B) of the shapes nearest to surfaces (N, V, 3)."""
        flat = self.directions.astype(np.float64).reshape(-1, self.directions.shape[-1])
        offsets = (vertices - self.mean.astype(np.float64)).reshape(len(vertices), -1)
        return np.linalg.solve(flat.T @ flat, flat.T @ offsets.T).T

    def error(self, vertices: np.ndarray) -> np.ndarray:
        """Root-mean-square distance (N,) between surfaces and their nearest shapes, in model units."""
        missed = self.shape(self.project(vertices)) - vertices
        return np.sqrt((missed**2).sum(axis=2).mean(axis=1))


def learn(
    exact: np.ndarray, individuals: np.ndarray, mirror: np.ndarray, count: int, length: float, strict: np.ndarray
) -> Space:
    """The space of `count` directions, with the first of the exact shapes as its mean.

    exact (M, V, 3) and individuals (N, V, 3), symmetric; length: the trunk's, in the same unit; strict (M,) what share of
    the usual error each exact shape may have.
    """
    half = Half.of(mirror)
    rows = np.concatenate([half.flat(exact), half.flat(individuals)])
    mean = rows[0].copy()
    rows -= mean
    goal = EXACT * length * np.sqrt(len(mirror)) * strict
    basis = _basis(rows, goal, min(count, len(rows) - 1))
    scores = rows @ basis
    values, turn = np.linalg.eigh(scores.T @ scores / len(scores))
    values, turn = values[::-1], turn[:, ::-1]
    directions = (basis @ turn) * np.sqrt(np.maximum(values, 1e-12))
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    total = (rows**2).sum() / len(rows)
    wide = half.whole(directions.T)[:, half.chosen].astype(np.float16)
    centre = half.whole(mean[None])[:, half.chosen].astype(np.float32)
    return Space(half.mirrored(centre)[0], np.moveaxis(half.mirrored(wide), 0, -1).copy(), values / total)


def _basis(rows: np.ndarray, goal: np.ndarray, count: int) -> np.ndarray:
    """Orthonormal columns (D, count) of the weighted principal components; goal (M,): the error of the first rows."""
    gram, exact = rows @ rows.T, len(goal)
    weight = np.ones(len(rows))
    weight[:exact] = FIRST_WEIGHT
    for _ in range(ROUNDS):
        values, vectors = eigh(weight[:, None] * gram * weight, subset_by_index=(len(rows) - count, len(rows) - 1))
        coefficients = weight[:, None] * vectors / np.sqrt(np.maximum(values, 1e-12 * values.max()))
        missed = np.diag(gram)[:exact] - ((gram[:exact] @ coefficients) ** 2).sum(axis=1)
        excess = np.sqrt(np.maximum(missed, 0.0)) / goal
        if excess.max() <= 1.0:
            break
        weight[:exact] *= np.clip(excess, 0.9, 3.0)
    return np.linalg.qr(rows.T @ coefficients)[0]


def error_curve(space: Space, vertices: np.ndarray, counts: Sequence[int]) -> np.ndarray:
    """Mean distance (len(counts), N) between surfaces (N, V, 3) and their nearest shapes when only the first directions act."""
    curve = []
    for count in counts:
        part = Space(space.mean, space.directions[..., :count], space.explained[:count])
        curve.append(np.linalg.norm(part.shape(part.project(vertices)) - vertices, axis=2).mean(axis=1))
    return np.array(curve)


def joint_regressor(
    vertices: np.ndarray, joints: np.ndarray, mirror: np.ndarray, emphasis: np.ndarray, candidates: int = 160
) -> np.ndarray:
    """Non-negative, symmetric, local J_regressor (35, V), rows summing to 1, fitted to animals.

    vertices (N, V, 3), joints (N, 35, 3); emphasis (N,): how much each animal counts. Local: among the `candidates`
    vertices nearest to the joint on the mean animal (non-negative least squares: Lawson and Hanson 1974).
    """
    mean, places = vertices.mean(axis=0), joints.mean(axis=0)
    regressor = np.zeros((len(JOINT_NAMES), len(mirror)))
    partner = joint_mirror()
    for joint, name in enumerate(JOINT_NAMES):
        if name.startswith("R"):
            continue
        near = np.argsort(np.linalg.norm(mean - places[joint], axis=1), kind="stable")[:candidates]
        if partner[joint] == joint:
            near = np.unique(np.concatenate([near, mirror[near]]))
        system = (emphasis[:, None, None] * vertices[:, near]).transpose(0, 2, 1).reshape(-1, len(near))
        right = (emphasis[:, None] * joints[:, joint]).reshape(-1)
        firm = 100.0 * np.sqrt(len(vertices) / 60)
        system = np.concatenate([system, np.full((1, len(near)), firm), 0.02 * np.eye(len(near))])
        solution, _ = nnls(system, np.concatenate([right, [firm], np.zeros(len(near))]))
        regressor[joint, near] = solution / solution.sum()
        if partner[joint] == joint:
            regressor[joint] = (regressor[joint] + regressor[joint][mirror]) / 2
        else:
            regressor[partner[joint]] = regressor[joint][mirror]
    return regressor


def families(
    betas: np.ndarray, members: Sequence[str], within: np.ndarray, ridge: float = 0.05
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean (B,) and covariance (B, B) of each family, from its species' betas (S, B); members: the species' families.

    The covariance is that between the family's species (shrunk, since they are few) plus how individuals of one species
    vary, `within` (B, B), plus a ridge. "quadruped" is the whole population: zero mean, identity.
    """
    result = {}
    for family in sorted(set(members)):
        own = betas[[member == family for member in members]]
        spread = own - own.mean(axis=0)
        between = spread.T @ spread / (len(own) + 1)
        result[family] = (own.mean(axis=0), between + within + ridge * np.eye(betas.shape[1]))
    result["quadruped"] = (np.zeros(betas.shape[1]), np.eye(betas.shape[1]))
    return result


def inside(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Whether points (P, 3) lie inside a closed surface: winding number by solid angles (Van Oosterom and Strackee 1983)."""
    corners = vertices[faces][None] - points[:, None, None]  # (P, F, 3, 3)
    a, b, c = (corners[:, :, k] for k in range(3))
    la, lb, lc = (np.linalg.norm(x, axis=2) for x in (a, b, c))
    volume = np.einsum("pfi,pfi->pf", a, np.cross(b, c))
    flat = la * lb * lc + (a * b).sum(2) * lc + (b * c).sum(2) * la + (c * a).sum(2) * lb
    return np.arctan2(volume, flat).sum(axis=1) / (2 * np.pi) > 0.5
