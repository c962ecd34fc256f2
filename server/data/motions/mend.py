"""A clip as sources have it, made ready: at one frame rate, on the ground, and looked at whether it is a motion at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ....animal.motion import Motion
from .folder import FPS

Array = NDArray[np.float64]

MIN_FRAMES = 8
MAX_FRAMES = 20_000
_STILL = 0.01  # of the animal's size: a clip in which no joint goes further shows nothing
_BELOW, _ABOVE = 0.01, 0.04  # of the size: feet may be so far below or above z = 0 before the clip is moved


def resampled(positions: Array, fps: float, to: float = FPS) -> Array:
    """Positions (F, J, 3) at another frame rate, both ends kept as nearly as frames allow, by cubic splines over time."""
    if abs(fps / to - 1.0) < 1e-3 or len(positions) < 2:
        return positions
    seconds = (len(positions) - 1) / fps
    frames = int(np.floor(seconds * to + 1e-6)) + 1
    if frames > MAX_FRAMES:
        raise ValueError(f"longer than {MAX_FRAMES} frames at {to:g} fps")
    spline = CubicSpline(np.arange(len(positions)) / fps, positions, axis=0)
    return np.asarray(spline(np.arange(frames) / to), np.float64)


def size_of(positions: Array) -> float:
    """How large an animal is in metres: the median over frames of the longest side of its joints' box (F, J, 3)."""
    return float(np.median(np.ptp(positions, axis=1).max(axis=1)))


def grounded(positions: Array) -> Array:
    """Positions (F, J, 3) whose lowest joints, but for the lowest frames, are near z = 0."""
    low = float(np.percentile(positions[..., 2].min(axis=1), 5))
    size = size_of(positions)
    if -_BELOW * size <= low <= _ABOVE * size:
        return positions
    return positions - [0.0, 0.0, low]


def mended(motion: Motion, to: float = FPS) -> Motion:
    """The motion at `to` frames a second and on the ground. Raises ValueError with the reason where it is none to learn from."""
    if not np.isfinite(motion.positions).all():
        raise ValueError("has joints that are not known")
    positions = resampled(motion.positions, motion.fps, to)
    if len(positions) < MIN_FRAMES:
        raise ValueError(f"shorter than {MIN_FRAMES} frames")
    if len(positions) > MAX_FRAMES:
        raise ValueError(f"longer than {MAX_FRAMES} frames")
    size = size_of(positions)
    if not size > 0:
        raise ValueError("has no extent")
    if np.ptp(positions, axis=0).max() < _STILL * size:
        raise ValueError("stands still")
    return replace(motion, positions=grounded(positions), fps=to, frame_numbers=None)
