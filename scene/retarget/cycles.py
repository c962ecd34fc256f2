"""Loops in clips: where a gait comes round again, and a clean piece of it that goes round without a seam. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .body import Body
from .body_map import LEGS, BodyMap
from .pose import turns_of
from .rig_shape import RigError, RigMotion
from .smoothing import compose
from .turns import about_z, power, yaw_of

Array = NDArray[np.float64]

_SHORTEST = 0.25
_MOST = 1500
"""Frames that are compared with one another; of longer clips the middle."""


@dataclass(frozen=True)
class Cycle:
    """From frame `start` to frame `end` (indices), which is the same pose again; apart: how unlike the two are, in degrees."""

    start: int
    end: int
    apart: float


def find_cycle(motion: RigMotion, parts: BodyMap, shortest: float = _SHORTEST) -> Cycle:
    """The best loop of a clip: the first return to a pose, and of those the closest. shortest: seconds.

    A whole walk is found and not its half, since the left and the right leg are told apart. Raises RigError for clips in
    which nothing comes round.
    """
    body = Body(motion.shape, parts)
    signs, moves = _signs(body, motion)
    first = max(0, (len(signs) - _MOST) // 2)
    signs = signs[first : first + _MOST]
    count, least = len(signs), max(3, round(shortest * motion.fps))
    if count <= least + 1:
        raise RigError(f"the clip has {count} frames; a loop needs at least {least + 2}")
    if moves < np.radians(1.0):
        raise RigError("the animal hardly moves in this clip; there is no gait to cut a loop from")
    squares = (signs**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * signs @ signs.T, 0.0) / signs.shape[1])
    lags = np.array([np.inf if lag < least else np.median(np.diagonal(apart, lag)) for lag in range(count - 1)])
    typical = float(np.median(apart))
    # Where a pose comes round, the distance dips; the first dip that is about as deep as the deepest is one cycle.
    inner = np.r_[np.inf, lags, np.inf]
    dips = np.flatnonzero((inner[1:-1] <= inner[:-2]) & (inner[1:-1] <= inner[2:]) & np.isfinite(lags))
    ends = [lag for lag in range(least, count - 1) if lag >= count - 3]
    choices = np.array(sorted({*dips.tolist(), *ends}), dtype=np.int_)
    deepest = float(min(lags[choices]))
    if deepest > 0.5 * typical:
        raise RigError("nothing comes round in this clip; choose one in which the animal walks or runs for a whole stride")
    period = int(next(lag for lag in choices if lags[lag] <= max(1.6 * deepest, 0.12 * typical)))
    best = (np.inf, 0, period)
    for lag in range(max(least, period - 2), min(count - 1, period + 2) + 1):
        along = np.diagonal(apart, lag)
        start = int(np.argmin(along))
        best = min(best, (float(along[start]), start, lag))
    return Cycle(first + best[1], first + best[1] + best[2], float(np.degrees(best[0])))


def _signs(body: Body, motion: RigMotion) -> tuple[Array, float]:
    """(F, n) what a pose is known by: where legs, spine and neck point beside the animal's heading, and how fast; and how much it moves."""
    turns, _ = turns_of(body, motion)
    first = body.chains["spine"][0]
    heading = np.swapaxes(about_z(yaw_of(turns[:, first])), -1, -2)
    bones = [bone for leg in LEGS for bone in body.legs[leg].bones] + [*body.chains["spine"], *body.chains["neck"]]
    beside = heading[:, None] @ turns[:, bones]
    flat = beside[..., :2].reshape(len(turns), -1)
    speed: Array = np.asarray(np.gradient(flat, axis=0)) * motion.fps if len(flat) > 1 else np.zeros_like(flat)
    moves = float(np.sqrt(flat.var(axis=0).mean()))
    scale = moves / max(float(np.sqrt(np.square(speed).mean())), 1e-9)
    return np.concatenate([flat, np.multiply(speed, 0.5 * scale)], axis=1), moves


def cut_cycle(motion: RigMotion, cycle: Cycle, parts: BodyMap) -> RigMotion:
    """The frames of a cycle, the last the same pose as the first, one stride on; what was not the same is spread over all of it.

    The path keeps its length and loses its drift: a straight walk goes on as it began.
    """
    piece = slice(cycle.start, cycle.end + 1)
    rotations, heads = motion.rotations[piece].copy(), motion.heads[piece]
    parents = motion.shape.parents
    hangs = parents >= 0
    above = np.where(hangs, parents, 0)
    carried = rotations[:, above]
    local = np.where(hangs[:, None, None], np.swapaxes(carried, -1, -2) @ rotations, rotations)
    apart = heads - np.where(hangs[:, None], heads[:, above], 0.0)
    offsets = np.where(hangs[:, None], np.einsum("fjba,fjb->fja", carried, apart), apart)
    share = np.linspace(-0.5, 0.5, len(rotations))
    # Half of what is missing at the end, half at the beginning: no frame is moved by more than that.
    seam = np.swapaxes(local[-1], -1, -2) @ local[0]
    local = local @ power(seam[None], share[:, None])
    gap = offsets[0] - offsets[-1]
    body = Body(motion.shape, parts)
    up = body.axes[:, 2]
    lift = (gap @ up)[:, None] * up
    offsets = offsets + share[:, None, None] * np.where(hangs[:, None], gap, lift)
    rotations, heads = compose(parents, local, offsets)
    return replace(motion, rotations=rotations, heads=heads, frames=motion.frames[piece], cyclic=True, standing=motion.standing_at(piece))
