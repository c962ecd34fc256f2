"""One photo, start to end: hints in, animals and camera out.

First every animal is tried from many directions on its points and box alone; the best few directions are refined with
the mask; the best one is finished. All animals and directions of an image run in one batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.cameras import Camera, default_focal, intrinsics
from ...animal.keypoints import INDEX, SUPERSET
from ...animal.model import AnimalModel
from .body_points import BodyPoints, Hypotheses, Skeletons
from .hints import Evidence, FitHints, check_hints, mask_box
from .shape_prior import pad, shape_prior
from .silhouette import MATCHES, MaskEvidence
from .solver import minimise
from .starts import starting_hypotheses
from .terms import (
    NormalEquations,
    PoseMixture,
    PosePrior,
    add_box,
    add_ground,
    add_points,
    add_priors,
    add_upright,
    pixels_and_slopes,
    project,
)
from .world import FittedAnimal, stand_on_ground

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

PITCH_MEAN, PITCH_SIGMA = 0.15, 0.2
"""Most photos of animals are taken by a standing person: the camera looks down a little (radians)."""

POINT_SIGMA = 0.0125
"""Spread of sharply defined points (eyes, nose, paws) about the model's, as a share of the animal's size in the picture."""

BLUR = {"eye": 1.0, "nose": 1.0, "paw": 1.2, "tip": 1.5, "mouth_corner": 1.5, "chin": 1.5, "jaw": 1.5, "ear_base": 1.5,
        "wrist": 1.5, "ankle": 1.5}
"""How much wider the other points spread: nobody agrees where a shoulder is, within a shoulder's width."""

BLUR_ELSEWHERE = 1.8

OUTLINE_SIGMA = 0.012
"""Spread of the mask's outline about the body's, as a share of the animal's size."""

OUTLINE_POINTS = 12.0
"""Neighbouring outline points err together: however many there are, each direction of matching counts as this many."""

GROUND_SIGMA = 0.08
"""How far the four feet lie from one ground, for an animal as long as SMAL's (2.5 units)."""


ROLL_SIGMA, TILT_SIGMA = 0.1, 0.4
"""How far trunks roll to a side and tilt up or down, radians: animals lie and sit, but seldom lean."""

PRIOR_WIDEN, PRIOR_FLOOR = 2.0, 0.15
"""Animals in photos do more than those in a modeller's clips: factor on the learned spreads, and what every joint is free
to do beside, as a share of half its limits."""
LIMITS_IN_SIGMAS = 6.0
"""The span of a joint's limits, in standard deviations of its pose prior."""

_SAME_DIRECTION = 0.87
"""Hypotheses less than 30 degrees apart (the cosine) are one and the same explanation."""

PAWS = [INDEX[name] for name in ("left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw")]


@dataclass(frozen=True)
class FitResult:
    """All animals of an image under one camera, in the Z-up world; and how long it took."""

    camera: Camera
    animals: list[FittedAnimal]
    seconds: float


@dataclass
class Matches:
    """Outline matches of n hypotheses: vertex ids (n, m), targets (n, m, 2), normals (n, m, 2), weights (n, m)."""

    ids: Tensor
    targets: Tensor
    normals: Tensor
    weights: Tensor


