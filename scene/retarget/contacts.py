"""When a foot stands on the ground, found once on the source's clip, and how the ground moves under an animal that walks on the spot.

A foot stands where it is low and goes with the ground. Clips made for games walk on the spot: their standing feet all slide back
at one speed, which is then the ground's. All lengths are measured in leg lengths, so that no animal's size matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOW, HIGH = 0.035, 0.07
"""Leg lengths above its standing height below which a foot may begin, and may go on, to stand."""
_SLOW, _FAST = 0.5, 0.9
"""Leg lengths a second, beside the ground, below which a foot may begin, and may go on, to stand."""
_SHORTEST = 0.05
"""Seconds of the shortest contact, and of the longest gap that is none."""


@dataclass(frozen=True, eq=False)
class Contacts:
    """feet (F, L) bool: whether each foot stands; velocity (3,): the ground's, units a second, zero but for animals that walk on the
    spot; ground: height of the ground; heights (L,): of each foot's point above the ground while it stands."""

    feet: NDArray[np.bool_]
    velocity: Array
    ground: float
    heights: Array


def find_contacts(points: Array, rest_heights: Array, size: float, fps: float, body: Array | None = None) -> Contacts:
    """Contacts of feet whose lowest points are at points (F, L, 3), z up.

    rest_heights (L,): of the points above the ground when the animal stands; size: leg length; body (F, 3): its middle, to know
    how fast it goes. One frame has contacts by height alone.
    """
    ground, heights = _ground(points, rest_heights, size)
    above = (points[..., 2] - ground - heights) / size
    if len(points) == 1:
        return Contacts(above < LOW, np.zeros(3), ground, heights)
    speed = np.gradient(points, axis=0) * fps / size
    own = np.zeros(2) if body is None else (body[-1, :2] - body[0, :2]) * fps / ((len(body) - 1) * size)
    feet, steps = above < LOW, np.diff(points, axis=0) * fps / size
    flow = ground_velocity(speed, feet)
    for _ in range(3):  # what stands says how fast the ground goes, which says what stands
        pace = float(np.linalg.norm(flow - own))
        heights = _settled(heights, above, _calm(speed, flow, pace), size)
        above = (points[..., 2] - ground - heights) / size
        feet = _standing(speed, above, flow, pace, fps)
        if not flow.any():
            break
        # From contact frame to contact frame: at its ends a foot's speed is half a swing's.
        again = ground_velocity(steps, feet[1:] & feet[:-1])
        flow = again if again.any() else flow
    return Contacts(feet, np.array([*flow * size, 0.0]), ground, heights)


def told(found: Contacts, points: Array, rest_heights: Array, size: float, feet: NDArray[np.bool_]) -> Contacts:
    """What the clip itself says of feet (F, L), in the place of what was `found`, for those feet that ever stand.

    The ground lies still then: whoever told contacts put the animal into the world. points, rest_heights and size as in
    `find_contacts`.
    """
    known = feet.any(axis=0)
    if not known.any():
        return found
    low = np.array([np.median(points[feet[:, k], k, 2]) if known[k] else np.nan for k in range(len(known))])
    ground = float(np.median((low - rest_heights)[known]))
    heights = np.where(known & (np.abs(low - ground - rest_heights) < 0.08 * size), low - ground, rest_heights)
    return Contacts(np.where(known, feet, found.feet & (not found.velocity.any())), np.zeros(3), ground, heights)


def _calm(speed: Array, flow: Array, pace: float) -> NDArray[np.bool_]:
    """(F, L) whether feet go about with the ground."""
    beside = np.linalg.norm(speed[..., :2] - flow, axis=-1)
    return (beside < 0.6 * pace + 0.5) & (np.abs(speed[..., 2]) < 0.25 + 0.1 * pace)


def _standing(speed: Array, above: Array, flow: Array, pace: float, fps: float) -> NDArray[np.bool_]:
    """(F, L) contacts by speeds (F, L, 3) and heights (F, L) in leg lengths, over ground that goes by flow (2,)."""
    beside, rise = np.linalg.norm(speed[..., :2] - flow, axis=-1), np.abs(speed[..., 2])
    # Drawn feet keep to the speed of a ground that slides under them only on average; on ground that lies still they lie still.
    near, far = (0.8, 1.2) if flow.any() else (0.35, 0.6)
    sure = (above < LOW) & (beside < max(_SLOW, near * pace)) & (rise < max(_SLOW, 0.25 * pace))
    may = (above < HIGH) & (beside < max(_FAST, far * pace)) & (rise < max(_FAST, 0.4 * pace))
    return np.stack([_tidy(sure[:, k], may[:, k], fps) for k in range(above.shape[1])], axis=1)


def _settled(heights: Array, above: Array, calm: NDArray[np.bool_], size: float) -> Array:
    """Heights (L,) at which feet stand: where they stay, not where they dip to as they roll off."""
    out = heights.copy()
    for foot in range(len(heights)):
        here = calm[:, foot] & (above[:, foot] < 0.1)
        if here.sum() >= 3:
            out[foot] += size * float(np.median(above[here, foot]))
    return out


def _ground(points: Array, rest_heights: Array, size: float) -> tuple[float, Array]:
    """Height of the ground and of each foot's point above it when it stands."""
    low = np.quantile(points[..., 2], 0.03, axis=0) if len(points) > 20 else points[..., 2].min(axis=0)
    apart = low - rest_heights
    # Most feet come down in most clips: the median of the lowest three leaves out one that is lifted all the time.
    ground = float(np.median(np.sort(apart)[:3]))
    if np.ptp(apart) > 0.5 * size:
        ground = float(apart.min())
    lifted = np.abs(apart - ground) > 0.08 * size
    return ground, np.where(lifted, rest_heights, low - ground)


def ground_velocity(speed: Array, low: NDArray[np.bool_]) -> Array:
    """(2,) the common velocity of feet while they are low (F, L): speed (F, L, 3) in leg lengths a second.

    The middle of the feet's mean velocities then, if most feet go that way; zero where they stand still or each
    goes its own way. Means, because drawn feet slide slowly at the ends of a stance and fast in its middle.
    """
    low = low & (np.abs(speed[..., 2]) < 1.0)
    feet = np.array([speed[low[:, k], k, :2].mean(axis=0) for k in range(speed.shape[1]) if low[:, k].sum() >= 2])
    if len(feet) < 2:
        return np.zeros(2)
    flow = np.median(feet, axis=0)
    pace = float(np.linalg.norm(flow))
    if pace < 0.25:
        return np.zeros(2)
    along = feet @ flow / pace
    together = (along > 0.3 * pace) & (along < 3 * pace) & (np.linalg.norm(feet - flow, axis=1) < max(0.8 * pace, 0.4))
    return feet[together].mean(axis=0) if together.mean() > 0.7 else np.zeros(2)


def _tidy(sure: NDArray[np.bool_], may: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """Runs of `may` that hold a `sure`, without short gaps and short runs (F,)."""
    kept = np.zeros_like(sure)
    for start, end in runs(may):
        kept[start:end] = sure[start:end].any()
    shortest = max(1, round(_SHORTEST * fps))
    for start, end in runs(~kept):
        if start > 0 and end < len(kept) and end - start <= shortest:
            kept[start:end] = True
    for start, end in runs(kept):
        if start > 0 and end < len(kept) and end - start < shortest:
            kept[start:end] = False
    return kept


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (one beyond) of each run of True in mask (F,)."""
    edges = np.flatnonzero(np.diff(np.r_[0, np.asarray(mask, dtype=np.int8), 0]))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]
