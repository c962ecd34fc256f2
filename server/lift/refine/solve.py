"""One motion that explains the tracks and the network's shapes best, with bones that keep their lengths.

Unknown are the root's path, each bone's direction in each frame, and the lengths that all frames share. Gauss-Newton steps
with robust weights; each step's equations are solved by conjugate gradients, so that time and memory grow
with frames times joints and a long clip needs no seams. Arrays are joints first: (J, F, 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .bones import Tree
from .contacts import Held
from .precondition import Curvature, inverse_of, moves_of

TRACK_CUTOFF = 4.0
"""Tracks farther off than this many spreads count less and less (Geman-McClure)."""
SHAPE_CUTOFF = 2.0
"""Joints farther than this many spreads from the network's count by distance, not by its square (pseudo-Huber)."""

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a motion of F frames, J joints. Lengths are in the lifter's unit; weights are 1 / spread².

    rays (J, F, 2): where tracks lie in the picture as x/z, y/z of the camera, track_weight (J, F) 0 where missing.
    R (F or 1, 3, 3), t (F or 1, 3): the cameras. shape (J, F, 3): the network's joints about any centre, in the camera's axes;
    shape_weight (J, F). course (J, F, 3): a smooth motion near the true one; still (J, 2): weights of the second differences in time
    from it, across and along the view; link (F - 2,) 1 where three frames follow one another. depth_still: the same for the mean
    depth of all joints. lengths (G,): what is known of them, within relative spreads length_spread (G,). nearest: the
    smallest depth that counts. held: feet on the ground.
    """

    tree: Tree
    rays: Tensor
    track_weight: Tensor
    R: Tensor
    t: Tensor
    shape: Tensor
    shape_weight: Tensor
    course: Tensor
    still: Tensor
    link: Tensor
    depth_still: float
    lengths: Tensor
    length_spread: Tensor
    nearest: float
    held: Held | None = None


@dataclass(frozen=True, eq=False)
class State:
    """root (F, 3), directions (B, F, 3) unit, lengths (G,): a motion. Also a change of one: directions (B, F, 2) in `frames_of`."""

    root: Tensor
    directions: Tensor
    lengths: Tensor

    def dot(self, other: State) -> Tensor:
        """The inner product of two changes."""
        return ((self.root * other.root).sum() + (self.directions * other.directions).sum()
                + (self.lengths * other.lengths).sum())

    def times(self, factor: float) -> State:
        """The same, scaled."""
        return State(self.root * factor, self.directions * factor, self.lengths * factor)

    def plus(self, other: State, factor: Tensor | float) -> State:
        """self + factor * other, for changes."""
        return State(self.root + factor * other.root, self.directions + factor * other.directions,
                     self.lengths + factor * other.lengths)


def solve(evidence: Evidence, start: State, rounds: int = 6, inner: int = 20, progress: Progress | None = None) -> State:
    """The motion of least cost near `start`. progress gets 0..1 and may raise to stop."""
    state = start
    at = Linearised(evidence, state)
    for number in range(rounds):
        change = at.step(inner)
        factor = 1.0
        while True:
            tried = at.moved(change, factor)
            after = Linearised(evidence, tried)
            if after.cost <= at.cost or factor < 0.1:
                break
            factor *= 0.5
        if progress is not None:
            progress((number + 1) / rounds)
        if not after.cost <= at.cost:
            break
        gain = float((at.cost - after.cost) / at.cost.clamp(min=1e-30))
        state, at = tried, after
        if gain < 2e-3:
            break
    return state


def second_difference(x: Tensor) -> Tensor:
    """(J, F, d) -> (J, F - 2, d) along frames."""
    return x[:, 2:] - 2 * x[:, 1:-1] + x[:, :-2]


def second_difference_back(y: Tensor, frames: int) -> Tensor:
    """The transpose of `second_difference`."""
    x = y.new_zeros(len(y), frames, y.shape[-1])
    if frames > 2:
        x[:, 2:] += y
        x[:, 1:-1] -= 2 * y
        x[:, :-2] += y
    return x


def turn(x: Tensor, R: Tensor) -> Tensor:
    """R x of points (J, F, 3) by R (F, 3, 3) or (1, 3, 3)."""
    return x @ R[0].T if len(R) == 1 else torch.einsum("fab,jfb->jfa", R, x)


def frames_of(directions: Tensor) -> Tensor:
    """Two unit vectors (..., 3, 2) across each unit direction (..., 3)."""
    helper = torch.zeros_like(directions).scatter_(-1, directions.abs().argmin(-1, keepdim=True), 1.0)
    first = torch.nn.functional.normalize(torch.linalg.cross(directions, helper), dim=-1)
    return torch.stack([first, torch.linalg.cross(directions, first)], -1)


class Linearised:
    """The cost of a state, and its equations: gradient and the Gauss-Newton product."""

    def __init__(self, evidence: Evidence, state: State) -> None:
        self.e, self.state = evidence, state
        e = evidence
        self.bone_lengths = state.lengths[e.tree.group][:, None]
        X = e.tree.joints(state.root, state.directions, state.lengths)
        self.X = X
        self.camera = turn(X, e.R) + e.t
        z = self.camera[..., 2].clamp(min=e.nearest)
        self.off = self.camera[..., :2] / z[..., None] - e.rays
        square = (self.off**2).sum(-1) * e.track_weight
        limit = TRACK_CUTOFF**2
        self.track = e.track_weight * (limit / (limit + square)) ** 2
        cost = (limit * square / (limit + square)).sum()
        inside = self.camera[..., 2] > e.nearest
        self.slope = torch.stack([1 / z, torch.where(inside, -self.camera[..., 0] / z**2, 0.0),
                                  torch.where(inside, -self.camera[..., 1] / z**2, 0.0)], -1)  # du/dx = dv/dy, du/dz, dv/dz
        away = self.camera - e.shape
        weight = e.shape_weight
        for _ in range(2):  # the robust weights and the middle that they are about
            middle = (away * weight[..., None]).sum(0) / weight.sum(0).clamp(min=1e-12)[:, None]
            rest = away - middle
            bend = torch.sqrt(1 + (rest**2).sum(-1) * e.shape_weight / SHAPE_CUTOFF**2)
            weight = e.shape_weight / bend
        self.rest, self.shape = rest, weight
        cost = cost + (2 * SHAPE_CUTOFF**2 * (bend - 1)).sum()
        self.jolt = second_difference(turn(X - e.course, e.R) if len(e.R) == 1 else X - e.course)
        cost = cost + (self._still(self.jolt) * self.jolt).sum()
        self.depth = self.camera[..., 2] - (turn(e.course, e.R) + e.t)[..., 2]
        deep = second_difference(self.depth.mean(0)[None, :, None])
        cost = cost + e.depth_still * (e.link[:, None] * deep**2).sum()
        cost = cost + ((torch.log(state.lengths / e.lengths) / e.length_spread) ** 2).sum()
        if e.held is not None:
            cost = cost + e.held.cost(X)
        self.cost = cost

    def _still(self, jolt: Tensor) -> Tensor:
        """Weights of second differences (J, F - 2, 3) applied, in the axes of the middle frame's camera."""
        e = self.e
        across, along = e.still[:, 0, None, None], e.still[:, 1, None, None]
        link = e.link[:, None]
        if len(e.R) == 1:  # already in the camera's axes
            return link * torch.cat([across * jolt[..., :2], along * jolt[..., 2:]], -1)
        view = e.R[1:-1, 2]  # (F - 2, 3): where the camera looks
        depth = (jolt * view).sum(-1, keepdim=True) * view
        return link * (across * (jolt - depth) + along * depth)

    def _pulled(self, jolt: Tensor) -> Tensor:
        """The smoothness term's part of a gradient, in world axes, for second differences as in `jolt`."""
        back = second_difference_back(self._still(jolt), self.X.shape[1])
        return turn(back, self.e.R.transpose(1, 2)) if len(self.e.R) == 1 else back

    def _moved(self, change: State) -> Tensor:
        """How the joints (J, F, 3) move with a change."""
        bones = (self.basis @ change.directions[..., None])[..., 0] * self.bone_lengths[..., None]
        bones = bones + self.state.directions * (self.bone_lengths * change.lengths[self.e.tree.group][:, None])[..., None]
        return change.root + self.e.tree.down(bones)

    def _gathered(self, Y: Tensor) -> State:
        """The transpose of `_moved`."""
        up = self.e.tree.up(Y) * self.bone_lengths[..., None]
        along = (up * self.state.directions).sum((1, 2))
        lengths = torch.zeros_like(self.state.lengths).index_add(0, self.e.tree.group, along)
        return State(Y.sum(0), (self.basis.transpose(-1, -2) @ up[..., None])[..., 0], lengths)

    def _deep(self, depth: Tensor) -> Tensor:
        """The mean depth's smoothness (gradient over depth (J, F) in camera axes)."""
        e = self.e
        jolt = second_difference(depth.mean(0)[None, :, None]) * e.link[:, None] * e.depth_still
        return second_difference_back(jolt, depth.shape[1])[..., 0] / len(depth)

    def gradient(self) -> State:
        """Half the slope of the cost."""
        e = self.e
        pull = self.track[..., None] * self.off
        sx, sz = self.slope[..., :1], self.slope[..., 1:]
        depth = (sz * pull).sum(-1) + self._deep(self.depth)
        Y = torch.cat([sx * pull, depth[..., None]], -1) + self.shape[..., None] * self.rest
        Y = turn(Y, e.R.transpose(1, 2)) + self._pulled(self.jolt)
        if e.held is not None:
            Y = Y + e.held.gradient(self.X)
        change = self._gathered(Y)
        return replace(change, lengths=change.lengths + torch.log(self.state.lengths / e.lengths) / e.length_spread**2)

    def product(self, change: State) -> State:
        """The Gauss-Newton matrix times a change."""
        e = self.e
        dX = self._moved(change)
        dC = turn(dX, e.R)
        sx, sz = self.slope[..., :1], self.slope[..., 1:]
        seen = self.track[..., None] * (sx * dC[..., :2] + sz * dC[..., 2:])
        depth = (sz * seen).sum(-1) + self._deep(dC[..., 2])
        middle = (dC * self.shape[..., None]).sum(0) / self.shape.sum(0).clamp(min=1e-12)[:, None]
        Y = torch.cat([sx * seen, depth[..., None]], -1) + self.shape[..., None] * (dC - middle)
        Y = turn(Y, e.R.transpose(1, 2)) + self._pulled(second_difference(dC if len(e.R) == 1 else dX))
        if e.held is not None:
            Y = Y + e.held.product(dX)
        out = self._gathered(Y)
        return replace(out, lengths=out.lengths + change.lengths / e.length_spread**2)

    def blocks(self) -> Tensor:
        """(J, F, 3, 3): each joint's own curvature in its camera's axes, without smoothness."""
        e, s, w = self.e, self.slope, self.track
        own = self.X.new_zeros(*self.X.shape, 3)
        own[..., 0, 0] = own[..., 1, 1] = w * s[..., 0] ** 2
        for axis in (0, 1):
            own[..., axis, 2] = own[..., 2, axis] = w * s[..., 0] * s[..., 1 + axis]
        own[..., 2, 2] = w * (s[..., 1:] ** 2).sum(-1)
        own = own + torch.diag_embed(self.shape[..., None].expand(-1, -1, 3))
        if e.held is not None:
            own[e.held.joints] += e.R @ e.held.blocks(self.X.shape[1]) @ e.R.transpose(1, 2)
        return own

    def _curvature(self) -> Curvature:
        e = self.e
        still = torch.diag_embed(torch.stack([e.still[:, 0], e.still[:, 0], e.still[:, 1]]))
        still[2] += e.depth_still / len(self.X) ** 2
        feet = () if e.held is None else (e.held.joints, e.held.rest)
        return Curvature(*moves_of(e.tree, self.basis, self.bone_lengths, e.R), self.blocks(), self.shape, still, e.link, *feet)

    def step(self, inner: int, enough: float = 1e-2) -> State:
        """The Gauss-Newton change, by preconditioned conjugate gradients (at most `inner` rounds)."""
        self.basis = frames_of(self.state.directions)
        easier = Easier(self)
        r = self.gradient().times(-1.0)
        x = r.times(0.0)
        z = easier(r)
        p, size = z, r.dot(z)
        first = size
        for _ in range(inner):
            Hp = self.product(p)
            along = p.dot(Hp)
            if not (along > 0 and size > 0):
                break
            x, r = x.plus(p, size / along), r.plus(Hp, -size / along)
            z = easier(r)
            new = r.dot(z)
            if new < enough**2 * first:
                break
            p, size = z.plus(p, new / size), new
        return x

    def moved(self, change: State, factor: float) -> State:
        """The state after a share of a change: directions stay units."""
        directions = self.state.directions + factor * (self.basis @ change.directions[..., None])[..., 0]
        lengths = self.state.lengths * torch.exp((factor * change.lengths).clamp(-0.3, 0.3))
        return State(self.state.root + factor * change.root, torch.nn.functional.normalize(directions, dim=-1), lengths)


