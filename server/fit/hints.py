"""What is known of the animals in a photo, checked: points, box, mask, species.

Whatever is given may be partial, doubtful or wrong; what cannot be used is refused with words that tell what to do,
and what is merely odd is dropped with a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...animal.keypoints import SUPERSET
from ..engine import JobFailure

Array = NDArray[np.float64]


@dataclass
class FitHints:
    """What is known of one animal.

    keypoints (44, 3): x, y in pixels and confidence in [0, 1], in the superset's order, nan where unknown;
    box (4,): x0, y0, x1, y1 in pixels; mask (H, W) bool; species or family by name.
    """

    keypoints: Array = field(default_factory=lambda: np.full((len(SUPERSET), 3), np.nan))
    box: Array | None = None
    mask: NDArray[np.bool_] | None = None
    species: str | None = None
    family: str | None = None
    label: str = ""


@dataclass
class Evidence:
    """The hints of one animal after checking: points (44, 3) with confidence 0 where unknown, a box that always is there,
    whether a person gave it (`box_given`), the mask or None, the length `size` in
    pixels that errors are measured by (the geometric mean of the box's sides), and warnings in words."""

    points: Array
    box: Array
    box_given: bool
    mask: NDArray[np.bool_] | None
    size: float
    warnings: list[str]

    @property
    def box_from_points(self) -> bool:
        """Whether the box only spans the points: the animal may well be larger."""
        return not self.box_given and self.mask is None


def check_hints(hints: FitHints, width: int, height: int, which: str) -> Evidence:
    """Check one animal's hints against the picture.

    Raises JobFailure where nothing is left to fit to, or where a hint contradicts the picture.
    """
    warnings: list[str] = []
    if hints.mask is not None and np.mean(np.asarray(hints.mask) != 0) > 0.95:
        warnings.append("the mask covers the whole picture; is it inverted?")
    mask = _check_mask(hints.mask, width, height, which)
    points = _check_points(hints.keypoints, width, height, warnings)
    box = _check_box(hints.box, width, height, which)
    given = box is not None
    if box is not None and mask is not None:
        warnings += _box_against_mask(box, mask_box(mask))
    seen = points[:, 2] > 0
    if mask is not None:
        box = mask_box(mask)  # tighter than any hand draws
    if box is None and seen.any():
        low, high = points[seen, :2].min(0), points[seen, :2].max(0)
        if (high - low).max() < 2.0 and seen.sum() > 1:
            raise JobFailure("points_coincide", f"{which}: all {seen.sum()} points lie on one spot",
                             "Place the points on different parts of the animal, or draw a box around it.")
        if seen.sum() == 1:
            raise JobFailure("too_few_hints", f"{which}: a single point does not tell how large the animal is",
                             "Draw a box around the animal or place at least two points.")
        # Points seldom reach the outline: paws and nose do, the rest lies within.
        margin = 0.05 * (high - low).max()
        box = np.concatenate([low - margin, high + margin])
    if box is None:
        lost = f" ({'; '.join(warnings)})" if warnings else ""
        raise JobFailure("no_hints", f"{which}: no points, box or mask are given{lost}",
                         "Draw a box around the animal, place a few points on it, or give a mask.")
    sides = np.maximum(box[2:] - box[:2], 2.0)
    # A thin box (points along a line) still belongs to a body with some depth to it.
    sides = np.maximum(sides, 0.25 * sides.max())
    return Evidence(points, box, given, mask, float(np.sqrt(sides.prod())), warnings)


def mask_box(mask: NDArray[np.bool_]) -> Array:
    """The box (4,) x0, y0, x1, y1 of a mask's pixels, outer edges included."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)


def _box_against_mask(box: Array, around: Array) -> list[str]:
    """A warning where a drawn box and the mask's own box (4,) are not of the same animal; the mask is then followed."""
    low = np.maximum(box[:2], around[:2])
    high = np.minimum(box[2:], around[2:])
    shared = np.prod(np.clip(high - low, 0, None))
    either = np.prod(box[2:] - box[:2]) + np.prod(around[2:] - around[:2]) - shared
    return [] if shared > 0.5 * either else ["the box and the mask do not agree; the mask was followed"]


def _check_mask(mask: NDArray[np.bool_] | None, width: int, height: int, which: str) -> NDArray[np.bool_] | None:
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.shape != (height, width):
        size = f"{mask.shape[1]} x {mask.shape[0]}" if mask.ndim == 2 else f"an array of shape {mask.shape}"
        raise JobFailure("mask_size", f"{which}: the mask is {size}, the picture {width} x {height}",
                         "Give a mask of the picture's size, one value a pixel.")
    mask = mask.astype(bool, copy=False)
    if mask.sum() < 16:
        raise JobFailure("mask_empty", f"{which}: the mask is empty, or all but empty",
                         "Paint the animal into the mask, or leave the mask out.")
    return mask


def _check_points(points: Array, width: int, height: int, warnings: list[str]) -> Array:
    points = np.array(points, dtype=np.float64)
    if points.shape != (len(SUPERSET), 3):
        raise JobFailure("points_shape", f"keypoints must be ({len(SUPERSET)}, 3), got {points.shape}",
                         "Give x, y and confidence for every point of the superset, nan where unknown.")
    known = np.isfinite(points).all(1) & (points[:, 2] > 0)
    # A little outside the frame is a cut-off paw that somebody guessed; far outside is a mistake.
    margin = 0.1 * max(width, height)
    inside = ((points[:, :2] > -margin) & (points[:, :2] < np.array([width, height]) + margin)).all(1)
    for i in np.flatnonzero(known & ~inside):
        warnings.append(f"{SUPERSET[i]} at {points[i, 0]:.0f}, {points[i, 1]:.0f} lies outside the picture of {width} x {height} "
                        "and was left out")
    points[~(known & inside)] = 0.0
    points[:, 2] = np.clip(points[:, 2], 0.0, 1.0)
    return points


def _check_box(box: Array | None, width: int, height: int, which: str) -> Array | None:
    if box is None:
        return None
    box = np.asarray(box, dtype=np.float64)
    if box.shape != (4,) or not np.isfinite(box).all():
        raise JobFailure("box", f"{which}: a box is four numbers x0, y0, x1, y1", "Draw the box again.")
    low = np.clip(np.minimum(box[:2], box[2:]), 0, [width, height])
    high = np.clip(np.maximum(box[:2], box[2:]), 0, [width, height])
    if (high - low).min() < 2.0:
        raise JobFailure("box_empty", f"{which}: the box is empty or lies outside the picture",
                         "Draw a box of at least two pixels around the animal, inside the picture.")
    return np.concatenate([low, high])
