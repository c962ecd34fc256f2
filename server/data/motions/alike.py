"""Clips that are the same but for their name: packs keep copies, and one animator's walk serves two animals of one rig.

If one were for training and its copy for tests, tests would show what is remembered, not what is understood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....animal.skeleton import Skeleton
from .folder import Entry

Array = NDArray[np.float64]

MOMENTS = 12  # at which two clips are compared
ALIKE = 0.25  # of how far its joints move in a clip: clips that differ by less on average are one


def clip_of(entries: Sequence[Entry]) -> dict[str, str]:
    """Source key → the key that stands for it and all others whose motions are alike, on the same skeleton."""
    stands: dict[str, str] = {entry.source_key: entry.source_key for entry in entries}

    def find(key: str) -> str:
        while stands[key] != key:
            key = stands[key]
        return key

    groups: dict[Skeleton, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.motion.skeleton, []).append(entry)
    for group in groups.values():
        looks = np.stack([_look(entry.motion.positions) for entry in group])
        moves = np.linalg.norm(looks - looks.mean(axis=1, keepdims=True), axis=-1).mean(axis=(1, 2))
        for one, entry in enumerate(group):
            apart = np.linalg.norm(looks[one + 1 :] - looks[one], axis=-1).mean(axis=(1, 2))
            for other in one + 1 + np.flatnonzero(apart < ALIKE * np.minimum(moves[one], moves[one + 1 :])):
                first, second = sorted((find(entry.source_key), find(group[other].source_key)))
                stands[second] = first
    return {key: find(key) for key in stands}


def _look(positions: Array) -> Array:
    """(MOMENTS, J, 3) a clip's poses at even times, each about its own middle, at size 1."""
    frames = np.linspace(0, len(positions) - 1, MOMENTS).round().astype(int)
    poses = positions[frames] - positions[frames].mean(axis=1, keepdims=True)
    return poses / max(float(np.ptp(positions, axis=1).max()), 1e-9)
