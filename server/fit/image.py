"""One photo, start to end: hints in, animals and camera out.

First every animal is tried from many directions on its points and box alone; the best few directions are refined with
the mask; the best one is finished. All animals and directions of an image run in one batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...animal.cameras import Camera, default_focal, intrinsics
from ...animal.keypoints import INDEX, SUPERSET
from ...animal.model import AnimalModel
from .body_points import BodyPoints, Hypotheses, Skeletons
from .hints import Evidence, FitHints, check_hints
from .shape_prior import pad, shape_prior
from .silhouette import MATCHES, MaskEvidence
from .solver import minimise
from .starts import starting_hypotheses
from .terms import (NormalEquations, PosePrior, add_box, add_ground, add_points, add_priors, add_upright, project)
from .world import FittedAnimal, stand_on_ground

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

PITCH_MEAN, PITCH_SIGMA = 0.15, 0.2
"""Most photos of animals are taken by a standing person: the camera looks down a little (radians)."""

POINT_SIGMA = 0.025
"""Spread of clicked points about the model's, as a share of the animal's size in the picture."""

PAWS = tuple(INDEX[name] for name in ("left_front_paw", "right_front_paw", "left_hind_paw", "right_hind_paw"))


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
    with torch.no_grad():
        best, alternatives = fitter.run(progress)
    camera, fitted = stand_on_ground(fitter, best, animals, evidence, alternatives)
    progress(1.0, "done")
    return FitResult(camera, fitted, time.perf_counter() - began)


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
        matrix = np.zeros((len(SUPERSET), model.n_vertices))
        for row, name in zip(np.asarray(model.keypoint_matrix), model.keypoint_names, strict=True):
            matrix[INDEX[name]] = row
        self.keypoint_matrix = tensor(matrix)
        used = np.flatnonzero(matrix.any(0))
        self.point_ids = torch.tensor(used, device=device)
        self.point_rows = tensor(matrix[:, used])
        has = matrix.any(1)
        targets = np.stack([item.points for item in evidence])
        targets[:, ~has] = 0.0
        self.targets = tensor(targets)
        self.has_paws = float(has[list(PAWS)].all())
        self.size = tensor([item.size for item in evidence])
        self.box = tensor([item.box for item in evidence])
        edge = 0.015 * max(width, height)
        border = np.array([0.0, 0.0, width, height])
        self.free = torch.tensor(np.stack([np.abs(item.box - border) < edge for item in evidence]), device=device)
        self.box_weight = tensor([float(item.box_given and item.mask is None) for item in evidence])
        self.pose_prior = _pose_prior(model, tensor)
        self.masks = self._mask_evidence()

    def _mask_evidence(self) -> list[MaskEvidence | None]:
        masks = [item.mask for item in self.evidence]
        everyone = [mask for mask in masks if mask is not None]
        found: list[MaskEvidence | None] = []
        for item in self.evidence:
            if item.mask is None:
                found.append(None)
                continue
            others = np.logical_or.reduce([m for m in everyone if m is not item.mask]) & ~item.mask if len(everyone) > 1 else None
            found.append(MaskEvidence(item.mask, others, item.box))
        return found

    # -- stages ---------------------------------------------------------------------------------------------------

    def run(self, progress: Progress) -> tuple[Hypotheses, list[list[tuple[float, Array]]]]:
        """The best hypothesis of every animal, and for each all refined ones as (cost, root rotation)."""
        progress(0.02, "trying directions")
        theta = self.pose_prior.mean
        h = starting_hypotheses(self.body, self.evidence, self.K_numpy, self.keypoint_matrix, theta, PITCH_MEAN)
        with_mask = any(mask is not None for mask in self.masks)
        h, _, damping = minimise(h, lambda x: self.assemble(x, None, stiffness=6.0), 5)
        progress(0.2, "trying directions")
        h, cost, damping = minimise(h, lambda x: self.assemble(x, None, stiffness=1.0), 6, damping)
        progress(0.35, "choosing directions")
        few = int((self.targets[..., 2] > 0).sum(1).min()) < 6
        h = h[_best_of_each(h.animal, cost, 6 if with_mask and few else 3)]
        h, cost = self._refine(h, 4 if with_mask else 2, progress, 0.35, 0.7)
        alternatives = [[(float(c), R.cpu().numpy()) for c, R in zip(cost[h.animal == a], h.R0[h.animal == a], strict=True)]
                        for a in range(len(self.evidence))]
        h = h[_best_of_each(h.animal, cost, 1)]
        h, _ = self._refine(h, 6 if with_mask else 2, progress, 0.7, 0.98)
        return h, alternatives

    def _refine(self, h: Hypotheses, rounds: int, progress: Progress, start: float, end: float) -> tuple[Hypotheses, Tensor]:
        """Rounds of matching outlines and solving; gives the hypotheses and their costs."""
        damping, cost = None, None
        for i in range(rounds):
            progress(start + (end - start) * i / rounds, "fitting shape and pose")
            matches = self._match(h)
            h, cost, damping = minimise(h, lambda x, m=matches: self.assemble(x, m, stiffness=1.0), 4, damping)
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

    def assemble(self, h: Hypotheses, matches: Matches | None, stiffness: float) -> NormalEquations:
        """The normal equations of all terms. `stiffness` multiplies the pose prior: high while directions are sought."""
        eq = NormalEquations.zeros(len(h), h.n_parameters, self.K)
        s = self.body.skeletons(h)
        size = self.size[h.animal]
        vertices, derivatives = self.body.points(h, s, self.point_ids.expand(len(h), -1))
        points = self.point_rows @ vertices
        derivatives = torch.einsum("kv,nvcp->nkcp", self.point_rows, derivatives)
        pixels, slopes = project(points, derivatives, self.K)
        sigma = (POINT_SIGMA * size)[:, None].expand(-1, points.shape[1])
        add_points(eq, pixels, slopes, self.targets[h.animal], sigma, cutoff=6.0)
        if bool((self.box_weight > 0).any()):
            add_box(eq, self.body, h, s, self.K, self.box[h.animal], self.free[h.animal],
                    0.03 * size / self.box_weight[h.animal].clamp_min(1e-3))
        elif matches is None:
            add_box(eq, self.body, h, s, self.K, self.box[h.animal], self.free[h.animal], 0.08 * size)
        if matches is not None:
            self._add_outline(eq, h, s, matches, size)
        add_priors(eq, h, self.pose_prior, stiffness, 1.0)
        add_upright(eq, h, PITCH_MEAN, PITCH_SIGMA, roll_sigma=0.25, tilt_sigma=0.5)
        if self.has_paws:
            add_ground(eq, h, points[:, PAWS], derivatives[:, PAWS], 0.08, torch.ones_like(size)[:, None])
        return eq

    def _add_outline(self, eq: NormalEquations, h: Hypotheses, s: Skeletons, matches: Matches, size: Tensor) -> None:
        pixels, slopes = project(*self.body.points(h, s, matches.ids), self.K)
        # Neighbouring outline points err together: however many there are, each direction counts as this many.
        weight = matches.weights * 40.0
        sigma = 0.012 * size[:, None]
        off = pixels - matches.targets
        across = (off * matches.normals).sum(-1) / sigma
        eq.add(across, torch.einsum("nmc,nmcp->nmp", matches.normals, slopes) / sigma[..., None], weight, cutoff=6.0)


def _best_of_each(animal: Tensor, cost: Tensor, keep: int) -> Tensor:
    """Indices of the `keep` cheapest hypotheses of each animal, cheapest first."""
    order = torch.argsort(cost)
    picked = [order[animal[order] == a][:keep] for a in torch.unique(animal).tolist()]
    return torch.cat(picked)


def _pose_prior(model: AnimalModel, tensor: Callable[[object], Tensor]) -> PosePrior:
    """A Gaussian about the rest pose from the model's joint limits; 0.3 rad and no limits to speak of where it has none."""
    if model.joint_limits is None:
        limits = np.tile([-1.5, 1.5], (model.n_joints, 3, 1))
        sigma = np.full((model.n_joints, 3), 0.3)
    else:
        limits = np.asarray(model.joint_limits)
        sigma = np.clip((limits[..., 1] - limits[..., 0]) / 5.0, 0.03, 0.5)
    return PosePrior(tensor(np.zeros((model.n_joints - 1, 3))), tensor(sigma[1:]), tensor(limits[1:, :, 0]),
                     tensor(limits[1:, :, 1]))
