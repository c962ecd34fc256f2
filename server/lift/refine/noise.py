"""How much of a track's movement is noise: read from differences of high order, in which smooth motion dies away.

White noise of spread s has m-th differences of spread s sqrt((2m)! / (m! m!)); a motion of w radians a frame is
multiplied by (2 sin(w/2))^m, so the smallest estimate over several orders is nearest to the noise.
"""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_ORDERS = (3, 4, 5, 6)
_LAGS = (1, 2, 3)
_MAD = 0.6745
_STIFFEST = 10.0


def noise_level(values: Array, known: Mask) -> float:
    """The spread of white noise in tracks (F, J, d) where known (F, J), in their unit; 0 where too few frames are known.

    The median over joints of each joint's own level, so that joints that truly shake do not count as noise. Where no joint is known
    in enough frames on end, its frames are taken as if they followed one another.
    """
    return min(_levels(values, known) or _levels(*_closed_up(values, known)), default=0.0)


def _levels(values: Array, known: Mask) -> list[float]:
    """The noise by differences of each order that enough frames are known for."""
    levels = []
    for order in _ORDERS:
        if len(values) < order + 4:
            break
        difference = np.abs(np.diff(np.where(known[..., None], values, np.nan), order, axis=0))
        enough = np.isfinite(difference[..., 0]).sum(0) >= 4
        if enough.any():
            levels.append(float(np.median(np.nanmedian(difference[:, enough], axis=(0, 2)))) / _MAD / comb(2 * order, order) ** 0.5)
    return levels


def _closed_up(values: Array, known: Mask) -> tuple[Array, Mask]:
    """The same with each joint's known frames moved to the front."""
    order = np.argsort(~known, axis=0, kind="stable")
    return np.take_along_axis(values, order[..., None], 0), np.take_along_axis(known, order, 0)


def acceleration(values: Array, known: Mask, noise: float) -> Array:
    """The spread (J,) of what joints (F, J, d) truly accelerate by in a frame, per coordinate, once `noise` is taken off.

    Second differences over 1, 2 and 3 frames; the longer ones tell slow motion from noise, the short ones see fast motion.
    Joints that are hardly seen get the median of the others; where frames are known only here and there, all that follow one another count.
    """
    best = np.full(values.shape[1], np.nan)
    for lag in _LAGS:
        square = _jolts(values, known, lag)
        best = np.fmax(best, np.sqrt(np.maximum(square - 6 * noise**2, 0.1 * 6 * noise**2)) / lag**2)
    if not np.isfinite(best).any():
        best = np.array([_uneven(values[here, joint], np.flatnonzero(here), noise) for joint, here in enumerate(known.T)])
    usual = float(np.nanmedian(best)) if np.isfinite(best).any() else 0.0
    return np.where(np.isfinite(best), best, usual)


def _uneven(values: Array, frames: NDArray[np.intp], noise: float) -> float:
    """The same of one joint (N, d) that is known in `frames` (N,) only, from divided differences; nan from fewer than four frames.

    Over g frames, accelerations that are each frame's own add up to sqrt(g (2 g² + 1) / 3) of one, not to g²: that is taken, as what
    happens between known frames is not known.
    """
    if len(frames) < 4:
        return float("nan")
    before, after = np.diff(frames)[:-1].astype(float), np.diff(frames)[1:].astype(float)
    weights = np.stack([1 / before, -1 / before - 1 / after, 1 / after]) * 2 / (before + after)
    square = ((weights[..., None] * np.stack([values[:-2], values[1:-1], values[2:]])).sum(0) ** 2).mean(-1)
    own = noise**2 * (weights**2).sum(0)
    square = np.fmin(square, np.quantile(square, 0.95))
    gap = (before + after) / 2
    return float(np.sqrt(max(np.mean(square - own), 0.1 * np.mean(own)) * np.mean(3 * gap**3 / (2 * gap**2 + 1))))


def _jolts(values: Array, known: Mask, lag: int) -> Array:
    """Mean squares (J,) of second differences over `lag` frames, per coordinate; nan for joints that have fewer than two."""
    if len(values) < 2 * lag + 2:
        return np.full(values.shape[1], np.nan)
    masked = np.where(known[..., None], values, np.nan)
    square = ((masked[2 * lag :] - 2 * masked[lag:-lag] + masked[: -2 * lag]) ** 2).mean(axis=-1)
    enough = np.isfinite(square).sum(0) >= 2
    some = np.where(enough, square, 0.0)
    # A wild frame must not pass for fast motion: the largest squares are cut to the 95th percentile's.
    return np.where(enough, np.nanmean(np.fmin(some, np.nanquantile(some, 0.95, axis=0)), axis=0), np.nan)


def calmed(values: Array, weight: Array, pace: float, link: Array) -> Array:
    """Values (F, d) with weights (F,), smoothed as one that accelerates by `pace` in a frame and carries white noise; and further,
    until it accelerates by no more than that.

    What an animal can do across the view it does along it too: what jolts more is noise, however slowly that changes.
    """
    known = np.ones((len(values), 1), bool)

    def jolts(x: Array) -> float:
        return float(np.nan_to_num(_jolts(x[:, None], known, 1))[0])

    low, high = np.log10(max(jolts(smooth(values, weight, 1e-9, link)) / 6.0 / pace**2, 1e-9)), _STIFFEST
    best = smooth(values, weight, 10**low, link)
    if not jolts(best) > pace**2:
        return best
    for _ in range(10):
        middle = (low + high) / 2
        best = smooth(values, weight, 10**middle, link)
        low, high = (middle, high) if jolts(best) > pace**2 else (low, middle)
    return best


def smooth(values: Array, weight: Array, stiffness: Array | float, link: Array) -> Array:
    """Values (F, d) with weights (F,) drawn through by a stiff curve: minimises weight (x - values)² + stiffness (second differences)².

    link (F - 2,) 1 where three frames follow one another, else 0 (Whittaker 1922). Values without weight are bridged.
    """
    frames = len(values)
    if frames < 3:
        return np.array(values)
    known = weight > 0
    if not known.any():
        return np.zeros_like(values)
    band = np.zeros((3, frames))
    band[0] = weight + 1e-9 * weight.max()  # where nothing is known, nearly straight on
    pull = stiffness * link
    for shift, size in ((0, 1.0), (1, 4.0), (2, 1.0)):
        band[0, shift : shift + frames - 2] += pull * size
    band[1, : frames - 2] -= 2 * pull
    band[1, 1 : frames - 1] -= 2 * pull
    band[2, : frames - 2] += pull
    return np.asarray(solveh_banded(band, np.where(known, weight, 0.0)[:, None] * np.where(known[:, None], values, 0.0), lower=True))