class Easier:
    """The preconditioner: directions and roots by `inverse_of`, and what the lengths add to that exactly."""

    def __init__(self, at: Linearised) -> None:
        self.inverse = inverse_of(at._curvature())
        zero = State(torch.zeros_like(at.state.root), torch.zeros_like(at.basis[..., 0, :]), torch.zeros_like(at.state.lengths))
        columns = [at.product(replace(zero, lengths=one)) for one in torch.eye(len(zero.lengths), dtype=zero.root.dtype)]
        self.across = torch.cat([_rows(column) for column in columns], 2) if columns else _rows(zero)[..., :0]
        own = torch.stack([column.lengths for column in columns]) if columns else self.across.new_zeros(0, 0)
        self.solved = self.inverse(self.across)
        rest = own - torch.einsum("fna,fnb->ab", self.across, self.solved)
        # Rounding, or an inverse that is only roughly one, must not make lengths run away.
        try:
            values, vectors = torch.linalg.eigh((rest + rest.T) / 2)
            self.rest = vectors / values.clamp(min=float((at.e.length_spread**-2).min()) if len(values) else 0.0) @ vectors.T
        except torch.linalg.LinAlgError:  # not finite: no step will be made, and the motion stays as it is
            self.rest = torch.full_like(rest, torch.nan)

    def __call__(self, r: State) -> State:
        """The approximate solution for a right side."""
        rows = _rows(r)
        lengths = self.rest @ (r.lengths - torch.einsum("fna,fnk->a", self.solved, rows))
        x = self.inverse(rows) - (self.solved @ lengths)[..., None]
        bones = len(r.directions)
        return State(x[:, 2 * bones :, 0], x[:, : 2 * bones, 0].reshape(-1, bones, 2).transpose(0, 1), lengths)


def _rows(change: State) -> Tensor:
    """Directions and root of each frame as one column: (F, 2 B + 3, 1)."""
    frames = len(change.root)
    return torch.cat([change.directions.transpose(0, 1).reshape(frames, -1), change.root], 1)[..., None]
