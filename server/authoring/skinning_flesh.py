"""The reference that skinning is solved against: an animal's inside as soft, volume-keeping flesh on stiff bones.

The Delaunay tetrahedra of the skin's vertices and of points inside and around fill the body and the air beside it. Those inside
resist stretching and any change of volume; those of air resist nothing but turning inside out, which keeps skin from
passing through skin (Müller et al., Air Meshes for Robust Collision Handling, 2015). Points along the bones are carried
rigidly. The energy is lowered as Projective Dynamics does (Bouaziz et al. 2014): each tetrahedron proposes the nearest
allowed gradient, one prefactored linear system finds the places that agree best, again and again. Rotations are followed
from one round to the next (Müller et al., A Robust Method to Extract the Rotational Part of Deformations, 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import Delaunay, cKDTree

from .surface import laplacian

STRETCH, VOLUME, AIR = 1.0, 4.0, 6.0
"""Stiffness against stretching, against a change of volume, and of air against being turned inside out."""
BONE = 40.0
"""How strongly points on a bone are held, per volume of a cell of the inner grid."""
SKIN = 0.02
"""Evenness of the displacement over the skin; makes folds round, so that they suit other shapes too."""
LEAST_AIR = 0.15
"""The share of its rest volume that an air tetrahedron keeps."""
GRID = 0.02
"""Spacing of points inside, as a share of the body's length."""
_REACH = 0.09  # air tetrahedra with an edge longer than this share of the length join things that never touch


