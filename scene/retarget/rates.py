"""A clip at another frame rate, exactly: new frames lie at exact fractions of the old ones, whatever the rates. Numpy only."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .rig_shape import RigError, RigMotion
from .smoothing import compose
from .turns import between

Array = NDArray[np.float64]


def exact(fps: float) -> Fraction:
    """A rate as people mean it: 24, 25, 12.5, 30000/1001. Raises RigError for what is no rate."""
    if not (np.isfinite(fps) and fps > 0):
        raise RigError(f"frames a second must be a positive number, got {fps}")
    for bottom in (1, 2, 4, 5, 8, 10):
        if abs(fps * bottom - round(fps * bottom)) < 1e-5 * fps * bottom:
            return Fraction(round(fps * bottom), bottom)
    film = Fraction(round(fps * 1.001) * 1000, 1001)
    return film if film and abs(float(film) - fps) < 1e-4 * fps else Fraction(fps).limit_denominator(100_000)


def samples(count: int, source: float, wanted: float) -> tuple[NDArray[np.int_], Array]:
    """For each new frame the old one before it (N,) and how far on towards the next it lies (N,), 0 to 1.

    count: of old frames. The new clip begins with the old one's first frame and ends at or before its last.
    """
    step = exact(source) / exact(wanted)
    number = int((count - 1) / step) + 1
    whole = [divmod(k * step.numerator, step.denominator) for k in range(number)]
    at = np.array([one for one, _ in whole], dtype=np.int_)
    return at, np.array([part / step.denominator for _, part in whole])


def at_rate(motion: RigMotion, fps: float) -> RigMotion:
    """The same motion with `fps` samples a second, as long as before to less than one new frame.

    Bones turn the shortest way beside what they hang on, and keep their lengths. Its `frames` are spaced as the scene's frames of the
    old ones were, so it plays as fast as before.
    """
    at, share = samples(len(motion.frames), motion.fps, fps)
    if len(at) == len(motion.frames) and not share.any():
        return motion
    after = np.minimum(at + 1, len(motion.frames) - 1)
    parents = motion.shape.parents
    hangs = parents >= 0
    above = np.where(hangs, parents, 0)
    carried = motion.rotations[:, above]
    local = np.where(hangs[:, None, None], np.swapaxes(carried, -1, -2) @ motion.rotations, motion.rotations)
    apart = motion.heads - np.where(hangs[:, None], motion.heads[:, above], 0.0)
    offsets = np.where(hangs[:, None], np.einsum("fjba,fjb->fja", carried, apart), apart)
    turned = between(local[at], local[after], share[:, None])
    moved = offsets[at] + (offsets[after] - offsets[at]) * share[:, None, None]
    rotations, heads = compose(parents, turned, moved)
    frames = motion.frames[at] + (motion.frames[after] - motion.frames[at]) * share
    return replace(motion, rotations=rotations, heads=heads, fps=float(exact(fps)), frames=frames,
                   standing=motion.standing_at(np.where(share < 0.5, at, after)))
