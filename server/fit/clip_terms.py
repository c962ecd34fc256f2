"""What a clip's poses should fulfil, frame by frame: points seen, joints that animals have, feet on one ground.

The normal equations of a photo's fit, with what all frames share as last columns: shape, the camera's pitch, and the height of
the ground. Each frame has a camera without roll of its own; where cameras are not known they are all one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.cameras import Camera
from ...animal.model import AnimalModel
from .body_points import BodyPoints, Hypotheses
from .image import GROUND_SIGMA, PAWS, PITCH_MEAN, POINT_SIGMA, ROLL_SIGMA, TILT_SIGMA, point_blur, pose_prior
from .point_table import PointTable
from .terms import NormalEquations, add_ground, add_points, add_priors, add_upright, project, up_in_camera

Array = NDArray[np.float64]

FLOOR_SIGMA = 0.04
"""How far the lowest front and the lowest hind paw lie from the clip's one ground, for an animal as long as SMAL's (2.5 units)."""

LIFTED_SIGMA = 0.12
"""How far points lie from where lifting has put them, for an animal as long as SMAL's."""

PITCH_SIGMA = 0.2


@dataclass(frozen=True)
class Views:
    """How the camera of each frame stands: M (F, 3, 3) from its axes, roll taken out, to the world's; place (F, 3) of the camera in
    the world, metres; pitch (F,) how far it looks down, radians. known: they were given, so that nothing of them is sought."""

    M: Array
    place: Array
    pitch: Array
    known: bool

    @classmethod
    def unknown(cls, frames: int) -> Views:
        """A camera that nothing is known of: its own axes are the world's, and its pitch is sought."""
        return cls(np.tile(np.eye(3), (frames, 1, 1)), np.zeros((frames, 3)), np.full(frames, PITCH_MEAN), False)

    def __getitem__(self, frames: slice | NDArray[np.intp]) -> Views:
        return Views(self.M[frames], self.place[frames], self.pitch[frames], self.known)


def level(points: Array, cameras: tuple[Camera, ...], K: Array) -> tuple[Array, Views, Array]:
    """Points (F, 44, 3) as cameras without roll and with intrinsics K would see them, those cameras, and the turns (F, 3, 3) into
    their axes."""
    frames = len(points)
    chosen = [cameras[f if len(cameras) > 1 else 0] for f in range(frames)]
    turned, M, places, pitches, turns = points.copy(), [], [], [], []
    for f, camera in enumerate(chosen):
        up = camera.R[:, 2]
        roll = np.arctan2(up[0], -up[1])
        turn = np.array([[np.cos(roll), np.sin(roll), 0.0], [-np.sin(roll), np.cos(roll), 0.0], [0.0, 0.0, 1.0]])
        rays = np.concatenate([points[f, :, :2], np.ones((points.shape[1], 1))], axis=1) @ np.linalg.inv(camera.K).T @ turn.T
        turned[f, :, :2] = (rays @ K.T)[:, :2]
        R = turn @ camera.R
        turns.append(turn)
        M.append(R.T)
        places.append(camera.position)
        pitches.append(np.arctan2(-R[2, 2], -R[1, 2]))
    return turned, Views(np.array(M), np.array(places), np.array(pitches), True), np.array(turns)


