"""All frames of a clip at once: damped Gauss-Newton steps over poses that hang together through time, and what they share.

Neighbouring frames are tied by second differences: a pose keeps on moving as it moves unless the points say otherwise. The
equations touch only two frames before and after each, and what all share is taken out first, so that a step costs as
much for each frame whatever the length of the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..lift.refine.banded import BlockBand
from .body_points import Hypotheses, rodrigues
from .clip_terms import PITCH_SIGMA, ClipTerms
from .image import PITCH_MEAN

Array = NDArray[np.float64]

_LONGEST_TURN = 0.6


@dataclass(frozen=True)
class Spreads:
    """How much motion speeds up and slows down, one standard deviation: theta (3(J-1),) and root radians a frame², place model units
    a frame²."""

    theta: Tensor
    root: float
    place: float


@dataclass
class ClipState:
    """A clip's frames as hypotheses (every row the same shape and, where it is sought, pitch), and the ground's height in them (n,)."""

    h: Hypotheses
    ground: Tensor

    def moved(self, step: Tensor, shared: Tensor) -> ClipState:
        """After a step: step (n, D) of the frames' own and shared (S,): shape, pitch, ground."""
        rows = torch.cat([step, shared[None, :-1].expand(len(step), -1)], 1)
        return ClipState(self.h.moved(rows), self.ground + shared[-1])


@dataclass
class _Equations:
    own: Tensor
    mixed: Tensor
    common: Tensor
    g: Tensor
    g_common: Tensor
    cost: float


@dataclass(frozen=True)
class Plan:
    """What is sought and how: free shares of what frames share; `held` frames at the start do not move; spreads None ties no frames."""

    frames: Tensor
    spreads: Spreads | None
    held: int = 0
    shape: bool = False
    pitch: bool = False
    ground: bool = False
    stiffness: float = 1.0
    cutoff: float = 10.0


def solve_clip(terms: ClipTerms, state: ClipState, plan: Plan, iterations: int,
               tick: Callable[[float], None] = lambda done: None) -> ClipState:
    """Lower the cost of a clip by at most so many steps; ends when they gain nothing any more."""
    damping = 1e-3
    eq = _equations(terms, state, plan)
    for i in range(iterations):
        own, shared = _step(terms, state, eq, plan, damping)
        candidate = state.moved(own, shared)
        after = _equations(terms, candidate, plan)
        tick((i + 1) / iterations)
        if after.cost < eq.cost:
            gain = (eq.cost - after.cost) / max(eq.cost, 1e-12)
            state, eq, damping = candidate, after, max(damping * 0.3, 1e-6)
            if gain < 1e-4:
                break
        else:
            damping *= 8.0
            if damping > 1e5:
                break
    return state


def _equations(terms: ClipTerms, state: ClipState, plan: Plan) -> _Equations:
    h = state.h
    eq = terms.assemble(h, plan.frames, state.ground, plan.stiffness, plan.cutoff, shape_strength=0.0)
    D, k = 6 + 3 * h.theta.shape[1], h.z.shape[1]
    own, mixed, common = eq.H[:, :D, :D], eq.H[:, :D, D:], eq.H[:, D:, D:].sum(0)
    g_common, cost = eq.g[:, D:].sum(0), float(eq.cost.sum())
    z, pitch = h.z[0], h.pitch[0]
    # What is amiss in one frame (points that others set elsewhere, a trunk that tilts) is amiss in all: together they tell no more of
    # what they share than one does, and it is held to what is usual as it is in a photo.
    worth = float(len(h))
    common[:k, :k] += worth * torch.eye(k, dtype=z.dtype, device=z.device)
    g_common[:k] += worth * z
    cost += worth * float((z**2).sum())
    if plan.pitch:
        stiff = worth * PITCH_SIGMA**-2
        common[k, k] += stiff
        g_common[k] += (pitch - PITCH_MEAN) * stiff
        cost += stiff * float((pitch - PITCH_MEAN) ** 2)
    g = eq.g[:, :D].clone()
    if plan.spreads is not None and len(h) > 2:
        cost += _tie(terms, h, plan, g)
    return _Equations(own, mixed, common, g, g_common, cost)


