"""The numbers that results are scored by, each under a name that says what it is divided by.

Papers of this field call several different things "PCK@0.1"; here the reference length stands in the name:
`pck_mask` divides by the square root of the mask's area, `pck_image` by the longer side of the picture, `pck_box` by
the longer side of the box. Missing is nan everywhere: a true point that is nan is not scored, a predicted point that is
nan is a miss.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

AP10K_SIGMAS = (.025, .025, .026, .035, .035, .079, .072, .062, .079, .072, .062, .107, .087, .089, .107, .087, .089)
"""Per-point spreads of AP-10K's 17 points, in its order, as published with the data set."""
OKS_THRESHOLDS = tuple(0.5 + 0.05 * i for i in range(10))


def _rows(values: ArrayLike, columns: int, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != columns:
        raise ValueError(f"{name}: needs (K, {columns}), got {array.shape}")
    return array


def known_rows(points: ArrayLike) -> NDArray[np.bool_]:
    """Which rows (K,) of points (K, d) are known, that is finite."""
    return np.asarray(np.isfinite(np.asarray(points, dtype=np.float64)).all(axis=-1))


def point_errors(predicted: ArrayLike, truth: ArrayLike) -> Array:
    """Pixel distances (K,) of predicted (K, 2) to true points (K, 2); nan where there is no truth, inf where no prediction."""
    predicted, truth = _rows(predicted, 2, "predicted"), _rows(truth, 2, "truth")
    errors = np.linalg.norm(predicted - truth, axis=1)
    errors[np.isnan(errors)] = np.inf
    return np.where(known_rows(truth), errors, np.nan)


def pck(predicted: ArrayLike, truth: ArrayLike, length: float, threshold: float = 0.1) -> float:
    """Share of true points that are predicted within threshold * length pixels; nan when there is no true point."""
    if not length > 0:
        raise ValueError(f"length: must be positive, got {length}")
    errors = point_errors(predicted, truth)
    scored = errors[~np.isnan(errors)]
    return float(np.mean(scored <= threshold * length)) if len(scored) else float("nan")


def pck_mask(predicted: ArrayLike, truth: ArrayLike, mask: NDArray[np.bool_], threshold: float = 0.1) -> float:
    """PCK with distances divided by the square root of the mask's area in pixels."""
    return pck(predicted, truth, float(np.sqrt(np.count_nonzero(mask))), threshold)


def pck_image(predicted: ArrayLike, truth: ArrayLike, width: int, height: int, threshold: float = 0.1) -> float:
    """PCK with distances divided by the longer side of the picture."""
    return pck(predicted, truth, float(max(width, height)), threshold)


def pck_box(predicted: ArrayLike, truth: ArrayLike, box: ArrayLike, threshold: float = 0.1) -> float:
    """PCK with distances divided by the longer side of the box x0, y0, x1, y1."""
    x0, y0, x1, y1 = np.asarray(box, dtype=np.float64)
    return pck(predicted, truth, float(max(x1 - x0, y1 - y0)), threshold)


def pck_auc(predicted: ArrayLike, truth: ArrayLike, length: float, steps: int = 100) -> float:
    """Area under PCK over thresholds 0 … 1 (`steps` of them, both ends in), as a share of 1."""
    values = [pck(predicted, truth, length, t) for t in np.linspace(0.0, 1.0, steps)]
    return float(np.mean(values))


def mask_iou(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks of one shape; nan when both are empty."""
    predicted, truth = np.asarray(predicted, dtype=bool), np.asarray(truth, dtype=bool)
    if predicted.shape != truth.shape:
        raise ValueError(f"masks: shapes differ, {predicted.shape} and {truth.shape}")
    union = np.count_nonzero(predicted | truth)
    return np.count_nonzero(predicted & truth) / union if union else float("nan")


def similarity_alignment(source: ArrayLike, target: ArrayLike) -> tuple[float, Array, Array]:
    """The similarity that takes points `source` (K, 3) nearest to `target` (K, 3) in the least-squares sense (Umeyama 1991).

    Rows with nan in either are left out. Gives scale, R (3, 3) and t (3,): target ≈ scale R source + t; reflections are
    excluded. Raises ValueError with fewer than 3 common points.
    """
    source, target = _rows(source, 3, "source"), _rows(target, 3, "target")
    both = known_rows(source) & known_rows(target)
    if np.count_nonzero(both) < 3:
        raise ValueError(f"alignment needs 3 common points, there are {np.count_nonzero(both)}")
    source_mean, target_mean = source[both].mean(axis=0), target[both].mean(axis=0)
    a, b = source[both] - source_mean, target[both] - target_mean
    u, singular, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    R = (u * sign) @ vt
    spread = float((a**2).sum())
    scale = float((singular * sign).sum() / spread) if spread > 0 else 1.0
    return scale, R, target_mean - scale * R @ source_mean


def pa_mpjpe(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Mean distance (unit of `truth`) of 3D points (K, 3) after the best similarity alignment, over points both have.

    nan with fewer than 3 common points. Multiply by 1000 for the millimetres papers print.
    """
    predicted, truth = _rows(predicted, 3, "predicted"), _rows(truth, 3, "truth")
    both = known_rows(predicted) & known_rows(truth)
    if np.count_nonzero(both) < 3:
        return float("nan")
    scale, R, t = similarity_alignment(predicted[both], truth[both])
    return float(np.linalg.norm(scale * predicted[both] @ R.T + t - truth[both], axis=1).mean())


def s_mpjpe(predicted: ArrayLike, truth: ArrayLike) -> float:
    """As pa_mpjpe, but aligned by scale and shift only: a wrong orientation counts."""
    predicted, truth = _rows(predicted, 3, "predicted"), _rows(truth, 3, "truth")
    both = known_rows(predicted) & known_rows(truth)
    if np.count_nonzero(both) < 2:
        return float("nan")
    a, b = predicted[both] - predicted[both].mean(axis=0), truth[both] - truth[both].mean(axis=0)
    spread = float((a**2).sum())
    scale = max(float((a * b).sum()) / spread, 0.0) if spread > 0 else 1.0
    return float(np.linalg.norm(scale * a - b, axis=1).mean())


def oks(predicted: ArrayLike, truth: ArrayLike, area: float, sigmas: ArrayLike) -> float:
    """COCO's object keypoint similarity of points (K, 2) on an animal of `area` square pixels: 1 is perfect.

    exp(-d² / (2 area (2σ)²)), averaged over the true points; nan when there is none.
    """
    errors = point_errors(predicted, truth)
    scored = ~np.isnan(errors)
    variance = (2.0 * np.broadcast_to(np.asarray(sigmas, dtype=np.float64), errors.shape)) ** 2
    similarity = np.exp(-(errors[scored] ** 2) / (2.0 * area * variance[scored]))
    return float(similarity.mean()) if scored.any() else float("nan")


def average_precision(scores: ArrayLike, similarities: ArrayLike, images: ArrayLike, truths_per_image: dict[int, int],
                      threshold: float) -> float:
    """COCO's AP at one OKS threshold: detections are ranked by score, each truth is matched once, false ones count.

    scores (D,) of the detections; similarities: for each detection the OKS with every truth of its image, as a list
    of D lists; images (D,) image ids; truths_per_image: how many truths each image has. Precision is interpolated at
    101 recalls. nan when there is no truth at all.
    """
    scores, images = np.asarray(scores, dtype=np.float64), np.asarray(images)
    total = sum(truths_per_image.values())
    if not total:
        return float("nan")
    taken: dict[int, set[int]] = {}
    hits = np.zeros(len(scores), dtype=bool)
    order = np.argsort(-scores, kind="stable")
    rows: list[ArrayLike] = list(similarities)  # type: ignore[arg-type]
    for rank, detection in enumerate(order):
        row = np.array(rows[detection], dtype=np.float64)
        used = taken.setdefault(int(images[detection]), set())
        row[list(used)] = -1.0
        if len(row) and row.max() >= threshold:
            used.add(int(row.argmax()))
            hits[rank] = True
    true = np.cumsum(hits)
    precision = true / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1] if len(precision) else precision
    places = np.searchsorted(true / total, np.linspace(0.0, 1.0, 101), side="left")
    reached = places < len(precision)
    return float(precision[places[reached]].sum() / len(places))
