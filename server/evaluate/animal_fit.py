"""How well can the model become a given surface? Shape, pose and place fitted to triangles by Levenberg-Marquardt.

A surface here is any animal standing upright, looking along x. The best species of the model is where the fit starts; pairs
of nearest places are found anew in every step, both ways, and their distance along the normal is lowered, while the
allowance for distance falls and shape and pose are held ever less. What counts is the mean distance both ways afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from torch import Tensor

from ...animal.model import AnimalModel
from ...animal.zeroad import read_pmd, to_world
from ..authoring.registration.nearest import Surface, distances, even_samples, face_normals
from ..authoring.surface import seen_from_outside
from ..fit.body_points import BodyPoints, Hypotheses

STEPS = 36
POINTS = 1400  # each way
SIGMA = (0.03, 0.003)  # of the body's length: what a distance may be, first and last
POSE_SIGMA = 0.35  # radians
EFFECTIVE = 500.0  # how many independent distances the pairs are worth
HORNS = {"sanga_cattle": (0.70, 0.55), "wildebeest": (0.84, 0.6), "temp_deer_1": (0.80, 0.5), "deer_1": (0.80, 0.5)}
"""0 A.D. animals whose horns grow from the body's own surface: share of the height and of the length beyond which faces go."""
MAIN_SHARE = 0.5  # 0 A.D.: the largest piece must hold this share of the vertices, or the mesh is no one animal


@dataclass(frozen=True)
class SurfaceFit:
    """vertices (V, 3) of the fitted model in the target's frame; betas (B,), pose (J, 3), scale; errors in percent of body
    length: model to target, target to model, and their mean."""

    vertices: np.ndarray
    betas: np.ndarray
    pose: np.ndarray
    scale: float
    to_target: float
    from_target: float

    @property
    def distance_percent(self) -> float:
        """Mean of both ways."""
        return (self.to_target + self.from_target) / 2


@dataclass
class _State:
    hypothesis: Hypotheses
    log_scale: Tensor


