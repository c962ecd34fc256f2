"""Points that cannot be right: far from where their joint is in the frames around, or of hardly any confidence; they count as missing.

One wild point spoils the network's whole window, and two look like a change of sides. A point that lies where its mirror image
is in the frames around is no wild one: `swaps.py` looks after those.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....animal.tracks import Tracks

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

AROUND = 3
"""Frames before and after that tell where a joint should be."""
APART = 0.12
"""Of frames that are more seconds apart one tells little of the next, and nothing is taken for wild."""
FEWEST = 3
"""Of those that must be known."""
FAR, USUAL = 0.25, 6.0
"""Wild is farther than this share of the animal's rms extent, and than so many times what three of four of the joint's points are off."""
FAR_DOUBTED, USUAL_DOUBTED = 0.1, 3.0
"""The same for points of little confidence."""
DOUBTED = 0.3
"""Little confidence is less than this share of the usual."""

MOST = 0.15
"""A joint of whose points more look wild truly jumps about."""


def without_wild(tracks: Tracks) -> tuple[Tracks, int]:
    """The tracks without wild points, and how many those were."""
    seen = tracks.seen
    if len(tracks) < FEWEST + 1 or not seen.any():
        return tracks, 0
    if np.median(np.diff(np.asarray(tracks.frame_numbers))) / tracks.fps > APART:
        return tracks, 0
    expected = _expected(tracks)
    size = extent_of(tracks)
    off = _nearest(tracks.points, expected)
    known = np.isfinite(off)
    often = known.sum(0) >= 4 * FEWEST
    usual = np.full(len(tracks.skeleton), np.inf)
    usual[often] = [np.quantile(off[known[:, joint], joint], 0.75) for joint in np.flatnonzero(often)]
    low = doubted(tracks)
    limit = np.where(low, np.fmax(FAR_DOUBTED * size, USUAL_DOUBTED * usual), np.fmax(FAR * size, USUAL * usual))
    mirrored = _nearest(tracks.points, expected[:, :, np.asarray(tracks.skeleton.mirror)])
    exchanged = (mirrored < 0.5 * off) & (np.asarray(tracks.skeleton.mirror) != np.arange(len(tracks.skeleton)))
    with np.errstate(invalid="ignore"):
        wild = seen & (off > limit) & ~exchanged
    often = (wild & ~low).sum(0) > MOST * np.maximum((seen & ~low).sum(0), 1)
    wild &= low | ~often
    if not wild.any():
        return tracks, 0
    return _without(tracks, wild), int(wild.sum())


def without_doubted(tracks: Tracks) -> Tracks:
    """The tracks without points of little confidence, where others are left."""
    low = doubted(tracks)
    return _without(tracks, low) if low.any() else tracks


def doubted(tracks: Tracks) -> Mask:
    """(F, J): points whose confidence is far below the usual one."""
    confidence = np.asarray(tracks.confidence)
    return np.asarray(tracks.seen & (confidence < DOUBTED * np.median(confidence[tracks.seen])))


def extent_of(tracks: Tracks) -> float:
    """The animal's usual rms extent in pixels."""
    some = tracks.points[tracks.seen.sum(1) >= 2]
    if not len(some):
        return 1.0
    away = some - np.nanmean(some, axis=1, keepdims=True)
    return max(float(np.median(np.sqrt(np.nanmean((away**2).sum(-1), axis=1)))), 1e-6)


def _expected(tracks: Tracks) -> Array:
    """(4, F, J, 2): where each joint should be by the frames around: their median, the mean of the frames before and after, and straight
    on from the two before and the two after; nan where too few of all are known."""
    frames = len(tracks)
    padded = np.pad(tracks.points, ((AROUND, AROUND), (0, 0), (0, 0)), constant_values=np.nan)

    def at(shift: int) -> Array:
        return padded[AROUND + shift : AROUND + shift + frames]

    near = np.stack([at(shift) for shift in range(-AROUND, AROUND + 1) if shift])
    enough = np.isfinite(near[..., 0]).sum(0) >= FEWEST
    middle = np.nanmedian(np.where(enough[None, ..., None], near, 0.0), axis=0)
    ways = np.stack([middle, (at(-1) + at(1)) / 2, 2 * at(-1) - at(-2), 2 * at(1) - at(2)])
    return np.where(enough[None, ..., None], ways, np.nan)


def _nearest(points: Array, expected: Array) -> Array:
    """(F, J): how far points (F, J, 2) are from the nearest of the places where they should be; nan where none is known."""
    off = np.linalg.norm(points - expected, axis=-1)
    return np.fmin.reduce(off)


def _without(tracks: Tracks, gone: Mask) -> Tracks:
    return replace(tracks, points=np.where(gone[..., None], np.nan, tracks.points),
                   confidence=np.where(gone, 0.0, np.asarray(tracks.confidence)))
