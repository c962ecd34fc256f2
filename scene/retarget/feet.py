"""Feet on the ground: where each foot is to be in every frame, so that it stands while the source's foot stands. Numpy only.

A foot's way is the one that its leg would take by itself, moved by an offset. While it stands the offset keeps it on one spot
of the ground; in between it fades from one spot's to the next, so nothing pops.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import Body, Leg
from .contacts import runs
from .turns import about_z, between, yaw_of

Array = NDArray[np.float64]

_FADE = 0.3
"""Seconds in which the offset of a foot that leaves the ground fades."""
_FLAT = 0.06
"""Leg lengths above the ground below which a toe that does not end the leg lies on it."""
_ROLL = 0.1
"""Seconds in which a foot comes to lie flat."""


def ball(body: Body, leg: Leg) -> int:
    """The bone whose head is put on the ground, as a place in `leg.bones`; `len(leg.bones)` for the leg's tip.

    Where the toes begin that lie on the ground; else the head of the last bone where that is near the ground, else its tip.
    """
    last = len(leg.bones) - 1
    flat = [at for at in range(2, last) if leg.segments[at] == "toes" and body.heads[leg.bones[at], 2] - body.ground < _FLAT * body.size]
    if flat:
        return flat[0]
    low = body.heads[leg.bones[last], 2] - body.ground < 0.14 * body.size
    return last if low and last >= 2 else last + 1


def fade(distance: Array) -> Array:
    """1 at 0, 0 from 1 on, level at both ends."""
    s = np.clip(distance, 0.0, 1.0)
    return 1.0 - s * s * (3.0 - 2.0 * s)


def weights(stands: NDArray[np.bool_], frames: float) -> Array:
    """(F,) 1 while a foot stands, fading to 0 within so many frames before and after."""
    near = np.full(len(stands), np.inf)
    times = np.arange(len(stands))
    for start, end in runs(stands):
        near = np.minimum(near, np.maximum(np.maximum(start - times, times - (end - 1)), 0))
    return fade(near / (max(frames, 0.0) + 1.0))


def pinned(
    path: Array, stands: NDArray[np.bool_], height: float, velocity: Array, fps: float, tops: Array | None = None, reach: float = np.inf,
) -> tuple[Array, Array]:
    """A foot's way (F, 3) with its point on one spot of the ground during each contact, and how much of it is held (F,).

    path (F, 3): its way without contacts; stands (F,); height: of its point when it stands; velocity (3,): of the ground; tops (F, 3):
    where the leg begins, to choose spots that are within its reach all the time.
    """
    frames = len(path)
    travel = velocity * (np.arange(frames) / fps)[:, None]
    beside = path - travel
    offset, times = np.zeros((frames, 3)), np.arange(frames)
    found = runs(stands)
    fading = max(_FADE * fps, 2.0)
    for number, (start, end) in enumerate(found):
        spot = np.r_[np.median(beside[start:end, :2], axis=0), height]
        if tops is not None:
            spot = spot + _within(spot + travel[start:end] - tops[start:end], reach)
        offset[start:end] = spot - beside[start:end]
        before = found[number - 1][1] - 1 if number else -np.inf
        after = found[number + 1][0] if number + 1 < len(found) else np.inf
        for edge, bound, side in ((start, before, -1), (end - 1, after, 1)):
            span = min(fading, abs(bound - edge))
            near = (times - edge) * side
            inside = (near > 0) & (near < span)
            share = near[inside] / span
            slope = _slope(offset, edge, -side, (start, end)) * span
            offset[inside] += offset[edge] * fade(share)[:, None] - slope * (share * (1 - share) ** 2)[:, None]
    return path + offset, weights(stands, _ROLL * fps)


def _within(apart: Array, reach: float) -> Array:
    """How far (3,) a spot must move, along the way that it goes under its leg, to be within reach; apart (n, 3): it from the leg's top."""
    way = (apart[-1] - apart[0]) * [1.0, 1.0, 0.0]
    length = np.linalg.norm(way)
    if length < 1e-3 * reach:
        way = apart.mean(axis=0) * [1.0, 1.0, 0.0]
        length = np.linalg.norm(way)
    if length < 1e-3 * reach:
        return np.zeros(3)
    way = way / length
    along = apart @ way
    room = np.sqrt(np.maximum(reach**2 - (apart**2).sum(axis=1) + along**2, (0.1 * reach) ** 2))
    low, high = float((-room - along).max()), float((room - along).min())
    return way * (np.clip(0.0, low, high) if low <= high else 0.5 * (low + high))


def _slope(offset: Array, edge: int, inward: int, bounds: tuple[int, int]) -> Array:
    """How an offset changes, a frame, going into its contact from one edge of it."""
    inner = edge + 2 * inward
    if not bounds[0] <= inner < bounds[1]:
        return np.zeros(3)
    return (offset[inner] - offset[edge]) / 2


def flat_turns(turn: Array, stands: NDArray[np.bool_], held: Array) -> Array:
    """Turns (F, 3, 3) of a foot that lies flat, as at rest, while it is held (F,), each contact with one heading."""
    out = turn
    for start, end in runs(stands):
        yaw = yaw_of(turn[start:end])
        heading = np.arctan2(np.sin(yaw).mean(), np.cos(yaw).mean())
        near = _own(stands, start, end)
        flat = np.broadcast_to(about_z(heading), turn[near].shape)
        out = out.copy()
        out[near] = between(turn[near], flat, held[near])
    return out


def _own(stands: NDArray[np.bool_], start: int, end: int) -> slice:
    """The frames that are nearer to this contact than to others."""
    before = np.flatnonzero(stands[:start])
    after = np.flatnonzero(stands[end:])
    low = (int(before[-1]) + 1 + start) // 2 if len(before) else 0
    high = (end + int(after[0]) + end + 1) // 2 if len(after) else len(stands)
    return slice(low, min(high, len(stands)))


def above_ground(goal: Array, lowest: Array, ground: float, held: Array, soft: float) -> Array:
    """A foot's goals (F, 3) raised so that what hangs lowest on it, lowest (F,) above its point (negative below), clears the ground.

    Held feet (F,) stay; soft: how far above the ground it already begins to give way, so that there is no kink.
    """
    over = goal[:, 2] + np.minimum(lowest, 0.0) - ground
    raised = 0.5 * (over + np.sqrt(over**2 + soft**2))
    out = goal.copy()
    out[:, 2] += held * np.maximum(-over, 0.0) + (1.0 - held) * (raised - over)
    return out
