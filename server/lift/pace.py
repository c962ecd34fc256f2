"""Tracks given to a network at the pace that it knows: fast footage in interleaved strides, sparse frames without the empty ones.

Networks learn from 30 frames a second and a motion that fills their window. Of footage at 120 frames a second a window would show
a quarter of that; so every fourth frame is lifted together, four times. Where most frames are empty (annotations every
few frames), those that are not are lifted as if they followed one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ...animal.tracks import Tracks
from .windows import LiftedClip, lift_tracks

Array = NDArray[np.float64]

TRAINED_FPS = 30.0
SPARSE = 0.5
"""At most this share of a sparse clip's frames show anything."""
SHORTEST = 16
"""No stride leaves a network fewer frames than this."""


def lift_at_pace(network: nn.Module, tracks: Tracks, device: str, progress: Callable[[float], None]) -> LiftedClip:
    """What `lift_tracks` says of tracks in which something is seen, frame by frame."""
    seen = tracks.seen.any(axis=1)
    if seen.mean() > SPARSE:
        return _strided(network, tracks, device, progress)
    at = np.flatnonzero(seen)
    part = replace(tracks, points=tracks.points[at], confidence=np.asarray(tracks.confidence)[at],
                   frame_numbers=np.asarray(tracks.frame_numbers)[at])
    found = _strided(network, part, device, progress)
    return replace(found, positions=_between(found.positions, at, len(tracks)), centre=_between(found.centre, at, len(tracks)),
                   uncertainty=None if found.uncertainty is None else _between(found.uncertainty, at, len(tracks)))


def stride_of(tracks: Tracks) -> int:
    """How many frames make up about one of those that networks know, rounded down: 60 frames a second 2, 50 or sparse ones 1."""
    steps = np.diff(np.asarray(tracks.frame_numbers))
    every = float(np.median(steps)) / tracks.fps if len(steps) else 1.0
    return max(1, min(int(1.001 / (TRAINED_FPS * every)), len(tracks) // SHORTEST))


def _strided(network: nn.Module, tracks: Tracks, device: str, progress: Callable[[float], None]) -> LiftedClip:
    """Every n-th frame together, n times; a mean over n frames takes away what the strides differ by."""
    stride = stride_of(tracks)
    points, confidence = tracks.points, np.asarray(tracks.confidence)
    if stride == 1 or not all(tracks.seen[k::stride].any() for k in range(stride)):
        return lift_tracks(network, points, confidence, tracks.skeleton, device, progress)
    parts = [lift_tracks(network, points[k::stride], confidence[k::stride], tracks.skeleton, device,
                         lambda x, k=k: progress((k + x) / stride)) for k in range(stride)]
    scale = float(np.mean([part.scale for part in parts]))
    positions = np.empty((*points.shape[:2], 3))
    centre = np.empty((len(points), 2))
    doubt = None if parts[0].uncertainty is None else np.empty(points.shape[:2])
    for k, part in enumerate(parts):
        positions[k::stride], centre[k::stride] = part.positions * part.scale / scale, part.centre
        if doubt is not None and part.uncertainty is not None:
            doubt[k::stride] = part.uncertainty * part.scale / scale
    return LiftedClip(_mean_over(positions, stride), doubt, scale, centre)


def _mean_over(values: Array, stride: int) -> Array:
    """A moving mean over `stride` frames (two halves at the ends, which are held): nothing that repeats every `stride` frames is left."""
    weights = np.ones(stride + 1 if stride % 2 == 0 else stride)
    if stride % 2 == 0:
        weights[[0, -1]] = 0.5
    reach = len(weights) // 2
    padded = np.pad(values, ((reach, reach), *((0, 0),) * (values.ndim - 1)), mode="reflect", reflect_type="odd")
    return np.asarray(sum(w * padded[i : i + len(values)] for i, w in enumerate(weights / weights.sum())))


def _between(values: Array, at: NDArray[np.intp], frames: int) -> Array:
    """Values (N, …) of frames `at` for all frames: on straight lines between them, held before the first and after the last."""
    place = np.interp(np.arange(frames), at, np.arange(len(at)))
    low = np.floor(place).astype(int)
    share = (place - low).reshape(-1, *(1,) * (values.ndim - 1))
    return values[low] * (1 - share) + values[np.minimum(low + 1, len(at) - 1)] * share