class ClipTerms:
    """The evidence of one animal's clip, and the normal equations of its frames.

    points (F, 44, 3) pixels and confidence; sizes (F,) the animal's size in the picture, pixels; views of F frames;
    lifted (F, 44, 3) places in the camera's axes in model units, nan where not known, or None. floor: feet share one ground.
    """

    def __init__(self, model: AnimalModel, body: BodyPoints, K: Array, points: Array, sizes: Array, views: Views,
                 metres_per_unit: float, floor: bool, lifted: Array | None = None) -> None:
        self.model, self.body, self.views = model, body, views

        def tensor(array: object) -> Tensor:
            return torch.tensor(np.asarray(array), dtype=body.dtype, device=body.device)

        self.tensor = tensor
        matrix = np.asarray(model.superset_matrix)
        has = matrix.any(1)
        seen = (points[..., 2] > 0).any(0) & has
        if lifted is not None:
            seen |= np.isfinite(lifted[..., 0]).any(0) & has
        self.has_paws = bool(has[PAWS].all())
        rows = np.flatnonzero(seen)
        extra = [row for row in PAWS if self.has_paws and row not in rows]
        self.rows = np.concatenate([rows, np.array(extra, dtype=np.intp)])
        self.paws = [self.rows.tolist().index(row) for row in PAWS] if self.has_paws else []
        self.table = PointTable(body, tensor(matrix[self.rows]))
        targets = np.nan_to_num(points[:, self.rows])
        targets[:, ~has[self.rows]] = 0.0
        self.targets = tensor(targets)
        self.sigma = POINT_SIGMA * tensor(sizes)[:, None] * tensor(point_blur()[self.rows])
        self.K = tensor(K)
        self.prior = pose_prior(model, body.device)
        self.units = float(np.ptp(np.asarray(model.v_template), axis=0).max()) / 2.5
        self.M, self.place = tensor(views.M), tensor(views.place / metres_per_unit)
        self.floor = floor and self.has_paws
        self.lifted = None if lifted is None else tensor(lifted[:, self.rows])

    def assemble(self, h: Hypotheses, frames: Tensor, ground: Tensor | None, stiffness: float, cutoff: float,
                 shape_strength: float) -> NormalEquations:
        """The equations of hypotheses h (n) about frames (n,), with a last column for the ground's height (n,) if given."""
        eq = NormalEquations.zeros(len(h), h.n_parameters, self.K)
        s = self.body.skeletons(h)
        points, motion = self.table(h, s)
        pixels, slopes = project(points, motion, self.K)
        add_points(eq, pixels, slopes, self.targets[frames], self.sigma[frames], cutoff)
        add_priors(eq, h, self.prior.at(h.theta), stiffness, shape_strength)
        add_upright(eq, h, PITCH_MEAN, 1e4, roll_sigma=ROLL_SIGMA, tilt_sigma=TILT_SIGMA)
        if self.lifted is not None:
            self._add_lifted(eq, points, motion, self.lifted[frames])
        if self.has_paws:
            add_ground(eq, h, points[:, self.paws], motion.take(self.paws), GROUND_SIGMA * self.units)
        if ground is None:
            return eq
        eq = NormalEquations(torch.nn.functional.pad(eq.H, (0, 1, 0, 1)), torch.nn.functional.pad(eq.g, (0, 1)), eq.cost)
        if self.floor:
            self._add_floor(eq, h, points[:, self.paws], motion.take(self.paws), self.place[frames, 2], ground)
        return eq

    def _add_floor(self, eq: NormalEquations, h: Hypotheses, paws: Tensor, motion, above: Tensor, ground: Tensor) -> None:
        """The lowest front and the lowest hind paw (n, 4, 3) stand on the one ground: where an animal is, depth and all, shows in
        where its feet are seen."""
        up, slope = up_in_camera(h.pitch)
        height = (paws @ up[..., None])[..., 0]
        lowest = torch.stack([height[:, :2].argmin(1), 2 + height[:, 2:].argmin(1)], 1)
        n = torch.arange(len(h), device=height.device)[:, None]
        sigma = FLOOR_SIGMA * self.units
        residual = (height[n, lowest] + above[:, None] - ground[:, None]) / sigma
        rows = motion.along(up[:, None, None].expand(-1, 4, 1, 3))[:, :, 0][n, lowest] / sigma
        rows[..., -1] = (paws[n, lowest] @ slope[..., None])[..., 0] / sigma
        eq.add(residual, torch.cat([rows, torch.full_like(rows[..., :1], -1.0 / sigma)], -1), cutoff=3.0)

    def _add_lifted(self, eq: NormalEquations, points: Tensor, motion, goal: Tensor) -> None:
        """Points (n, m, 3) lie about their middle as the lifted ones (n, m, 3) do about theirs."""
        known = goal.isfinite().all(-1)
        share = (known / known.sum(1, keepdim=True).clamp_min(1)).to(points.dtype)
        goal = torch.where(known[..., None], goal, torch.zeros_like(goal))
        sigma = LIFTED_SIGMA * self.units
        off = (points - (share[..., None] * points).sum(1, keepdim=True)) - (goal - (share[..., None] * goal).sum(1, keepdim=True))
        axes = torch.eye(3, dtype=points.dtype, device=points.device).expand(*points.shape[:2], 3, 3)
        rows = motion.along(axes)
        rows = (rows - (share[..., None, None] * rows).sum(1, keepdim=True)) / sigma
        weight = known[..., None].expand_as(off).to(points.dtype)
        eq.add((off / sigma).flatten(1), rows.flatten(1, 2), weight.flatten(1), cutoff=4.0)


def fixed_shape(model: AnimalModel, betas: Array, device: torch.device) -> BodyPoints:
    """A body of one shape: its only shape coordinate moves nothing."""
    mean = torch.tensor(betas[None], dtype=torch.float64, device=device)
    return BodyPoints(model, mean, mean.new_zeros(1, mean.shape[1], 1))


def select(h: Hypotheses, rows: object) -> Hypotheses:
    """Some of the hypotheses, in the order of rows."""
    return replace(h, **{name: getattr(h, name)[rows] for name in h.__dataclass_fields__})

