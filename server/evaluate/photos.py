"""`bestiary evaluate fit`: the fit on annotated real photos, with all hints and with few.

A fit of points that were given is only a residual, so points are also held back: half of them (a seeded draw), or all
but the first few of the order in which the add-on asks for them. Box and species are always given. Shares and means are
taken per photo and then averaged over photos.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...animal.keypoints import INDEX, SUGGESTED_ORDER
from ...animal.model import AnimalModel
from ...animal.rasterise import rasterise
from ..fit.hints import FitHints
from ..fit.image import FitResult, fit_image
from ..overlay import OverlayAnimal, draw_overlay
from ..pictures import decode_image
from .metrics import known_rows, mask_iou, pck_box, pck_image, pck_mask
from .report import markdown_table, write_metrics, write_text
from .samples import AnnotatedAnimal, read_samples
from .sheet import side_view, write_sheet

Array = NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Condition:
    """What is given besides box and species: a number of points, "all" or "half" of them; the mask or not."""

    name: str
    points: int | str
    mask: bool


CONDITIONS = tuple(
    Condition(f"{name}{'' if mask else '_no_mask'}", points, mask)
    for name, points in (("all", "all"), ("half", "half"), ("ten", 10), ("five", 5), ("three", 3), ("none", 0))
    for mask in (True, False))


@dataclass(frozen=True)
class Outcome:
    """One fit: which points were given (44,), the result, and its scores by name (nan where there is nothing to score)."""

    given: NDArray[np.bool_]
    result: FitResult
    scores: dict[str, float]


def run(data: Path, out: Path, model: AnimalModel, limit: int | None = None, seed: int = 0, device: str = "cpu",
        conditions: Sequence[str] = tuple(c.name for c in CONDITIONS), say: Say = lambda text: None) -> dict[str, float]:
    """Fit every annotated animal below `data` under the conditions; write `metrics.json`, `table.md`, `details.json` and
    contact sheets into `out`, and give the metrics. limit: only so many animals."""
    chosen = [c for c in CONDITIONS if c.name in conditions]
    unknown = set(conditions) - {c.name for c in chosen}
    if unknown:
        raise ValueError(f"conditions: no such {', '.join(sorted(unknown))}; known: {', '.join(c.name for c in CONDITIONS)}")
    samples = read_samples(Path(data))[:limit]
    images = [decode_image(sample.image.read_bytes()) for sample in samples]
    metrics: dict[str, float] = {"photos": len(samples)}
    rows: list[list[Any]] = []
    details: list[dict[str, Any]] = []
    for condition in chosen:
        outcomes = []
        for number, sample in enumerate(samples):
            outcome = fit_one(sample, condition, model, np.random.default_rng([seed, number]), device)
            outcomes.append(outcome)
            details.append({"condition": condition.name, "photo": sample.name, "given": int(outcome.given.sum()),
                            "warnings": outcome.result.animals[0].warnings, **_plain(outcome.scores)})
            say(f"{condition.name} {_caption(sample, outcome)}")
        metrics |= _summary(condition, outcomes)
        rows.append([condition.name, *(_mean(outcomes, key) for key in ("given", "iou", "pck", "pck_heldout", "seconds"))])
        _write_sheet(Path(out) / f"contact_sheet_{condition.name}.jpg", samples, images, outcomes, model)
    columns = ["given (with box and species)", "points", "IoU", "PCK@0.1 all points", "PCK@0.1 points not given", "seconds"]
    about = (f"{len(samples)} photos of {Path(data).name}. PCK@0.1 is of the square root of the mask's area "
             f"(of the longer side of the box where there is no mask). Names ending in no_mask: the mask is not given.\n\n")
    write_text(Path(out) / "table.md", about + markdown_table(columns, rows))
    write_text(Path(out) / "details.json", json.dumps(details, indent=1) + "\n")
    write_metrics(Path(out), metrics)
    return metrics


def fit_one(sample: AnnotatedAnimal, condition: Condition, model: AnimalModel, rng: np.random.Generator,
            device: str = "cpu") -> Outcome:
    """Fit one animal under one condition and score it."""
    given = choose_points(sample.keypoints, condition.points, rng)
    keypoints = np.full((len(sample.keypoints), 3), np.nan)
    keypoints[given, :2], keypoints[given, 2] = sample.keypoints[given], 1.0
    hints = FitHints(keypoints=keypoints, box=sample.box.copy(), mask=sample.mask if condition.mask else None,
                     species=sample.species if sample.species in model.species else None)
    result = fit_image(model, sample.width, sample.height, [hints], seed=0, device=device)
    return Outcome(given, result, score(sample, result, given, model))


def choose_points(keypoints: Array, points: int | str, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which of the annotated points (44, 2) are given: "all", "half" of them (a draw), or the first few of the suggested order."""
    known = known_rows(keypoints)
    if points == "all":
        return known
    given = np.zeros(len(keypoints), dtype=bool)
    if points == "half":
        rows = np.flatnonzero(known)
        given[rng.permutation(rows)[: len(rows) // 2]] = True
    else:
        asked = [INDEX[name] for name in SUGGESTED_ORDER if known[INDEX[name]]]
        given[asked[: int(points)]] = True
    return given


def score(sample: AnnotatedAnimal, result: FitResult, given: NDArray[np.bool_], model: AnimalModel) -> dict[str, float]:
    """All scores of one fit: iou, pck and pck_heldout (by the mask, or by the box where there is none), the same by their
    full names, seconds, and how many points were given."""
    animal, camera = result.animals[0], result.camera
    truth, found = sample.keypoints, animal.keypoints_2d
    held = np.where(given[:, None], np.nan, truth)
    scores = {"given": float(given.sum()), "seconds": result.seconds, "iou": float("nan")}
    for name, points in (("", truth), ("_heldout", held)):
        scores[f"pck_box{name}_0.10"] = pck_box(found, points, sample.box)
        scores[f"pck_image{name}_0.10"] = pck_image(found, points, sample.width, sample.height)
        scores[f"pck{name}"] = scores[f"pck_box{name}_0.10"]
        if sample.mask is not None:
            for threshold in (0.05, 0.10, 0.15):
                scores[f"pck_mask{name}_{threshold:.2f}"] = pck_mask(found, points, sample.mask, threshold)
            scores[f"pck{name}"] = scores[f"pck_mask{name}_0.10"]
    if sample.mask is not None:
        seen = camera.to_camera(animal.vertices_world)
        drawn = rasterise(seen, model.faces, camera.K, camera.width, camera.height).silhouette
        scores["iou"] = mask_iou(drawn, sample.mask)
    return scores


def _summary(condition: Condition, outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The metrics of one condition. Those of "all" carry no suffix; held-out PCK of "half" is `pck_heldout_0.10`."""
    suffix = "" if condition.name == "all" else f"_{condition.name}"
    metrics = {f"{key}{suffix}": _mean(outcomes, key) for key in outcomes[0].scores
               if key not in ("pck", "pck_heldout", "iou", "seconds", "given") and "heldout" not in key}
    metrics[f"iou_mean{suffix}"] = _mean(outcomes, "iou")
    metrics[f"iou_min{suffix}"] = float(np.fmin.reduce([outcome.scores["iou"] for outcome in outcomes]))
    seconds = [outcome.scores["seconds"] for outcome in outcomes]
    metrics[f"seconds_median{suffix}"], metrics[f"seconds_max{suffix}"] = float(np.median(seconds)), max(seconds)
    if condition.points != "all":
        heldout = {"half": "", "half_no_mask": "_no_mask"}.get(condition.name, suffix)
        metrics[f"pck_heldout{heldout}_0.10"] = _mean(outcomes, "pck_heldout")
    return metrics


def _mean(outcomes: Sequence[Outcome], key: str) -> float:
    values = np.array([outcome.scores.get(key, np.nan) for outcome in outcomes], dtype=np.float64)
    return float(np.mean(values[~np.isnan(values)])) if (~np.isnan(values)).any() else float("nan")


def _plain(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else round(float(value), 4) for name, value in scores.items()}


def _caption(sample: AnnotatedAnimal, outcome: Outcome) -> str:
    s = outcome.scores
    return (f"{sample.name}: IoU {s['iou']:.2f}, PCK {s['pck']:.2f}, held back {s['pck_heldout']:.2f}, "
            f"{s['seconds']:.1f} s")


def _write_sheet(path: Path, samples: Sequence[AnnotatedAnimal], images: Sequence[NDArray[np.uint8]],
                 outcomes: Sequence[Outcome], model: AnimalModel) -> None:
    """Photo, overlay, and the body from the side and from above, where an implausible one shows."""
    rows, captions = [], []
    for sample, image, outcome in zip(samples, images, outcomes, strict=True):
        animal, camera = outcome.result.animals[0], outcome.result.camera
        drawn = OverlayAnimal(animal.vertices_world, model.faces, sample.keypoints[outcome.given],
                              animal.keypoints_2d[outcome.given])
        rows.append([image, draw_overlay(image, camera, [drawn]),
                     side_view(animal.vertices_world, model.faces, camera, 90.0),
                     side_view(animal.vertices_world, model.faces, camera, 0.0, raised=1.2)])
        captions.append(_caption(sample, outcome))
    write_sheet(path, rows, captions)
    if path.name == "contact_sheet_all.jpg":
        write_sheet(path.with_name("contact_sheet.jpg"), rows, captions)
