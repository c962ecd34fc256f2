"""The terms of the fit: each adds its residuals and derivatives to the normal equations of every hypothesis.

All residuals are in standard deviations of what is expected, so that the sum of squares is twice a negative log
posterior. Data terms are robust (Geman-McClure by reweighting); the priors are quadratic, with hinges at joint limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .body_points import BodyPoints, Hypotheses, Motion, Skeletons, cross_matrix


@dataclass
class NormalEquations:
    """H (n, P, P), g (n, P) and cost (n,) of n hypotheses; terms are added one by one."""

    H: Tensor
    g: Tensor
    cost: Tensor

    @classmethod
    def zeros(cls, n: int, P: int, like: Tensor) -> NormalEquations:
        return cls(like.new_zeros(n, P, P), like.new_zeros(n, P), like.new_zeros(n))

    def add(self, residual: Tensor, jacobian: Tensor, weight: Tensor | None = None, cutoff: float | None = None) -> None:
        """Add residuals (n, r) with derivatives (n, r, P), weights (n, r), and a Geman-McClure cutoff in residual units."""
        weight = torch.ones_like(residual) if weight is None else weight
        square = residual**2
        if cutoff is None:
            self.cost += (weight * square).sum(1)
        else:
            c2 = cutoff * cutoff
            self.cost += (weight * square * c2 / (c2 + square)).sum(1)
            weight = weight * (c2 / (c2 + square)) ** 2
        weighted = jacobian * weight[..., None]
        self.H += weighted.transpose(1, 2) @ jacobian
        self.g += (weighted * residual[..., None]).sum(1)


def project(points: Tensor, motion: Motion, K: Tensor) -> tuple[Tensor, Tensor]:
    """Camera points (n, m, 3) → pixels (n, m, 2) and their derivatives (n, m, 2, P)."""
    pixels, slopes = pixels_and_slopes(points, K)
    return pixels, motion.along(slopes)


def pixels_and_slopes(points: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels (n, m, 2) of camera points (n, m, 3), and the gradient of each pixel coordinate in space (n, m, 2, 3)."""
    z = points[..., 2:].clamp_min(0.05)
    focal = K.diagonal()[:2] / z
    offset = points[..., :2] / z
    slopes = torch.cat([torch.diag_embed(focal), (-focal * offset)[..., None]], -1)
    return offset * K.diagonal()[:2] + K[:2, 2], slopes


def add_points(eq: NormalEquations, pixels: Tensor, derivatives: Tensor, targets: Tensor, sigma: Tensor, cutoff: float) -> None:
    """Keypoints: pixels (n, K, 2) against targets (n, K, 3) with confidence, in units of sigma (n, K)."""
    residual = (pixels - targets[..., :2]) / sigma[..., None]
    weight = targets[..., 2:].expand_as(residual)
    length = residual.norm(dim=-1, keepdim=True)
    # The two coordinates of a point are doubted together.
    c2 = cutoff * cutoff
    trust = (c2 / (c2 + length**2)) ** 2
    eq.cost += (weight[..., 0] * (length[..., 0] ** 2 * c2 / (c2 + length[..., 0] ** 2))).sum(1)
    jacobian = (derivatives / sigma[..., None, None]).flatten(1, 2)
    weighted = jacobian * (weight * trust).flatten(1)[..., None]
    eq.H += weighted.transpose(1, 2) @ jacobian
    eq.g += (weighted * residual.flatten(1)[..., None]).sum(1)


def add_box(eq: NormalEquations, body: BodyPoints, h: Hypotheses, s: Skeletons, K: Tensor, box: Tensor, free: Tensor,
            sigma: Tensor) -> None:
    """A box (n, 4): the outermost vertices touch its sides, within sigma (n,) pixels.

    Where the picture cuts the animal (free (n, 4) true) the body may reach beyond, but not fall short. The body without
    its tail should nearly reach the sides too: a tail is as often tucked away as stretched out, and one that fills the
    box would shrink the animal. Not robust: where a person has drawn a box, the animal is.
    """
    outward = torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=box.dtype, device=box.device)
    side = torch.arange(4, device=box.device)
    for ids, spread in ((body.hull, sigma), (body.trunk_hull, 4.0 * sigma)):
        vertices = body.vertices(h, s, ids)
        flat = vertices[..., :2] / vertices[..., 2:].clamp_min(0.05)
        extremes = [flat[..., 0].argmin(1), flat[..., 1].argmin(1), flat[..., 0].argmax(1), flat[..., 1].argmax(1)]
        points, motion = body.points(h, s, ids[torch.stack(extremes, 1)])
        pixels, slopes = pixels_and_slopes(points, K)
        picked, rows = pixels[:, side, side % 2], motion.along(slopes[:, side, side % 2][:, :, None])[:, :, 0]
        weight = torch.where(free & ((picked - box) * outward > 0), 0.0, 1.0).to(box.dtype)
        eq.add((picked - box) / spread[:, None], rows / spread[:, None, None], weight)


@dataclass(frozen=True)
class PosePrior:
    """How joints may turn: mean (D,) and precision (D, D), D = 3(J-1), of their axis-angle vectors, or (n, D) and (n, D, D)
    for n hypotheses with one each; limits low and high (J-1, 3) radians; constant (n,) what their cost has beside."""

    mean: Tensor
    precision: Tensor
    low: Tensor
    high: Tensor
    constant: Tensor | float = 0.0

    def at(self, theta: Tensor) -> PosePrior:
        """The prior as it is about theta (n, J-1, 3): the same everywhere."""
        return self


