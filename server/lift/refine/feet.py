"""Which joints are feet, and when they stand: low, and at rest in the world."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .contacts import Contact
from .noise import smooth

Array = NDArray[np.float64]

_FOOT = re.compile(r"paw|hoof|foot|feet|toe|heel|hand|fetlock|pastern|claw|tars|ankle|wrist|sole", re.IGNORECASE)
_OTHER = re.compile(r"ear|eye|nose|nostril|horn|antler|wing|cheek|mouth|lip|jaw|tail|whisker|fin|flipper|mane|shoulder|hip",
                    re.IGNORECASE)

SHORTEST_SECONDS = 0.06
"""A foot that rests for less is passing its lowest point."""
BRIDGED_SECONDS = 0.07
SLOWEST_PACE = 0.3
"""In units a second: what is slower always rests, whatever the gait."""
SHARE_OF_SWING = 0.1
"""A foot rests below this share of the speed that it swings with."""
HIGHEST_REST = 0.12
"""In units above its lowest place of the last and next second."""
DRIFT_SECONDS = 1.0
"""Errors of the animal's distance change no faster."""
DEPTH_COUNTS = 0.4
"""Speed along the view is known less well than across it, and counts this much."""


def feet_of(skeleton: Skeleton, heights: Array) -> list[int]:
    """The joints at the ends of legs, by name, or else the paired ends of the tree that are low; heights (F, J) over the ground."""
    ends = [j for j in range(len(skeleton)) if j not in skeleton.parents and j != skeleton.root]
    named = [j for j in ends if _FOOT.search(skeleton.names[j]) and not _OTHER.search(_FOOT.sub("", skeleton.names[j]))]
    if len(named) >= 2:
        return named
    middle = np.nanmedian(heights, axis=0)
    low = np.nanmin(middle) + 0.35 * (np.nanmax(middle) - np.nanmin(middle))
    return [j for j in ends if skeleton.mirror[j] != j and not _OTHER.search(skeleton.names[j]) and middle[j] <= low]


def leg_top(skeleton: Skeleton, foot: int) -> int:
    """The joint that a foot's leg hangs on: its highest ancestor that still is on one side, or else its parent."""
    top = foot
    while skeleton.parents[top] >= 0 and skeleton.mirror[skeleton.parents[top]] != skeleton.parents[top]:
        top = skeleton.parents[top]
    return top if top != foot else skeleton.parents[foot] if skeleton.parents[foot] >= 0 else foot


def speeds(X: Array, seconds: Array, view: Array, feet: Sequence[int], heights: Array, link: Array) -> Array:
    """Speed (F, J) in units a second of joints X (F, J, 3), along the view (F or 1, 3) counted less; central differences.

    How far away the animal is, its size in the picture tells badly: what all feet that may stand (heights (F, J)) move along the view
    by, evenly, is taken away, as far as the whole animal moves along it (one that walks on the spot has no feet that stand).
    """
    if len(X) < 2:
        return np.zeros(X.shape[:2])
    velocity = np.gradient(X, seconds, axis=0)
    depth = (velocity * view[:, None]).sum(-1, keepdims=True)
    across = velocity - depth * view[:, None]
    drift = _drift(depth[..., 0], np.linalg.norm(across, axis=-1), feet, heights[:, feet], seconds, link)
    return np.linalg.norm(across + DEPTH_COUNTS * (depth - drift[:, None, None]) * view[:, None], axis=-1)


def _drift(depth: Array, across: Array, feet: Sequence[int], heights: Array, seconds: Array, link: Array) -> Array:
    """(F,): the smooth speed along the view that feet share which are low and slow across it, at most the body's; speeds along the
    view and across it (F, J) of all joints, heights (F, K) of the feet."""
    weight = standing_weights(across[:, feet], heights, seconds) + 1e-6
    body, depth = depth.mean(1, keepdims=True), depth[:, feet]
    stiff = max(DRIFT_SECONDS / float(np.median(np.diff(seconds))) / (2 * np.pi), 1.0) ** 4
    drift = np.zeros(len(depth))
    near = weight
    for _ in range(8):
        total = near.sum(1)
        drift = smooth(((near * depth).sum(1) / total)[:, None], total, stiff * float(np.median(total)), link)[:, 0]
        off = (depth - drift[:, None]) ** 2
        near = weight / (1.0 + off / SLOWEST_PACE**2) ** 2
    most = np.abs(smooth(body, np.ones(len(body)), stiff, link)[:, 0])
    return np.clip(drift, -most, most)


def standing_weights(across: Array, heights: Array, seconds: Array) -> Array:
    """(F, K) 0..1: how well feet stand by their speed across the view and their heights (F, K) alone."""
    around = max(1, round(1.0 / float(np.median(np.diff(seconds)))))
    above = np.stack([h - _lowest(h, around) for h in heights.T], axis=1)
    slow = np.maximum(SLOWEST_PACE, SHARE_OF_SWING * np.quantile(across, 0.9, axis=0))
    return np.exp(-0.5 * ((above / HIGHEST_REST) ** 2 + (across / slow / 2.0) ** 2))


def find_contacts(speed: Array, height: Array, feet: list[int], seconds: Array, jitter: float) -> list[Contact]:
    """When feet rest: speed, height (F, J) in units, jitter: a speed that noise alone makes. Begins strict, ends lenient."""
    found = []
    every = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    around = max(1, round(1.0 / every))
    for foot in feet:
        swing = float(np.quantile(speed[:, foot], 0.9))
        slow = max(SLOWEST_PACE, SHARE_OF_SWING * swing, 1.5 * jitter)
        above = height[:, foot] - _lowest(height[:, foot], around)
        strict = (speed[:, foot] < slow) & (above < HIGHEST_REST)
        lenient = (speed[:, foot] < 2.0 * slow) & (above < 1.5 * HIGHEST_REST)
        for first, last in _stretches(_grown(strict, lenient), max(1, round(BRIDGED_SECONDS / every))):
            if len(speed) == 1 or seconds[last] - seconds[first] >= SHORTEST_SECONDS:
                found.append(Contact(foot, first, last))
    return found


def _lowest(height: Array, around: int) -> Array:
    """The lowest value within `around` frames before and after each."""
    padded = np.pad(height, around, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * around + 1).min(axis=-1)


def _grown(seed: NDArray[np.bool_], room: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The stretches of `room` that hold some of `seed`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (room | seed).view(np.int8), [0]])))
    out = np.zeros_like(seed)
    for first, end in edges.reshape(-1, 2):
        if seed[first:end].any():
            out[first:end] = True
    return out


def _stretches(rests: NDArray[np.bool_], bridge: int) -> list[tuple[int, int]]:
    """First and last frames of stretches of True; gaps of at most `bridge` frames are closed."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rests.view(np.int8), [0]]))).reshape(-1, 2)
    joined: list[tuple[int, int]] = []
    for first, end in edges:
        if joined and first - joined[-1][1] - 1 <= bridge:
            joined[-1] = (joined[-1][0], int(end) - 1)
        else:
            joined.append((int(first), int(end) - 1))
    return joined
