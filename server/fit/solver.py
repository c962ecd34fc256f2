"""Levenberg-Marquardt for many hypotheses at once, each with its own damping and its own accepted steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .body_points import Hypotheses
from .terms import NormalEquations

Assemble = Callable[[Hypotheses], NormalEquations]

_LONGEST_TURN = 0.6
"""Radians that any rotation parameter may change in one step: beyond it the linearisation means nothing."""


def minimise(h: Hypotheses, assemble: Assemble, iterations: int, damping: Tensor | None = None,
             tick: Callable[[float], None] = lambda done: None) -> tuple[Hypotheses, Tensor, Tensor]:
    """Lower the cost of every hypothesis by `iterations` damped Gauss-Newton steps; `tick(share done)` after each.

    Gives the hypotheses, their costs (n,) and the dampings (n,) to go on from. A step that raises a cost is undone and
    its damping raised; no hypothesis ever gets worse.
    """
    eq = assemble(h)
    damping = eq.cost.new_full((len(h),), 1e-2) if damping is None else damping
    for i in range(iterations):
        candidate = h.moved(_step(eq, damping, h))
        after = assemble(candidate)
        better = after.cost < eq.cost
        h = candidate.where(better, h)
        eq = NormalEquations(torch.where(better[:, None, None], after.H, eq.H), torch.where(better[:, None], after.g, eq.g),
                             torch.where(better, after.cost, eq.cost))
        damping = torch.where(better, damping * 0.3, damping * 8.0).clamp(1e-6, 1e6)
        tick((i + 1) / iterations)
    return h, eq.cost, damping


def _step(eq: NormalEquations, damping: Tensor, h: Hypotheses) -> Tensor:
    """The damped step (n, P), shortened where it turns too far or halves the distance to the camera."""
    diagonal = eq.H.diagonal(dim1=1, dim2=2)
    damped = eq.H + torch.diag_embed(damping[:, None] * diagonal.clamp_min(1e-3))
    factor, info = torch.linalg.cholesky_ex(damped)
    step = -torch.cholesky_solve(eq.g[..., None], factor)[..., 0]
    step = torch.where((info == 0)[:, None] & step.isfinite().all(1, keepdim=True), step, torch.zeros_like(step))
    turns = 3 + 3 * h.theta.shape[1]
    longest = step[:, :turns].abs().amax(1) / _LONGEST_TURN
    nearer = step[:, turns:turns + 3].norm(dim=1) / (0.4 * h.trans.norm(dim=1)).clamp_min(0.2)
    return step / torch.maximum(longest, nearer).clamp_min(1.0)[:, None]
