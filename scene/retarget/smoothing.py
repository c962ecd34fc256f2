"""Motion made smoother without moving it in time: the same filter forwards and backwards, rotations as rotations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...animal.rotations import matrix_from_quaternion, quaternion_from_matrix
from .rig_shape import RigMotion
from .turns import continuous

Array = NDArray[np.float64]


def kernel(sigma: float) -> Array:
    """Weights (2r + 1,) of a Gaussian of this many frames; [1] for none."""
    if sigma < 1e-3:
        return np.ones(1)
    reach = max(1, int(np.ceil(3.5 * sigma)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return weights / weights.sum()


def smooth(values: ArrayLike, sigma: float, cyclic: bool = False, mode: str = "odd") -> Array:
    """Values (F, …) averaged over neighbouring frames, sigma in frames.

    Beyond its ends a clip goes on mirrored through its last value ("odd": slopes are kept) or mirrored ("even"); a
    cyclic one goes on from its other end.
    """
    values = np.asarray(values, dtype=np.float64)
    weights = kernel(sigma)
    reach, frames = len(weights) // 2, len(values)
    if reach == 0 or frames == 1:
        return values.copy()
    flat = values.reshape(frames, -1)
    steps = np.arange(-reach, frames + reach)
    if cyclic:
        padded = flat[steps % frames]
    else:
        # Folded as often as needed: a clip may be shorter than the filter.
        fold = np.abs((steps + (frames - 1)) % (2 * (frames - 1)) - (frames - 1))
        padded = flat[fold]
        if mode == "odd":
            before, after = steps < 0, steps >= frames
            padded[before] = 2 * flat[0] - padded[before]
            padded[after] = 2 * flat[-1] - padded[after]
    total = np.zeros_like(flat)
    for shift, weight in enumerate(weights):
        total += weight * padded[shift : shift + frames]
    return total.reshape(values.shape)


def smooth_turns(turns: ArrayLike, sigma: float, cyclic: bool = False) -> Array:
    """Rotations (F, …, 3, 3) averaged over neighbouring frames, sigma in frames."""
    turns = np.asarray(turns, dtype=np.float64)
    if sigma < 1e-3 or len(turns) == 1:
        return turns.copy()
    quaternions = continuous(quaternion_from_matrix(turns))
    if cyclic and len(quaternions) > 2:
        # Across the seam the sign may differ: what is averaged there is turned to one side first.
        half = len(quaternions) // 2
        turned = np.roll(quaternions, half, axis=0)
        turned = smooth(continuous(turned), sigma, mode="even")
        plain = smooth(quaternions, sigma, mode="even")
        reach = min(half, len(kernel(sigma)))
        back = np.roll(turned, -half, axis=0)
        plain[:reach], plain[-reach:] = back[:reach], back[-reach:]
        return matrix_from_quaternion(plain)
    return matrix_from_quaternion(smooth(quaternions, sigma, mode="even"))


def smooth_motion(motion: RigMotion, seconds: float) -> RigMotion:
    """A motion with what is faster than about `seconds` gone; bones keep their lengths.

    Turns are smoothed bone by bone against what each hangs on, so that a shaking body does not smear its legs. Contacts
    are not kept: smooth the source before it is retargeted.
    """
    sigma = 0.35 * seconds * motion.fps
    if sigma < 1e-3 or len(motion.frames) < 3:
        return motion
    parents = motion.shape.parents
    above = np.where(parents >= 0, parents, 0)
    carried = motion.rotations[:, above]
    hangs = (parents >= 0)[:, None, None]
    local = np.where(hangs, np.swapaxes(carried, -1, -2) @ motion.rotations, motion.rotations)
    offsets = motion.heads - np.where((parents >= 0)[:, None], motion.heads[:, above], 0.0)
    offsets = np.where((parents >= 0)[:, None], np.einsum("fjba,fjb->fja", carried, offsets), offsets)
    local = smooth_turns(local, sigma, motion.cyclic)
    # The path of a walk does not come back to where it began, so it is never smoothed across a seam.
    offsets = smooth(offsets, sigma)
    rotations, heads = compose(parents, local, offsets)
    return replace(motion, rotations=rotations, heads=heads)


def compose(parents: NDArray[np.int_], local: Array, offsets: Array) -> tuple[Array, Array]:
    """Global rotations and heads from those in each parent's axes: local (F, J, 3, 3), offsets (F, J, 3), parents first."""
    rotations, heads = local.copy(), offsets.copy()
    for bone, parent in enumerate(parents):
        if parent >= 0:
            rotations[:, bone] = rotations[:, parent] @ local[:, bone]
            heads[:, bone] = heads[:, parent] + np.einsum("fab,fb->fa", rotations[:, parent], offsets[:, bone])
    return rotations, heads