@dataclass(frozen=True)
class Bone:
    """A stiff line from a joint to the next one, or into what a last joint moves: start (3,), end (3,)."""

    joint: int
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True)
class Flesh:
    """A body filled with tetrahedra.

    points (N, 3): the skin's V vertices, then the points inside. tets (T, 4), solid (T,) whether flesh or air,
    size (T,) rest volumes, gradient (3T, N) maps places to the rows of deformation gradients. bone_of (N,) the joint
    whose bone holds a point, -1 where none does. shares (N, V): how inner points follow the skin at first.
    """

    points: np.ndarray
    n_skin: int
    tets: np.ndarray
    solid: np.ndarray
    size: np.ndarray
    gradient: sparse.csr_matrix
    bone_of: np.ndarray
    shares: sparse.csr_matrix
    smoothness: sparse.csr_matrix

    @classmethod
    def fill(cls, vertices: np.ndarray, faces: np.ndarray, bones: list[Bone], rng: np.random.Generator) -> Flesh:
        """Fill a closed surface (V, 3), (F, 3)."""
        length = float(np.ptp(vertices[:, 0]))
        marrow, owner = _marrow(bones, 0.6 * GRID * length, vertices, faces)
        inside = np.concatenate([marrow, *_around(vertices, faces, marrow, GRID * length, rng)])
        points = np.concatenate([vertices, inside])
        tets = _tetrahedra(points)
        corners = points[tets]
        solid = contains(vertices, faces, corners.mean(axis=1))
        longest = np.linalg.norm(corners[:, :, None] - corners[:, None], axis=3).max(axis=(1, 2))
        kept = solid | (longest < _REACH * length)
        tets, solid = tets[kept], solid[kept]
        gradient, size = _gradient(points, tets)
        bone_of = np.full(len(points), -1)
        bone_of[len(vertices) : len(vertices) + len(marrow)] = owner
        skin = laplacian(faces, len(vertices))
        return cls(points, len(vertices), tets, solid, size, gradient, bone_of, _shares(vertices, inside),
                   sparse.csr_matrix(skin.T @ skin))  # fmt: skip

    def moving(self, turned: np.ndarray, rigid: float = 0.004, reach: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
        """What a joint's turn may deform: where its share `turned` (V,) changes, and a little around.

        Mask (N,), and how much (N,) of a displacement there is kept, falling from 1 to 0 towards the rim. rigid: shares
        nearer than this to 0 or 1 are stiff; reach: how far around, as a share of the extent of what changes.
        """
        share = np.concatenate([turned, self.shares @ turned])
        core = (share > rigid) & (share < 1 - rigid)
        if not core[: self.n_skin].any():
            return np.zeros(len(core), bool), np.zeros(len(core))
        width = reach * float(np.linalg.norm(np.ptp(self.points[core], axis=0)))
        away = cKDTree(self.points[core]).query(self.points, distance_upper_bound=width)[0] / width
        fade = np.clip(1.25 * (1 - np.minimum(away, 1.0)), 0.0, 1.0)
        return np.isfinite(away), fade * fade * (3 - 2 * fade)


class Bender:
    """Flesh round one joint, ready to be bent: the system is factored once for all of the joint's poses."""

    def __init__(
        self, flesh: Flesh, turned: np.ndarray, in_subtree: np.ndarray, joint: np.ndarray, rigid: float = 0.004
    ) -> None:
        """turned (V,) the joint's share of the skin (its own weight and its descendants'); in_subtree (J,) whether a
        joint turns with it; joint (3,) its place; rigid: shares nearer than this to 0 or 1 are stiff."""
        self.flesh, self.joint = flesh, joint
        self.share = np.concatenate([turned, flesh.shares @ turned])
        held = flesh.bone_of >= 0
        self.share[held] = in_subtree[flesh.bone_of[held]]
        free, fade = flesh.moving(turned, rigid, 0.12 if rigid < 0.1 else 0.03)
        self.fade = fade[: flesh.n_skin]
        if rigid >= 0.1:
            # Of a jaw only the cheeks by the hinge give way; the lips lie on bone.
            away = np.linalg.norm(flesh.points[: flesh.n_skin] - joint, axis=1)
            self.fade = self.fade * np.clip(2.2 - 4.4 * away / away[turned > 0.5].max(), 0.0, 1.0)
        self.free = np.flatnonzero(free)
        touched = free[flesh.tets].any(axis=1)
        self.tets = np.flatnonzero(touched)
        rows = (3 * self.tets[:, None] + np.arange(3)).ravel()
        gradient = flesh.gradient[rows]
        self.solid, size = flesh.solid[self.tets], flesh.size[self.tets]
        self.stretch = np.where(self.solid, STRETCH, 0.0) * size
        self.volume = np.where(self.solid, VOLUME, AIR) * size
        if rigid >= 0.1:
            # Flat tetrahedra from the one stiff part to the other are no flesh: they would glue the lips together.
            glue = np.ptp(self.share[flesh.tets[self.tets]], axis=1) > 0.5
            self.stretch[glue], self.volume[glue] = 0.0, 0.0
        pull = np.repeat(self.stretch + self.volume, 3)
        system = (gradient.T @ sparse.diags(pull) @ gradient).tocsr()
        cell = float(np.median(size[self.solid])) if self.solid.any() else 1.0
        anchors = np.where(held, BONE * cell * 6, 1e-4 * cell)
        skin = sparse.block_diag([flesh.smoothness, sparse.csr_matrix((len(anchors) - flesh.n_skin,) * 2)]).tocsr()
        hold = sparse.diags(anchors) + SKIN * cell / GRID * skin * 0.05
        self.gradient, self.held = gradient, hold.tocsr()[self.free]
        self.coupling = system[self.free]
        self.factor = splu((self.coupling[:, self.free] + self.held[:, self.free]).tocsc())

    def skinned(self, rotation: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
        """Linear blend skinning (N, 3) of the points, the joint turned by rotation (3, 3)."""
        points = self.flesh.points if points is None else points
        return points + self.share[:, None] * ((points - self.joint) @ (rotation.T - np.eye(3)))

    def path(self, rotations: list[np.ndarray], rounds: int) -> list[np.ndarray]:
        """Skin (V, 3) at each of a row of growing turns (3, 3), each found from the one before."""
        found, before = [], np.zeros_like(self.flesh.points)
        for rotation in rotations:
            target = self.skinned(rotation)
            blend = np.eye(3) + self.share[:, None, None] * (rotation - np.eye(3))
            places = self.settle(target, target + np.einsum("nab,nb->na", blend, before), rounds)
            # Kept in the rest frame, what was found for one turn is a good start for the next.
            gap = np.einsum("nba,nb->na", blend, places - target)
            damped = np.swapaxes(blend, 1, 2) @ blend + 0.05 * np.eye(3)
            before = np.linalg.solve(damped, gap[..., None])[..., 0]
            found.append(places[: self.flesh.n_skin])
        return found

    def settle(self, target: np.ndarray, places: np.ndarray, rounds: int) -> np.ndarray:
        """Places (N, 3) of rest for flesh whose bones stand at target, beginning at places."""
        start, places = places, target.copy()
        places[self.free] = start[self.free]
        fixed = target.copy()
        fixed[self.free] = 0.0
        outside = self.coupling @ fixed
        # The hold acts on the displacement from the target, which is nought where nothing is free.
        anchored = self.held[:, self.free] @ target[self.free]
        turn = np.broadcast_to(np.eye(3), (len(self.tets), 3, 3)).copy()
        first = 12
        for _ in range(rounds):
            F = (self.gradient @ places).reshape(-1, 3, 3)  # rows: change of place along each rest axis
            turn = follow_rotation(turn, F, first)
            first = 2
            goal = self.stretch[:, None, None] * turn
            goal += self.volume[:, None, None] * allowed_volume(F, self.solid)
            right = (self.gradient.T @ goal.reshape(-1, 3))[self.free] - outside
            places[self.free] = self.factor.solve(right + anchored)
        return places


def follow_rotation(turn: np.ndarray, F: np.ndarray, rounds: int) -> np.ndarray:
    """Rotations (n, 3, 3) nearest to the matrices F, both given by rows, found from near-by ones `turn`."""
    for _ in range(rounds):
        axis = np.cross(turn, F).sum(axis=1)
        axis /= np.abs((turn * F).sum(axis=(1, 2)))[:, None] + 1e-9
        angle = np.linalg.norm(axis, axis=1)[:, None]
        unit = axis / np.maximum(angle, 1e-12)
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        along = (turn @ unit[:, :, None]) * unit[:, None]
        turn = along + c * (turn - along) + s * np.cross(unit[:, None], turn)
    return turn


def allowed_volume(F: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """F (n, 3, 3) moved along the gradient of its determinant to volume 1 (flesh), or to LEAST_AIR if below it (air)."""
    cofactor = np.stack([np.cross(F[:, 1], F[:, 2]), np.cross(F[:, 2], F[:, 0]), np.cross(F[:, 0], F[:, 1])], axis=1)
    volume = (F[:, 0] * cofactor[:, 0]).sum(axis=1)
    lack = np.where(solid, 1.0 - volume, np.maximum(LEAST_AIR - volume, 0.0))
    step = np.clip(lack, -0.6, 0.6) / np.maximum((cofactor**2).sum(axis=(1, 2)), 0.3)
    return F + step[:, None, None] * cofactor


def contains(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Mask (n,) of the points inside a closed surface: a ray along y crosses it an odd number of times."""
    corners = vertices[faces]
    flat = corners[:, :, [0, 2]] + 1.234e-7  # off any grid the vertices may lie on
    middle = (flat.max(axis=1) + flat.min(axis=1)) / 2
    radius = np.linalg.norm(flat - middle[:, None], axis=2).max(axis=1)
    near = cKDTree(points[:, [0, 2]]).query_ball_point(middle, radius)
    face = np.repeat(np.arange(len(faces)), [len(n) for n in near])
    point = np.concatenate([np.asarray(n, dtype=int) for n in near]) if len(face) else np.zeros(0, int)
    a, b, c = (flat[face, k] for k in range(3))
    p = points[point][:, [0, 2]]
    double = _cross(b - a, c - a)
    ok = np.abs(double) > 1e-18
    double = np.where(ok, double, 1.0)
    u, v = _cross(b - p, c - p) / double, _cross(c - p, a - p) / double
    hit = ok & (u > 0) & (v > 0) & (u + v < 1)
    y = u * corners[face, 0, 1] + v * corners[face, 1, 1] + (1 - u - v) * corners[face, 2, 1]
    crossed = np.bincount(point[hit & (y > points[point, 1])], minlength=len(points))
    return crossed % 2 == 1


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _marrow(
    bones: list[Bone], spacing: float, vertices: np.ndarray, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) along the bones, away from their ends, and the joint (n,) of each."""
    points, owner = [], []
    for bone in bones:
        count = max(int(np.linalg.norm(bone.end - bone.start) / spacing), 2)
        for share in (np.arange(count) + 0.5) / count:
            if 0.05 < share < 0.95:
                points.append(bone.start + share * (bone.end - bone.start))
                owner.append(bone.joint)
    inside = contains(vertices, faces, np.array(points))
    inside &= cKDTree(vertices).query(points)[0] > 0.2 * spacing
    return np.array(points)[inside], np.array(owner)[inside]


def _around(
    vertices: np.ndarray, faces: np.ndarray, marrow: np.ndarray, spacing: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) inside, none close to the skin or a bone, and (m, 3), wider spaced, in a layer of air about the skin.

    The air is where folds will close that are none at rest: behind a straight knee.
    """
    nearest = cKDTree(np.concatenate([vertices, marrow]))
    found = []
    for step, least, most, within in ((spacing, 0.6, np.inf, True), (1.7 * spacing, 0.6, 1.9, False)):
        grid = _jittered_grid(vertices, step, rng)
        away = nearest.query(grid)[0] / spacing
        grid = grid[(away > least) & (away < most)]
        grid = grid[contains(vertices, faces, grid) == within]
        found.append(np.concatenate([grid, grid * (1.0, -1.0, 1.0)]))
    return found[0], found[1]


def _jittered_grid(vertices: np.ndarray, step: float, rng: np.random.Generator) -> np.ndarray:
    """Points (n, 3) about `step` apart, of the half space y > 0 in and a little around the vertices' box."""
    low, high = vertices.min(axis=0) - 2 * step, vertices.max(axis=0) + 2 * step
    axes = [np.arange(low[0], high[0], step), np.arange(step / 2, high[1], step), np.arange(low[2], high[2], step)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return grid + rng.uniform(-0.15, 0.15, grid.shape) * step


def _tetrahedra(points: np.ndarray) -> np.ndarray:
    """Delaunay tetrahedra (T, 4) of positive volume, flat slivers left out."""
    tets = Delaunay(points).simplices.astype(np.int64)
    edges = points[tets[:, 1:]] - points[tets[:, :1]]
    volume = np.linalg.det(edges) / 6
    flip = volume < 0
    tets[flip] = tets[flip][:, [0, 2, 1, 3]]
    longest = np.linalg.norm(edges, axis=2).max(axis=1)
    return tets[np.abs(volume) > 4e-4 * longest**3]


def _gradient(points: np.ndarray, tets: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
    """The operator (3T, N) from places to deformation gradients by rows, and rest volumes (T,)."""
    edges = points[tets[:, 1:]] - points[tets[:, :1]]  # (T, 3 edges, 3)
    inverse = np.linalg.inv(edges)  # [t, rest axis, edge]
    weights = np.concatenate([-inverse.sum(axis=2, keepdims=True), inverse], axis=2)
    rows = np.broadcast_to(np.arange(3 * len(tets)).reshape(-1, 3, 1), weights.shape)
    columns = np.broadcast_to(tets[:, None, :], weights.shape)
    matrix = sparse.csr_matrix(
        (weights.ravel(), (rows.ravel(), columns.ravel())), shape=(3 * len(tets), len(points)))  # fmt: skip
    return matrix, np.abs(np.linalg.det(edges)) / 6


def _shares(vertices: np.ndarray, inside: np.ndarray, count: int = 12) -> sparse.csr_matrix:
    """(n, V) inner points as means of the vertices around them, near ones counting more."""
    distance, index = cKDTree(vertices).query(inside, count)
    weight = 1.0 / np.maximum(distance, 1e-9) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    rows = np.repeat(np.arange(len(inside)), count)
    return sparse.csr_matrix((weight.ravel(), (rows, index.ravel())), shape=(len(inside), len(vertices)))