class _Fit:
    """One target under way; everything in units of the target's own length."""

    def __init__(self, model: AnimalModel, vertices: np.ndarray, faces: np.ndarray, n_betas: int) -> None:
        self.model, self.n_betas = model, n_betas
        faces = outward(vertices, faces)
        self.target = Surface(vertices, faces, np.zeros((len(vertices), 1)))
        self.size = float(np.ptp(vertices[:, 0]))
        self.faces = np.asarray(model.faces, dtype=np.int64)
        self.outer = outer_vertices(model)
        face, at = even_samples(vertices, faces, POINTS)
        self.spots, self.spot_normals = self.target.at(vertices, face, at), self.target.normals[face]
        basis = torch.zeros((1, model.n_betas, n_betas), dtype=torch.float64)
        basis[0, :n_betas] = torch.eye(n_betas, dtype=torch.float64)
        self.body = BodyPoints(model, torch.zeros((1, model.n_betas), dtype=torch.float64), basis)
        chosen = np.flatnonzero(self.outer)
        self.chosen = chosen[np.linspace(0, len(chosen) - 1, min(POINTS, len(chosen))).astype(int)]
        self.tree = self.target.tree(0.06 * self.size, 0.0)

    def start(self, betas: np.ndarray) -> _State:
        """Standing, scaled and moved so that trunk and feet agree roughly."""
        rest = self.model.rest(betas).vertices
        low, high = rest.min(axis=0), rest.max(axis=0)
        goal = self.target.vertices
        scale = np.sqrt(np.ptp(goal[:, 2]) / (high[2] - low[2]) * np.ptp(goal[:, 0]) / (high[0] - low[0]))
        trans = (goal.max(axis=0) + goal.min(axis=0)) / 2 / scale - (low + high) / 2
        trans[2] = goal[:, 2].min() / scale - low[2]
        joints = self.model.n_joints
        z = torch.from_numpy(betas[: self.n_betas].copy())[None]
        return _State(
            Hypotheses(
                torch.zeros(1, dtype=torch.long), torch.eye(3, dtype=torch.float64)[None],
                torch.zeros((1, joints - 1, 3), dtype=torch.float64), torch.from_numpy(trans)[None], z,
                torch.zeros(1, dtype=torch.float64),
            ),
            torch.tensor(float(np.log(scale)), dtype=torch.float64),
        )  # fmt: skip

    def vertices(self, state: _State) -> np.ndarray:
        """(V, 3) in the target's frame."""
        return (torch.exp(state.log_scale) * self.body.vertices(state.hypothesis)[0]).numpy()

    def pairs(self, placed: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Model vertices (N,), where they should be (N, 3), and the direction that counts (N, 3)."""
        normals = vertex_normals(placed, self.faces)
        cost = 0.06 * self.size
        query = np.concatenate([placed[self.chosen], cost * normals[self.chosen], np.zeros((len(self.chosen), 1))], axis=1)
        match = self.target.match(self.tree, query, 4)
        outer = np.flatnonzero(self.outer)
        _, back = cKDTree(np.concatenate([placed[outer], cost * normals[outer]], axis=1)).query(
            np.concatenate([self.spots, cost * self.spot_normals], axis=1)
        )
        ids = np.concatenate([self.chosen, outer[back]])
        facing = np.concatenate([(normals[self.chosen] * match.normals).sum(1), (normals[outer[back]] * self.spot_normals).sum(1)])
        keep = facing > 0.2
        goals = np.concatenate([match.points, self.spots])
        return ids[keep], goals[keep], np.concatenate([match.normals, self.spot_normals])[keep]

    def step(self, state: _State, sigma: float, hold: float) -> _State:
        """One damped Gauss-Newton step; sigma as a share of the length, hold how firmly shape and pose are kept."""
        placed = self.vertices(state)
        ids, goals, normals = self.pairs(placed)
        h = state.hypothesis
        scale = torch.exp(state.log_scale)
        place, motion = self.body.points(h, self.body.skeletons(h), torch.from_numpy(ids)[None])
        place = scale * place
        axes = torch.eye(3, dtype=torch.float64).expand(1, len(ids), 3, 3)
        moves = scale * motion.along(axes)[0][:, :, :-1]  # (N, 3, P): the camera's pitch is none of ours
        moves = torch.cat([moves, place[0][:, :, None]], dim=2)
        off = (place[0] - torch.from_numpy(goals)) / self.size
        along = torch.from_numpy(normals)
        flat = (off * along).sum(1)
        # Geman-McClure: pairs far apart count less.
        trust = 1 / (1 + (off.norm(dim=1) / (4 * sigma)) ** 2) ** 2
        weight = trust * (EFFECTIVE / len(ids)) / sigma**2
        slope = torch.einsum("nc,ncp->np", along, moves) / self.size
        left = slope.T @ (slope * weight[:, None])
        right = slope.T @ (weight * flat)
        spread = 0.06 * weight
        dense = (moves / self.size).reshape(-1, moves.shape[2])
        rows = spread.repeat_interleave(3)
        left = left + dense.T @ (dense * rows[:, None])
        right = right + dense.T @ (rows * off.reshape(-1))
        count = left.shape[0]
        joints = 3 * h.theta.shape[1]
        prior, value = torch.zeros(count, dtype=torch.float64), torch.zeros(count, dtype=torch.float64)
        prior[:3], prior[3 : 3 + joints] = 1 / 0.2**2, hold / POSE_SIGMA**2
        value[3 : 3 + joints] = h.theta.reshape(-1)
        prior[6 + joints : -1], value[6 + joints : -1] = hold, h.z[0]
        value[:3] = 0.0
        damping = 1e-4 * left.diagonal().mean()
        moved = torch.linalg.solve(left + torch.diag(prior + damping), -(right + prior * value))
        moved = moved * min(1.0, 0.8 / float(moved[3 : 3 + joints].abs().max().clamp_min(1e-9)))
        shifted = h.moved(torch.cat([moved[:-1], torch.zeros(1, dtype=torch.float64)])[None])
        return _State(shifted, state.log_scale + moved[-1].clamp(-0.2, 0.2))


def outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces wound so that the enclosed volume is positive."""
    a, b, c = (vertices[faces[:, k]] - vertices.mean(axis=0) for k in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else faces[:, ::-1]


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3)."""
    normals, area = face_normals(vertices, faces)
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, faces[:, k], normals * area[:, None])
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20)


def outer_vertices(model: AnimalModel) -> np.ndarray:
    """Mask (V,) of the vertices that can be seen: the inside of the mouth is compared with nothing."""
    faces = np.asarray(model.faces, dtype=np.int64)
    return seen_from_outside(model.v_template, faces, 0.002 * float(np.ptp(model.v_template[:, 0])), slack=1.5) > 0.04


def tail_vertices(model: AnimalModel) -> np.ndarray:
    """Mask (V,) of the vertices that follow the tail's joints."""
    tail = ["tail" in name.lower() for name in model.joint_names]
    return model.weights[:, tail].sum(axis=1) > 0.5


def both_ways(model: AnimalModel, placed: np.ndarray, target: Surface, outer: np.ndarray) -> tuple[float, float]:
    """Mean distances in percent of body length (nose to rump of the fitted model): to the target and from it."""
    faces = np.asarray(model.faces, dtype=np.int64)
    length = np.ptp(placed[~tail_vertices(model), 0]) / 100
    _, area = face_normals(placed, faces)
    share = np.zeros(len(placed))
    for k in range(3):
        np.add.at(share, faces[:, k], area / 3)
    share = share * outer
    to = distances(placed, target) / length
    face, at = even_samples(target.vertices, target.faces, 6000)
    usable = np.asarray(outer[faces].all(axis=1))
    back = distances(target.at(target.vertices, face, at), Surface(placed, faces, np.zeros((len(placed), 1)), usable)) / length
    return float((to * share).sum() / share.sum()), float(back.mean())


def fit_surface(
    model: AnimalModel, vertices: np.ndarray, faces: np.ndarray, n_betas: int | None = None, starts: int = 2,
    starting_betas: Iterable[np.ndarray] | None = None, steps: int = STEPS,
) -> SurfaceFit:  # fmt: skip
    """The model made as like as it can be to a surface: vertices (V, 3) any unit, x forward, y left, z up; faces (F, 3).

    n_betas limits the shape directions (default: all); starting_betas are tried as they stand (default: the model's species
    and its mean), and the `starts` nearest are fitted. Deterministic.
    """
    torch.set_num_threads(1)
    fit = _Fit(model, np.asarray(vertices, dtype=float), np.asarray(faces, dtype=np.int64), n_betas or model.n_betas)
    mean = np.zeros(model.n_betas)
    known = starting_betas if starting_betas is not None else [species.betas for species in model.species.values()]
    candidates = [mean, *(np.pad(np.asarray(b, dtype=float), (0, model.n_betas - len(b))) for b in known)]
    tree = cKDTree(fit.spots)

    def roughly(betas: np.ndarray) -> float:
        placed = fit.vertices(fit.start(betas))
        there, _ = tree.query(placed[fit.chosen])
        back, _ = cKDTree(placed[fit.chosen]).query(fit.spots)
        return float(there.mean() + back.mean())

    candidates.sort(key=roughly)
    best: SurfaceFit | None = None
    for betas in candidates[:starts]:
        state = fit.start(betas)
        for turn in range(steps):
            part = min(1.0, turn / (0.8 * steps))
            state = fit.step(state, SIGMA[0] * (SIGMA[1] / SIGMA[0]) ** part, 1.0 - 0.8 * part)
        placed = fit.vertices(state)
        to, back = both_ways(model, placed, fit.target, fit.outer)
        h = state.hypothesis
        pose = np.concatenate([np.zeros((1, 3)), h.theta[0].numpy()])
        found = SurfaceFit(placed, fit.body.betas(h)[0].numpy(), pose, float(torch.exp(state.log_scale)), to, back)
        if best is None or found.distance_percent < best.distance_percent:
            best = found
    assert best is not None
    return best


def without_horns(name: str, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest connected piece of a 0 A.D. animal, horns that grow out of it cut off; tusks, horns and tack fall away."""
    _, first, inverse = np.unique(np.round(vertices, 4), axis=0, return_index=True, return_inverse=True)
    vertices, faces = vertices[first], inverse.reshape(-1)[faces]
    faces = faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    pairs = np.concatenate([faces[:, :2], faces[:, 1:]])
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(vertices), len(vertices)))
    _, label = connected_components(graph, directed=False)
    faces = faces[label[faces[:, 0]] == np.argmax(np.bincount(label))]
    for start, (height, length) in HORNS.items():
        if name.startswith(start):
            share = (vertices - vertices.min(axis=0)) / np.ptp(vertices, axis=0)
            faces = faces[~((share[faces, 2] > height) & (share[faces, 0] > length)).all(axis=1)]
    used, renumbered = np.unique(faces, return_inverse=True)
    return vertices[used], renumbered.reshape(-1, 3)


def zeroad_animals(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The quadrupeds of 0 A.D. by name, without horns: vertices (V, 3) x forward, y left, z up, and faces (F, 3).

    folder: the one that holds `meshes`. Repeated meshes (breeds of one horse) are given once; a mesh in many loose pieces
    is left out, as no surface to compare with.
    """
    animals: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    seen: set[tuple[int, int]] = set()
    for path in sorted(Path(folder, "meshes").glob("*.pmd")):
        mesh = read_pmd(path)
        name = path.name.split(".")[0].removeprefix("animal_")
        key = (len(mesh.vertices), len(mesh.faces))
        vertices, faces = without_horns(name, to_world(mesh.vertices), mesh.faces)
        welded = len(np.unique(np.round(mesh.vertices, 4), axis=0))
        if key in seen or len(vertices) < MAIN_SHARE * welded:
            continue
        seen.add(key)
        animals[name] = vertices, outward(vertices, faces)
    return animals
