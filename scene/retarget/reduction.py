"""Fewer keys for the same motion: those that can be left out without any frame being off by more than a bound. Numpy only.

Between the kept keys Blender draws straight lines (of quaternions: of their four numbers, made unit again), and it is measured against
just that. Bones keep keys of their own: a foot that stands needs few.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Errors = Callable[[int, int], Array]


def keys_of_turns(quaternions: Array, frames: Array, degrees: float) -> NDArray[np.int_]:
    """Indices of the keys to keep of quaternions (F, 4), w first and without jumps of sign, at frames (F,), within `degrees`."""
    quaternions = np.asarray(quaternions, dtype=np.float64)

    def errors(low: int, high: int) -> Array:
        share = ((frames[low : high + 1] - frames[low]) / (frames[high] - frames[low]))[:, None]
        drawn = quaternions[low] + share * (quaternions[high] - quaternions[low])
        drawn = drawn / np.maximum(np.linalg.norm(drawn, axis=1, keepdims=True), 1e-12)
        # The sine of half the angle: its cosine says nothing about small ones.
        apart = np.linalg.norm(drawn - quaternions[low : high + 1], axis=1) / 2
        return 4 * np.arcsin(np.minimum(apart, 1.0))

    return _keep(len(quaternions), errors, np.radians(degrees))


def keys_of_values(values: Array, frames: Array, bound: float) -> NDArray[np.int_]:
    """Indices of the keys to keep of values (F, n), such as places, at frames (F,): none further off than `bound`, in their unit."""
    values = np.asarray(values, dtype=np.float64).reshape(len(frames), -1)

    def errors(low: int, high: int) -> Array:
        share = ((frames[low : high + 1] - frames[low]) / (frames[high] - frames[low]))[:, None]
        return np.linalg.norm(values[low] + share * (values[high] - values[low]) - values[low : high + 1], axis=1)

    return _keep(len(values), errors, bound)


def _keep(count: int, errors: Errors, bound: float) -> NDArray[np.int_]:
    """The first and the last, and of what is too far off between two kept ones the furthest, again and again."""
    if count <= 2:
        return np.arange(count)
    kept = {0, count - 1}
    open_spans = [(0, count - 1)]
    while open_spans:
        low, high = open_spans.pop()
        if high - low < 2:
            continue
        off = errors(low, high)
        worst = int(np.argmax(off))
        if off[worst] > bound:
            kept.add(low + worst)
            open_spans += [(low, low + worst), (low + worst, high)]
    return np.array(sorted(kept), dtype=np.int_)
