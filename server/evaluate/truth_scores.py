"""How far a fitted animal is from the truth in 3D, and what that is worth against an animal that never changes.

Everything is measured in the camera's axes, so that neither the choice of the world nor of the scale counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.keypoints import INDEX, MIRROR, SUPERSET
from .metrics import known_rows, pa_mpjpe, s_mpjpe, similarity_alignment

Array = NDArray[np.float64]
PAIRS = tuple((i, INDEX[name.replace("left_", "right_", 1)]) for i, name in enumerate(SUPERSET) if name.startswith("left_"))


@dataclass(frozen=True)
class Score3D:
    """One fit against its truth.

    direction_error: degrees between the body directions (tail base to neck); front_back: the headings on the ground are
    more than 90 degrees apart; left_right: the animal's left is more than 90 degrees off, or its points fit the truth
    better with left and right swapped; error: mean 3D distance after similarity alignment, as a share of the true
    animal's spread (root mean square distance of its points from their mean).
    """

    direction_error: float
    front_back: bool
    left_right: bool
    error: float


def score_3d(found: Array, truth: Array, up: Array) -> Score3D:
    """Score points found (44, 3) against true ones (44, 3), both in the camera's axes; up (3,) is the true upward direction."""
    found_ahead, true_ahead = body_direction(found), body_direction(truth)
    heading = _angle(_flat(found_ahead, up), _flat(true_ahead, up))
    both = known_rows(found) & known_rows(truth)
    side = _angle(_leftward(found, both), _leftward(truth, both))
    swapped = s_mpjpe(found[np.asarray(MIRROR)], truth) < s_mpjpe(found, truth)
    return Score3D(_angle(found_ahead, true_ahead), heading > 90.0, side > 90.0 or bool(swapped), aligned_error(found, truth))


def aligned_error(found: Array, truth: Array) -> float:
    """PA-MPJPE over the points both have, as a share of the true animal's spread."""
    return pa_mpjpe(found, truth) / spread(truth)


def spread(points: Array) -> float:
    """Root mean square distance of the known points (K, 3) from their mean."""
    known = points[known_rows(points)]
    return float(np.sqrt(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean()))


def body_direction(points: Array) -> Array:
    """Unit vector (3,) from the tail base to the base of the neck, or to the withers where that is not known."""
    for front in ("neck_base", "withers", "neck"):
        vector = points[INDEX[front]] - points[INDEX["tail_base"]]
        if np.isfinite(vector).all() and np.linalg.norm(vector) > 0:
            return vector / np.linalg.norm(vector)
    raise ValueError("points: neither neck_base nor withers is known beside tail_base")


def _flat(vector: Array, up: Array) -> Array:
    return vector - (vector @ up) * up


def _angle(a: Array, b: Array) -> float:
    """Degrees between two vectors; 90, which says nothing, when one vanishes."""
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.degrees(np.arccos(np.clip(a @ b / norms, -1.0, 1.0)))) if norms > 1e-12 else 90.0


def _leftward(points: Array, known: NDArray[np.bool_]) -> Array:
    """The sum of the vectors from right to left points (3,)."""
    pairs = [(left, right) for left, right in PAIRS if known[left] and known[right]]
    return np.sum([points[left] - points[right] for left, right in pairs], axis=0) if pairs else np.zeros(3)


def mean_animal(truths: Sequence[Array], rounds: int = 10) -> Array:
    """The one set of points (44, 3) that is nearest to all true animals after similarity alignment (generalised Procrustes).

    It is made from the truth itself, so it is the best a constant answer can hope for.
    """
    scaled = [(truth - np.nanmean(truth, axis=0)) / spread(truth) for truth in truths]
    mean = scaled[int(np.argmax([known_rows(truth).sum() for truth in scaled]))]
    for _ in range(rounds):
        aligned = []
        for truth in scaled:
            scale, R, t = similarity_alignment(truth, mean)
            aligned.append(scale * truth @ R.T + t)
        stack = np.array(aligned)
        known = known_rows(stack)
        total = np.where(known[..., None], stack, 0.0).sum(axis=0)
        mean = np.where(known.any(axis=0)[:, None], total / np.maximum(known.sum(axis=0), 1)[:, None], np.nan)
        mean = mean / spread(mean)
    return mean


def constant_errors(constants: dict[str, Array], truths: Sequence[Array], found: Sequence[Array]) -> dict[str, float]:
    """Mean aligned error of each constant animal (44, 3), over the very points that the fits are scored on."""
    result = {}
    for name, constant in constants.items():
        errors = []
        for truth, fit in zip(truths, found, strict=True):
            shared = np.where(known_rows(fit)[:, None], truth, np.nan)
            errors.append(pa_mpjpe(constant, shared) / spread(truth))
        result[name] = float(np.mean(errors))
    return result