def differences(terms: ClipTerms, h: Hypotheses, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Second differences (n-2, …) of root turns (3), joints (3(J-1)) and places (3, in the world's axes, model units)."""
    M = terms.M[frames]
    world = M @ h.R0
    turn = log_rotation(world[:-1].transpose(1, 2) @ world[1:])
    theta = h.theta.flatten(1)
    place = (M @ (terms.body.joints[0, 0] + h.trans)[..., None])[..., 0] + terms.place[frames]
    return turn[1:] - turn[:-1], theta[2:] - 2 * theta[1:-1] + theta[:-2], place[2:] - 2 * place[1:-1] + place[:-2]


def _tie(terms: ClipTerms, h: Hypotheses, plan: Plan, g: Tensor) -> float:
    """Add the gradient of the ties through time to g (n, D); gives their cost."""
    assert plan.spreads is not None
    turn, theta, place = differences(terms, h, plan.frames)
    s = plan.spreads
    pulls = [turn / s.root**2, theta / s.theta**2, place / s.place**2]
    cost = float((turn * pulls[0]).sum() + (theta * pulls[1]).sum() + (place * pulls[2]).sum())
    pull = torch.cat(pulls, 1)
    spread = torch.zeros_like(g)
    spread[2:] += pull
    spread[1:-1] -= 2 * pull
    spread[:-2] += pull
    spread[:, -3:] = (terms.M[plan.frames].transpose(1, 2) @ spread[:, -3:, None])[..., 0]
    g += spread
    return cost


def _bands(terms: ClipTerms, eq: _Equations, plan: Plan) -> tuple[Array, Array, Array]:
    """The blocks (n, D, D), (n-1, D, D), (n-2, D, D) of the equations, ties included."""
    n, D = eq.g.shape
    own = eq.own.cpu().numpy().copy()
    first, second = np.zeros((n - 1, D, D)), np.zeros((max(n - 2, 0), D, D))
    if plan.spreads is None or n < 3:
        return own, first, second
    s = plan.spreads
    weight = np.concatenate([np.full(3, s.root**-2), (s.theta**-2).cpu().numpy(), np.zeros(3)])
    coefficient = np.zeros((3, n))
    for start in range(3):
        coefficient[0, start:n - 2 + start] += (1.0, 4.0, 1.0)[start]
    coefficient[1, 0:n - 2] += -2.0
    coefficient[1, 1:n - 1] += -2.0
    coefficient[2, 0:n - 2] += 1.0
    M = terms.M[plan.frames].cpu().numpy() / s.place
    diagonal = np.arange(D)
    place = slice(D - 3, D)
    for lag, block in ((0, own), (1, first), (2, second)):
        c = coefficient[lag, :len(block)]
        block[:, diagonal, diagonal] += c[:, None] * weight
        block[:, place, place] += c[:, None, None] * np.einsum("nab,nac->nbc", M[lag:], M[:n - lag])
    return own, first, second


def _step(terms: ClipTerms, state: ClipState, eq: _Equations, plan: Plan, damping: float) -> tuple[Tensor, Tensor]:
    """The damped step of the frames' own (n, D) and of what they share (S,)."""
    own, first, second = _bands(terms, eq, plan)
    D = eq.g.shape[1]
    k = eq.common.shape[0] - 2
    diagonal = np.arange(D)
    own[:, diagonal, diagonal] += damping * np.maximum(own[:, diagonal, diagonal], 1e-3)
    free = np.array([plan.shape] * k + [plan.pitch, plan.ground])
    mixed, g = eq.mixed.cpu().numpy() * free, eq.g.cpu().numpy().copy()
    if plan.held:
        own[:plan.held], g[:plan.held], mixed[:plan.held] = np.eye(D), 0.0, 0.0
        first[:plan.held], second[:plan.held] = 0.0, 0.0
    answer = BlockBand(own, first, second).solve(np.concatenate([g[..., None], mixed], -1))
    shared = np.zeros(k + 2)
    if free.any():
        common = eq.common.cpu().numpy()[np.ix_(free, free)]
        S = int(free.sum())
        common[np.arange(S), np.arange(S)] *= 1.0 + damping
        through = np.einsum("nds,ndt->st", mixed[..., free], answer[..., 1:][..., free])
        right = eq.g_common.cpu().numpy()[free] - np.einsum("nds,nd->s", mixed[..., free], answer[..., 0])
        shared[free] = -np.linalg.lstsq(common - through, right, rcond=1e-10)[0]
    step = -answer[..., 0] - answer[..., 1:] @ shared
    step = np.nan_to_num(step)
    # Each frame by itself: one that is far off must not hold the others back.
    turns = np.abs(step[:, :D - 3]).max(1) / _LONGEST_TURN
    nearer = np.linalg.norm(step[:, D - 3:], axis=1) / np.maximum(0.4 * state.h.trans.norm(dim=1).cpu().numpy(), 0.2)
    step /= np.maximum(np.maximum(turns, nearer), 1.0)[:, None]
    like = state.ground
    return torch.tensor(step, dtype=like.dtype, device=like.device), torch.tensor(shared, dtype=like.dtype, device=like.device)


def log_rotation(R: Tensor) -> Tensor:
    """Rotation matrices (…, 3, 3) → axis-angle (…, 3); exact away from half a turn."""
    off = torch.stack([R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]], -1)
    sine = off.norm(dim=-1, keepdim=True) / 2
    angle = torch.atan2(sine, ((R.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True) - 1) / 2))
    return off / 2 * torch.where(sine < 1e-7, torch.ones_like(sine), angle / sine.clamp_min(1e-12))


def between(R0: Tensor, R1: Tensor, share: Tensor) -> Tensor:
    """Rotations (n, 3, 3) on the shortest way from R0 to R1, at shares (n,) of it."""
    return R0 @ rodrigues(log_rotation(R0.transpose(1, 2) @ R1) * share[:, None])


def same_for_all(h: Hypotheses, z: Tensor, pitch: Tensor) -> Hypotheses:
    """The hypotheses with one shape z (k,) and pitches (n,)."""
    return replace(h, z=z.expand(len(h), -1).clone(), pitch=pitch.clone())
