"""Joins the animals of single frames into tracks, where a file does not say which is which: the nearest ones belong together.

How near two sets of points are is the mean distance of the points they share, in sizes of the animal (two thirds of its box's
diagonal), so that near and far animals are treated alike. Pairs are taken from the nearest on, each animal once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEAR = 0.6
"""How far an animal may get from one frame to the next, in sizes of the animal."""
PATIENCE = 30
"""After so many frames without it an animal that comes back is a new one."""

Array = NDArray[np.float64]


def link(frames: Sequence[Sequence[Array]], numbers: Sequence[int]) -> list[list[tuple[int, int]]]:
    """Tracks through frames.

    frames: for each frame the animals in it, each (K, 2) pixels, nan where missing; numbers: where the frames lie in the
    footage, rising. Returns for every track its (frame, animal) pairs, indices into `frames`, in the order of appearance.
    """
    tracks: list[list[tuple[int, int]]] = []
    last: dict[int, tuple[int, Array]] = {}  # track -> the frame's number, and where it was
    for frame, animals in enumerate(frames):
        last = {track: seen for track, seen in last.items() if numbers[frame] - seen[0] <= PATIENCE}
        pairs = sorted(
            (away, track, animal)
            for track, (number, before) in last.items()
            for animal, now in enumerate(animals)
            if (away := distance(before, now)) <= NEAR * (1.0 + 0.1 * (numbers[frame] - number - 1))
        )
        taken: dict[int, int] = {}
        for _, track, animal in pairs:
            if animal not in taken and track not in taken.values():
                taken[animal] = track
        for animal, now in enumerate(animals):
            track = taken.get(animal, len(tracks))
            if track == len(tracks):
                tracks.append([])
            tracks[track].append((frame, animal))
            # A point that is missing now was last seen where it was before.
            before = last[track][1] if track in last else now
            last[track] = (numbers[frame], np.where(np.isfinite(now), now, before))
    return tracks


def distance(before: Array, now: Array) -> float:
    """Mean distance of shared points of two animals (K, 2), in sizes of the animal; of their middles if they share none."""
    shared = np.isfinite(before).all(axis=1) & np.isfinite(now).all(axis=1)
    sizes = [_size(points) for points in (before, now)]
    size = max(*sizes, 1e-6)
    if shared.any():
        return float(np.linalg.norm(before[shared] - now[shared], axis=1).mean()) / size
    if not np.isfinite(before).any() or not np.isfinite(now).any():
        return float("inf")
    return float(np.linalg.norm(np.nanmean(before, axis=0) - np.nanmean(now, axis=0))) / size


def _size(points: Array) -> float:
    known = points[np.isfinite(points).all(axis=1)]
    if not len(known):
        return 0.0
    width, height = np.ptp(known, axis=0)
    return float(np.hypot(width, height)) / 1.5
