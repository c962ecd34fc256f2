"""Clips that go round: continued over their seam while they are solved, so that what comes out goes round as well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .body_map import BodyMap
from .rig_shape import RigMotion

Array = NDArray[np.float64]

_MOST = 40
"""Frames by which a clip is continued on either side."""


def period_of(motion: RigMotion) -> int:
    """Frames after which a cyclic motion is where it began: one less than it has where its last pose is the first again."""
    step = np.abs(motion.rotations[1] - motion.rotations[0]).max() if len(motion.frames) > 1 else 0.0
    apart = np.abs(motion.rotations[-1] - motion.rotations[0]).max()
    return len(motion.frames) - 1 if apart < max(0.2 * step, 1e-4) else len(motion.frames)


def padded(motion: RigMotion, parts: BodyMap) -> tuple[RigMotion, int]:
    """A cyclic motion continued before its beginning and after its end, and by how many frames; any other as it is."""
    frames = len(motion.frames)
    if not motion.cyclic or frames < 4:
        return motion, 0
    period = period_of(motion)
    pad = min(_MOST, period)
    steps = np.arange(-pad, frames + pad)
    turn, around = np.divmod(steps, period)
    stride = _stride(motion, parts, period)
    heads = motion.heads[around] + turn[:, None, None] * stride
    step = (motion.frames[-1] - motion.frames[0]) / (frames - 1)
    times = motion.frames[0] + steps * step
    return replace(motion, rotations=motion.rotations[around], heads=heads, frames=times, standing=motion.standing_at(around)), pad


def _stride(motion: RigMotion, parts: BodyMap, period: int) -> Array:
    """(3,) how far the animal gets in one turn of the loop."""
    hips = motion.shape.index[parts.on(motion.shape)["spine"][0]]
    path = motion.heads[:, hips]
    if period < len(path):
        return path[period] - path[0]
    return path[-1] - path[0] + 0.5 * (path[1] - path[0] + path[-1] - path[-2])


def closed(solved: RigMotion, motion: RigMotion, pad: int, frames: int) -> RigMotion:
    """The middle of a padded solution, with the clip's own times."""
    if not pad:
        return solved
    inner = slice(pad, pad + frames)
    return replace(solved, rotations=solved.rotations[inner], heads=solved.heads[inner], frames=motion.frames)