def fit_image(model: AnimalModel, width: int, height: int, animals: list[FitHints], focal_px: float | None = None,
              progress: Progress | None = None, seed: int = 0, device: str = "cpu") -> FitResult:
    """Fit every animal of a picture of width x height pixels.

    focal_px is the focal length in pixels where it is known. `progress(fraction, stage)` is called often and may raise
    to stop. Raises JobFailure where hints cannot be used.
    """
    began = time.perf_counter()
    progress = progress or (lambda fraction, stage: None)
    K = intrinsics(focal_px or default_focal(width, height), width, height)
    labels = [hint.label or (f"animal {i + 1}" if len(animals) > 1 else "the animal") for i, hint in enumerate(animals)]
    evidence = [check_hints(hint, width, height, label) for hint, label in zip(animals, labels, strict=True)]
    priors = [shape_prior(model, hint, label) for hint, label in zip(animals, labels, strict=True)]
    fitter = Fitter(model, evidence, priors, K, width, height, np.random.default_rng(seed), torch.device(device))
    with torch.no_grad(), _one_thread():
        best, alternatives = fitter.run(progress)
    camera, fitted = stand_on_ground(fitter, best, animals, evidence, alternatives)
    progress(1.0, "done")
    return FitResult(camera, fitted, time.perf_counter() - began)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The matrices are small: a second thread wins a third on an idle computer and loses tenfold on a busy one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Fitter:
    """The evidence of one image as tensors, and the three stages over it."""

    def __init__(self, model: AnimalModel, evidence: list[Evidence], priors: list[tuple[Array, Array]], K: Array, width: int,
                 height: int, rng: np.random.Generator, device: torch.device) -> None:
        self.model, self.evidence, self.K_numpy, self.rng = model, evidence, K, rng
        self.width, self.height = width, height

        def tensor(array: object) -> Tensor:
            return torch.tensor(np.asarray(array), dtype=torch.float64, device=device)

        self.K = tensor(K)
        self.body = BodyPoints(model, tensor([mean for mean, _ in priors]), tensor(pad([basis for _, basis in priors])))
        matrix = model.superset_matrix
        self.keypoint_matrix = tensor(matrix)
        used = np.flatnonzero(matrix.any(0))
        self.point_ids = torch.tensor(used, device=device)
        self.point_rows = tensor(matrix[:, used])
        has = matrix.any(1)
        targets = np.stack([item.points for item in evidence])
        targets[:, ~has] = 0.0
        self.targets = tensor(targets)
        self.blur = tensor(point_blur())
        self.ground_sigma = GROUND_SIGMA * float(np.ptp(np.asarray(model.v_template), axis=0).max()) / 2.5
        self.has_paws = bool(has[PAWS].all())
        self.size = tensor([item.size for item in evidence])
        self.box = tensor([item.box for item in evidence])
        edge = 0.015 * max(width, height)
        border = np.array([0.0, 0.0, width, height])
        # A box that was only made up around the points is the least that the animal fills.
        self.free = torch.tensor(np.stack([(np.abs(item.box - border) < edge) | item.box_from_points for item in evidence]),
                                 device=device)
        self.box_sigma = tensor([_box_sigma(item, refining=False) for item in evidence])
        self.box_sigma_refined = tensor([_box_sigma(item, refining=True) for item in evidence])
        self.pose_prior = pose_prior(model, device)
        self.masks = self._mask_evidence()

    def _mask_evidence(self) -> list[MaskEvidence | None]:
        masks = [item.mask for item in self.evidence]
        covered = np.sum([mask for mask in masks if mask is not None], axis=0, dtype=np.uint8)
        return [None if mask is None else MaskEvidence(mask, covered > mask, mask_box(mask)) for mask in masks]

    # -- stages ---------------------------------------------------------------------------------------------------

    def run(self, progress: Progress) -> tuple[Hypotheses, list[list[tuple[float, Array]]]]:
        """The best hypothesis of every animal, and for each all refined ones as (cost, root rotation)."""
        trying = "trying directions"
        progress(0.02, trying)
        theta = self.pose_prior.mean.reshape(-1, 3)
        h = starting_hypotheses(self.body, self.evidence, self.K_numpy, self.keypoint_matrix, theta, PITCH_MEAN)
        with_mask = any(mask is not None for mask in self.masks)
        h, _, damping = minimise(h, lambda x: self.assemble(x, None, stiffness=6.0, cutoff=40.0), 5,
                                 tick=lambda done: progress(0.02 + 0.18 * done, trying))
        h, cost, damping = minimise(h, lambda x: self.assemble(x, None, cutoff=20.0), 6, damping,
                                    lambda done: progress(0.2 + 0.15 * done, trying))
        progress(0.35, "choosing directions")
        few = ((self.targets[..., 2] > 0).sum(1) < 6).tolist()
        keep = [6 if mask is not None and few[a] else 4 for a, mask in enumerate(self.masks)]
        h = h[_best_of_each(h, cost, keep)]
        h, cost = self._refine(h, 4 if with_mask else 2, progress, 0.35, 0.7)
        alternatives = [[(float(c), R.cpu().numpy()) for c, R in zip(cost[h.animal == a], h.R0[h.animal == a], strict=True)]
                        for a in range(len(self.evidence))]
        h = h[_best_of_each(h, cost, [1] * len(self.evidence))]
        h, _ = self._refine(h, 6 if with_mask else 2, progress, 0.7, 0.98)
        return h, alternatives

    def _refine(self, h: Hypotheses, rounds: int, progress: Progress, start: float, end: float) -> tuple[Hypotheses, Tensor]:
        """Rounds of matching outlines and solving; gives the hypotheses and their costs."""
        damping, cost = None, None
        for i in range(rounds):
            def tick(done: float, i: int = i) -> None:
                progress(start + (end - start) * (i + done) / rounds, "fitting shape and pose")

            tick(0.0)
            matches = self._match(h)
            h, cost, damping = minimise(h, lambda x, m=matches: self.assemble(x, m), 4, damping, tick)
            damping = damping.clamp(max=1.0)
        assert cost is not None
        return h, cost

    def _match(self, h: Hypotheses) -> Matches | None:
        if all(mask is None for mask in self.masks):
            return None
        vertices = self.body.vertices(h).cpu().numpy()
        pixels = vertices[..., :2] / np.maximum(vertices[..., 2:], 0.05) * self.K_numpy.diagonal()[:2] + self.K_numpy[:2, 2]
        rows = []
        for i, animal in enumerate(h.animal.tolist()):
            mask = self.masks[animal]
            if mask is None:
                rows.append((np.zeros(2 * MATCHES, np.intp), np.zeros((2 * MATCHES, 2)), np.zeros((2 * MATCHES, 2)),
                             np.zeros(2 * MATCHES)))
            else:
                rows.append(mask.match(vertices[i], pixels[i], self.model.faces, self.K_numpy, self.rng))
        ids, targets, normals, weights = (torch.tensor(np.stack(part), device=self.K.device) for part in zip(*rows, strict=True))
        return Matches(ids, targets, normals, weights)

    # -- the objective --------------------------------------------------------------------------------------------

    def assemble(self, h: Hypotheses, matches: Matches | None, stiffness: float = 1.0, cutoff: float = 10.0) -> NormalEquations:
        """The normal equations of all terms. `stiffness` multiplies the pose prior and `cutoff` (in standard
        deviations) is where a point begins to be doubted: both are high while directions are sought."""
        eq = NormalEquations.zeros(len(h), h.n_parameters, self.K)
        s = self.body.skeletons(h)
        size = self.size[h.animal]
        points, motion = self.body.points(h, s, self.point_ids.expand(len(h), -1), self.point_rows)
        pixels, slopes = project(points, motion, self.K)
        sigma = POINT_SIGMA * size[:, None] * self.blur
        add_points(eq, pixels, slopes, self.targets[h.animal], sigma, cutoff)
        add_box(eq, self.body, h, s, self.K, self.box[h.animal], self.free[h.animal],
                (self.box_sigma if matches is None else self.box_sigma_refined)[h.animal] * size)
        if matches is not None:
            self._add_outline(eq, h, s, matches, size)
        add_priors(eq, h, self.pose_prior.at(h.theta), stiffness, shape_strength=1.0)
        add_upright(eq, h, PITCH_MEAN, PITCH_SIGMA, roll_sigma=ROLL_SIGMA, tilt_sigma=TILT_SIGMA)
        if self.has_paws:
            add_ground(eq, h, points[:, PAWS], motion.take(PAWS), self.ground_sigma)
        return eq

    def _add_outline(self, eq: NormalEquations, h: Hypotheses, s: Skeletons, matches: Matches, size: Tensor) -> None:
        points, motion = self.body.points(h, s, matches.ids)
        pixels, slopes = pixels_and_slopes(points, self.K)
        weight = matches.weights * OUTLINE_POINTS
        sigma = OUTLINE_SIGMA * size[:, None]
        across = ((pixels - matches.targets) * matches.normals).sum(-1) / sigma
        rows = motion.along(matches.normals[:, :, None] @ slopes)[:, :, 0]
        eq.add(across, rows / sigma[..., None], weight, cutoff=6.0)


