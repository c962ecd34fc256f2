"""The animal's path and height: its body goes where its legs can stand, and nothing of it goes into the ground. Numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import Body
from .body_map import LEGS
from .smoothing import smooth
from .transfer import flat_footed, groups
from .turns import frame_of

Array = NDArray[np.float64]

_SLOW = 0.12
"""Seconds over which the body's height follows what its legs need."""
_MOST_PITCH = np.radians(22.0)
LEFT = np.array([0.0, 1.0, 0.0])


def leg_scale(source: Body, target: Body) -> float:
    """How many times as high the target stands on its legs as the source, were they bent alike.

    Not the ratio of their heights at rest: a cat's legs on a horse's bends reach higher than a cat's.
    """
    ratios = []
    for name in LEGS:
        here, there = source.legs[name], target.legs[name]
        joints_here, joints_there = source.joints(here), target.joints(there)
        height = joints_there[sum(s != "toes" for s in there.segments), 2] - target.ground
        for low, high, first, last in groups(here, there):
            rest_here, rest_there = joints_here[high] - joints_here[low], joints_there[last] - joints_there[first]
            turned = rest_there
            if here.segments[low] != "cannon" or flat_footed(source, here) == flat_footed(target, there):
                turned = frame_of(rest_here, LEFT) @ frame_of(rest_there, LEFT).T @ rest_there
            height -= turned[2]
        ratios.append(height / max(joints_here[0, 2] - source.ground, 1e-9))
    return float(np.median(ratios)) if min(ratios) > 0 else target.size / source.size


def middle(body: Body, heads: Array) -> Array:
    """(F, 3) the middle of the legs' tops."""
    return heads[:, [body.legs[leg].bones[0] for leg in LEGS]].mean(axis=1)


def weighted_follow(values: Array, weight: Array, fps: float, slow: float = _SLOW) -> Array:
    """A curve (F,) through values (F, L) where they have weight (F, L), as slow as `slow` (s); where none has, it goes on between."""
    total, heavy = (values * weight).sum(axis=1), weight.sum(axis=1)
    if heavy.sum() < 1e-9:
        return np.zeros(len(values))
    mean = total.sum() / heavy.sum()
    sigma = slow * fps
    near, mass = smooth(total, sigma, mode="even"), smooth(heavy, sigma, mode="even")
    wide, wide_mass = smooth(total, 4 * sigma, mode="even"), smooth(heavy, 4 * sigma, mode="even")
    far = (wide + 0.05 * mean) / (wide_mass + 0.05)
    return (near + 0.2 * far) / (mass + 0.2)


def level(lift: Array, held: Array, size: float, length: float, fps: float) -> tuple[Array, Array]:
    """How far the body must rise (F,) and its front tip up (F,), radians, for standing feet to be on the ground.

    lift (F, 4): how far each foot is below where it should stand, in the order of LEGS; held (F, 4); length: of the trunk.
    """
    most = 0.3 * size
    front = np.clip(weighted_follow(lift[:, :2], held[:, :2], fps), -most, most)
    hind = np.clip(weighted_follow(lift[:, 2:], held[:, 2:], fps), -most, most)
    if held[:, :2].sum() < 1e-9:
        front = hind
    if held[:, 2:].sum() < 1e-9:
        hind = front
    pitch = _MOST_PITCH * np.tanh((front - hind) / max(length, 1e-9) / _MOST_PITCH)
    return 0.5 * (front + hind), pitch


def drop_to_reach(tops: Array, goals: Array, reach: Array, held: Array, size: float, fps: float) -> Array:
    """How far the body must sink (F,) so that every held foot can be reached: tops, goals (F, 4, 3), reach (4,), held (F, 4)."""
    apart = tops - goals
    across2 = (apart[..., :2] ** 2).sum(axis=-1)
    height = np.sqrt(np.maximum(reach**2 - across2, (0.2 * reach) ** 2))
    need = np.clip((apart[..., 2] - height) * (held > 0.02) * np.minimum(1.0, 2 * held), 0.0, 0.15 * size).max(axis=1)
    return spread(need, fps)


def spread(need: Array, fps: float) -> Array:
    """A smooth curve (F,) that is nowhere below `need` (F,)."""
    if not need.any() or len(need) == 1:
        return need
    reach = max(1, round(0.12 * fps))
    padded = np.pad(need, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.maximum(smooth(windows.max(axis=1), reach / 3.5, mode="even"), need)


def keep_inside(heads: Array, bones: list[int], ground: float, fps: float) -> Array:
    """How far the body must rise (F,) so that no joint of `bones` is in the ground."""
    need = np.maximum(ground - heads[:, bones, 2].min(axis=1), 0.0)
    return spread(need, fps)