@dataclass(frozen=True)
class PoseMixture:
    """A mixture of which, wherever one stands, the likeliest component counts (Olson and Agarwal 2013): means (M, D),
    precisions (M, D, D), constants (M,) the part of -2 log density that no turn changes, the least of them 0; mean (D,) of all."""

    mean: Tensor
    means: Tensor
    precisions: Tensor
    constants: Tensor
    low: Tensor
    high: Tensor

    def at(self, theta: Tensor) -> PosePrior:
        """For each of theta (n, J-1, 3) the component that explains it best: a PosePrior with a row for each."""
        off = theta.flatten(1)[:, None] - self.means
        best = (torch.einsum("nmi,mij,nmj->nm", off, self.precisions, off) + self.constants).argmin(1)
        return PosePrior(self.means[best], self.precisions[best], self.low, self.high, self.constants[best])


def add_priors(eq: NormalEquations, h: Hypotheses, prior: PosePrior, strength: float, shape_strength: float) -> None:
    """Pose and shape: Gaussian about the prior's mean, with a steep hinge outside the joint limits."""
    k, turns = h.z.shape[1], h.theta[0].numel()
    pose, shape = slice(3, 3 + turns), slice(6 + turns, 6 + turns + k)
    off = h.theta.flatten(1) - prior.mean
    pull = strength * (off[:, None] @ prior.precision)[:, 0]
    excess = ((h.theta - prior.high).clamp_min(0) + (h.theta - prior.low).clamp_max(0)).flatten(1)
    steep = 1.0 / 0.1**2
    eq.cost += (off * pull).sum(1) + strength * prior.constant + steep * (excess**2).sum(1) + shape_strength * (h.z**2).sum(1)
    eq.g[:, pose] += pull + steep * excess
    eq.g[:, shape] += shape_strength * h.z
    eq.H[:, pose, pose] += strength * prior.precision + torch.diag_embed((excess != 0).to(off.dtype) * steep)
    eq.H[:, shape, shape] += shape_strength * torch.eye(k, dtype=off.dtype, device=off.device)


def up_in_camera(pitch: Tensor) -> tuple[Tensor, Tensor]:
    """The world's up in camera axes (n, 3) for a camera that looks down by pitch (n,), and its derivative."""
    zero = torch.zeros_like(pitch)
    up = torch.stack([zero, -pitch.cos(), -pitch.sin()], -1)
    return up, torch.stack([zero, pitch.sin(), -pitch.cos()], -1)


def add_upright(eq: NormalEquations, h: Hypotheses, pitch_mean: float, pitch_sigma: float, roll_sigma: float, tilt_sigma: float) -> None:
    """Gravity: the trunk seldom rolls onto its side, may rear or sit, and the camera looks down by `pitch`."""
    up, slope = up_in_camera(h.pitch)
    residuals, rows = [], []
    axes = torch.eye(3, dtype=up.dtype, device=up.device)
    for axis, sigma in ((1, roll_sigma), (0, tilt_sigma)):
        direction = h.R0[:, :, axis]
        turn = -(up[:, None] @ h.R0 @ cross_matrix(axes[axis]))[:, 0]
        row = torch.zeros_like(eq.g)
        row[:, :3] = turn / sigma
        row[:, -1] = (direction * slope).sum(1) / sigma
        residuals.append((direction * up).sum(1) / sigma)
        rows.append(row)
    # Upside down has no roll or tilt either: below the horizon, the height of the back counts.
    back = (h.R0[:, :, 2] * up).sum(1)
    row = torch.zeros_like(eq.g)
    row[:, :3] = -(up[:, None] @ h.R0 @ cross_matrix(axes[2]))[:, 0] / 0.2
    row[:, -1] = (h.R0[:, :, 2] * slope).sum(1) / 0.2
    below = (back < 0).to(up.dtype)
    residuals.append((back / 0.2) * below)
    rows.append(row * below[:, None])
    row = torch.zeros_like(eq.g)
    row[:, -1] = 1.0 / pitch_sigma
    residuals.append((h.pitch - pitch_mean) / pitch_sigma)
    rows.append(row)
    eq.add(torch.stack(residuals, 1), torch.stack(rows, 1), cutoff=4.0)


def add_ground(eq: NormalEquations, h: Hypotheses, paws: Tensor, motion: Motion, sigma: float) -> None:
    """Feet stand on one ground: the heights of the four paws (n, 4, 3) along the world's up agree. This is what tells
    an animal that walks away from one that comes: from above, the nearer paws are lower in the picture."""
    up, slope = up_in_camera(h.pitch)
    centred = paws - paws.mean(1, keepdim=True)
    residual = (centred @ up[..., None])[..., 0] / sigma
    rows = motion.along(up[:, None, None].expand(-1, paws.shape[1], 1, 3))[:, :, 0]
    rows = (rows - rows.mean(1, keepdim=True)) / sigma
    rows[..., -1] = (centred @ slope[..., None])[..., 0] / sigma
    eq.add(residual, rows, cutoff=2.5)
