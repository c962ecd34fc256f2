"""How well a drawn picture keeps to the truth it was drawn from: are there edges where the animals end, and along their direction?

A generator sometimes turns a head around, merges two bodies or paints an animal as a bush; such pictures spoil training. Each
animal's outline is looked for among the picture's edges of the same direction, and what chance would find is taken off: 1 is a picture
whose every outline is drawn, 0 one that knows nothing of the animal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_DIRECTIONS = 8  # of edges over half a turn
_REACH = 0.006  # of the longer side: how far beside an outline its edge may lie
_SHIFT = 0.06  # of the longer side: where else the outline is tried, to see what chance finds
_LEAST = 12  # pixels of outline, below which nothing can be said


@dataclass(frozen=True)
class Agreement:
    """overall: of all outlines together, by id each animal's own (only those that show enough of one); about 0 to 1, or None."""

    overall: float | None
    animals: dict[int, float]

    def values(self) -> dict[str, object]:
        """As a record holds it."""
        return {"overall": self.overall, "animals": {str(number): value for number, value in self.animals.items()}}


def agreement(picture: NDArray[np.uint8], ids: NDArray[np.uint8]) -> Agreement:
    """Compare a picture (H, W, 3) with which animal each pixel shall show, ids (H, W)."""
    if picture.shape != (*ids.shape, 3):
        raise ValueError(f"the picture {picture.shape} and the ids {ids.shape} differ in size")
    found = _reached(picture.astype(np.float32))
    hits: dict[int, tuple[float, float, int]] = {}
    for number in np.unique(ids[ids > 0]).tolist():
        y, x, direction = _outline(ids == number)
        if len(y) >= _LEAST:
            hits[number] = (float(found[direction, y, x].sum()), _by_chance(found, y, x, direction), len(y))
    animals = {number: _beyond_chance(*values) for number, values in hits.items()}
    if not hits:
        return Agreement(None, {})
    hit, lucky, count = (sum(values) for values in zip(*hits.values(), strict=True))
    return Agreement(_beyond_chance(hit, lucky, int(count)), animals)


def _by_chance(found: NDArray[np.bool_], y: NDArray[np.int64], x: NDArray[np.int64], direction: NDArray[np.int64]) -> float:
    """How many pixels of the outline find an edge when it lies elsewhere nearby: the mean over shifts in eight directions."""
    height, width = found.shape[1:]
    shift, counts = max(4, round(_SHIFT * max(height, width))), []
    for dy in (-shift, 0, shift):
        for dx in (-shift, 0, shift):
            inside = (y + dy >= 0) & (y + dy < height) & (x + dx >= 0) & (x + dx < width)
            if (dy or dx) and inside.any():
                counts.append(len(y) * found[direction[inside], y[inside] + dy, x[inside] + dx].mean())
    return float(np.mean(counts)) if counts else 0.0


def _beyond_chance(hit: float, lucky: float, count: int) -> float:
    """The share of `count` pixels that was hit, less what chance would hit, over what there was to win."""
    return round((hit - lucky) / max(count - lucky, 1e-9), 4)


def _reached(picture: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(directions, H, W) whether an edge of about that direction lies within reach, by Canny's ridges of the strongest channel."""
    soft = ndimage.gaussian_filter(picture, (1.0, 1.0, 0.0))
    gx, gy = ndimage.sobel(soft, axis=1), ndimage.sobel(soft, axis=0)
    strength = np.hypot(gx, gy)
    best = strength.argmax(axis=2)[..., None]
    gx, gy, strength = (np.take_along_axis(values, best, axis=2)[..., 0] for values in (gx, gy, strength))
    # What counts as an edge depends on the picture: fog has faint ones, foliage only strong ones that mean something.
    level = max(20.0, float(np.percentile(strength, 70)))
    x, y = np.meshgrid(np.arange(strength.shape[1]), np.arange(strength.shape[0]))
    length = np.maximum(strength, 1e-6)
    beside = [ndimage.map_coordinates(strength, [y + s * gy / length, x + s * gx / length], order=1, mode="nearest") for s in (1, -1)]
    ridge = (strength > level) & (strength > beside[0]) & (strength >= beside[1])
    direction = _direction(gx, gy)
    reach = max(1, round(_REACH * max(strength.shape)))
    disc = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach + 0.5
    spread = [np.asarray(ndimage.binary_dilation(ridge & (direction == d), disc), bool) for d in range(_DIRECTIONS)]
    found = np.stack(spread)
    return found | np.roll(found, 1, axis=0) | np.roll(found, -1, axis=0)


def _outline(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows, columns and directions of the pixels of a mask's outline, but for where the picture's border cuts it."""
    inner = np.asarray(ndimage.binary_erosion(mask, border_value=1), bool)
    y, x = np.nonzero(mask & ~inner)
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 2.0)
    return y, x, _direction(ndimage.sobel(soft, axis=1)[y, x], ndimage.sobel(soft, axis=0)[y, x])


def _direction(gx: NDArray[Any], gy: NDArray[Any]) -> NDArray[np.int64]:
    """Which of the directions over half a turn a gradient has."""
    return np.floor((np.arctan2(gy, gx) % np.pi) / np.pi * _DIRECTIONS + 0.5).astype(np.int64) % _DIRECTIONS