def _box_sigma(item: Evidence, *, refining: bool) -> float:
    """How closely a box is met, as a share of the animal's size: a drawn one to the line, one around a mask roughly, until
    the outline itself takes over."""
    if item.mask is not None:
        return 30.0 if refining else 0.08
    return 0.03 if item.box_given else 0.08


def _best_of_each(h: Hypotheses, cost: Tensor, keep: list[int]) -> Tensor:
    """Indices of the `keep[a]` cheapest hypotheses of each animal a that face clearly different ways, cheapest first.

    Several starts end in the same place: keeping them all would leave no room for the other explanation.
    """
    picked: list[int] = []
    for a in torch.unique(h.animal).tolist():
        mine: list[int] = []
        for i in torch.argsort(cost).tolist():
            if int(h.animal[i]) != a or len(mine) == keep[a]:
                continue
            # The cosine of the angle between two rotations, from the trace of one after the other's inverse.
            cosines = [(float((h.R0[i] * h.R0[j]).sum()) - 1.0) / 2.0 for j in mine]
            if all(cosine < _SAME_DIRECTION for cosine in cosines):
                mine.append(i)
        picked += mine
    return torch.tensor(picked, device=cost.device)


def point_blur() -> Array:
    """(44,) the spread of every point of the superset, in units of POINT_SIGMA."""
    return np.array([next((wide for part, wide in BLUR.items() if part in name), BLUR_ELSEWHERE) for name in SUPERSET])


