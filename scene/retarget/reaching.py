"""Heads that reach what they reached, and tails that stay out of the ground: chains pitched a little, bone by bone. Numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...animal.rotations import matrix_from_axis_angle
from .body import Body
from .smoothing import smooth
from .turns import about_z, yaw_of

Array = NDArray[np.float64]

_MOST_HEAD = np.radians(50.0)
_MOST = np.radians(60.0)
"""The most that the last bone of a neck is pitched."""


def about(axis: Array, angle: Array) -> Array:
    """Rotations (F, 3, 3) about axes (F, 3), unit, by angles (F,)."""
    return matrix_from_axis_angle(axis * angle[:, None])


def left_of(turns: Array, body: Body) -> Array:
    """(F, 3) the animal's left, level."""
    return about_z(yaw_of(turns[:, body.chains["spine"][-1]])) @ np.array([0.0, 1.0, 0.0])


def pitch(links: Array, left: Array, share: Array, wanted: Array, most: float) -> Array:
    """Angles (F,) that bring the end of a chain to heights wanted (F,) above its beginning, as far as `most` (radians) allows.

    links (F, n, 3): from joint to joint; left (F, 3): the axis; each link turns by its share (n,) of the angle; positive lowers.
    """
    angle = np.zeros(len(links))
    scale = np.linalg.norm(links, axis=-1).sum(axis=1)
    for _ in range(12):
        turn = matrix_from_axis_angle(left[:, None] * (angle[:, None] * share)[..., None])
        turned = np.einsum("fnij,fnj->fni", turn, links)
        miss = wanted - turned[..., 2].sum(axis=1)
        slope = (np.cross(left[:, None], turned)[..., 2] * share).sum(axis=1)
        # Lowered no further than straight down; raised always forwards, so that a neck that hangs is not raised under the animal.
        down = miss * slope / (slope**2 + (0.1 * scale) ** 2 + 1e-12)
        up = -miss / (np.maximum(np.abs(slope), 0.1 * scale) + 1e-12)
        angle += np.clip(np.where(miss > 0, up, down), -0.3, 0.3)
        angle = np.clip(angle, -most, most)
    return angle


def lower_neck(turns: Array, heads: Array, body: Body, line: tuple[int, ...], muzzle: Array, wanted: Array) -> None:
    """Pitch the neck, in `turns`, so that the muzzle is at heights wanted (F,); the head keeps its gaze. nan: as it is.

    line: the neck's bones and the head; muzzle (3,): where the head ends at rest. Each bone of the neck turns a little more than the
    one before it.
    """
    head = line[-1]
    tip = heads[:, head] + turns[:, head] @ (muzzle - body.heads[head])
    points = np.concatenate([heads[:, list(line)], tip[:, None]], axis=1)
    links = np.diff(points, axis=1)
    count = len(line) - 1
    share = np.r_[(np.arange(count) + 1) / max(count, 1), 0.0] if count else np.ones(1)
    goal = np.where(np.isnan(wanted), tip[:, 2], wanted) - points[:, 0, 2]
    left = left_of(turns, body)
    angle = pitch(links, left, share, goal, _MOST)
    for bone, part in zip(line, share, strict=True):
        if part > 0:
            turns[:, bone] = about(left, angle * part) @ turns[:, bone]
    # What the neck could not raise the head does, so that the muzzle is not in the ground.
    bent = np.einsum("fnij,fnj->fni", matrix_from_axis_angle(left[:, None] * (angle[:, None] * share)[..., None]), links)
    miss = goal - bent[..., 2].sum(axis=1)
    need = np.where(miss > 1e-3 * body.size, bent[:, -1, 2] + miss, bent[:, -1, 2])
    rest = pitch(bent[:, -1:], left, np.ones(1), need, _MOST_HEAD)
    turns[:, head] = about(left, rest) @ turns[:, head]


def raise_tail(turns: Array, heads: Array, body: Body, tail: tuple[int, ...], floor: float) -> None:
    """Pitch the tail, in `turns`, so that no joint of it is below the floor."""
    points = heads[:, list(tail)]
    low = points[..., 2].min(axis=1)
    deep = low < floor - 1e-9
    if len(tail) < 2 or not deep.any():
        return
    links = np.diff(points, axis=1)
    right = -left_of(turns, body)  # a tail points back: about the right, down is down for it too
    worst = np.argmin(points[..., 2], axis=1)
    reach = np.arange(len(tail) - 1)[None] < worst[:, None]
    goal = np.where(deep, floor - points[:, 0, 2], 0.0)
    angle = pitch(links * reach[..., None], right, np.ones(len(tail) - 1), goal, np.radians(100.0))
    angle = smooth(np.where(deep, angle, 0.0), 0.5, mode="even") if len(turns) > 3 else np.where(deep, angle, 0.0)
    for bone in tail:
        turns[:, bone] = about(right, angle) @ turns[:, bone]


def lowered(source: Body, turns: Array, heads: Array, ground: float, muzzle: Array) -> tuple[Array, Array]:
    """How high the source's muzzle is above the ground (F,), and how far down it went, 0 (carried) to 1 (on the ground) (F,).

    muzzle (3,): where it is at rest. A head near the ground is to come as near to it on the target; one that is carried high is to be
    carried as the target carries it.
    """
    head = source.chains["head"][0]
    height = (heads[:, head] + turns[:, head] @ (muzzle - source.heads[head]))[:, 2] - ground
    carried = max(muzzle[2] - source.ground, 1e-9)
    return height, np.clip(1.0 - height / (0.75 * carried), 0.0, 1.0)


def blend_height(now: Array, wanted: Array, share: Array, lowest: float, fps: float) -> Array:
    """Heights (F,) between where a muzzle is and where it should be, smooth, never below `lowest`."""
    s = share * share * (3 - 2 * share)
    mixed = now + (wanted - now) * s
    return np.maximum(now + smooth(mixed - now, 0.06 * fps, mode="even"), lowest)