def pose_prior(model: AnimalModel, device: torch.device) -> PosePrior | PoseMixture:
    """What the model's file says of its poses, a little widened, or else what its joint limits suggest."""
    if model.pose_prior is None:
        return pose_prior_from_limits(model, device)
    return pose_mixture(model, device, PRIOR_WIDEN, PRIOR_FLOOR)


def pose_mixture(model: AnimalModel, device: torch.device, widen: float = 1.0, floor: float = 0.0) -> PoseMixture:
    """The mixture of `model.pose_prior`, of which the component nearest to each hypothesis counts; its spreads widened by
    a factor and by a share of half of what every joint's limits allow."""
    learned, plain = model.pose_prior, pose_prior_from_limits(model, device)
    assert learned is not None
    least = (floor * (plain.high - plain.low).flatten() / 2) ** 2
    covariances = widen**2 * torch.tensor(learned.covariances, device=device) + torch.diag(least)
    precisions = torch.linalg.inv(covariances)
    constants = torch.logdet(covariances) - 2 * torch.tensor(learned.weights, device=device).log()
    means = torch.tensor(learned.means, device=device).flatten(1)
    mean = torch.tensor(learned.moments()[0], device=device).flatten()
    return PoseMixture(mean, means, (precisions + precisions.transpose(1, 2)) / 2, constants - constants.min(), plain.low,
                       plain.high)


def pose_prior_from_limits(model: AnimalModel, device: torch.device) -> PosePrior:
    """Independent joints about the rest pose, spread by the model's joint limits; 0.3 rad where it has none."""
    if model.joint_limits is None:
        limits = np.tile([-1.5, 1.5], (model.n_joints, 3, 1))
        sigma = np.full((model.n_joints, 3), 0.3)
    else:
        limits = np.asarray(model.joint_limits)
        sigma = np.clip((limits[..., 1] - limits[..., 0]) / LIMITS_IN_SIGMAS, 0.03, 0.5)
    precision = torch.diag(torch.tensor(1.0 / sigma[1:].ravel() ** 2, device=device))
    low, high = (torch.tensor(limits[1:, :, side].copy(), device=device) for side in (0, 1))
    return PosePrior(torch.zeros(len(precision), dtype=torch.float64, device=device), precision, low, high)
