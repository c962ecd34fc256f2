"""`bestiary evaluate truth`: fits of rendered animals whose 3D points are known, with many hints and with few.

Every picture is fitted under every condition: all visible points, the first five visible ones of the suggested order
(what a person in a hurry clicks), or none, always with box and species, with and without the mask. The focal length is
not told. Errors are compared with the best constant animal: the better of the mean of the true animals and the model at rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...animal.keypoints import INDEX, SUGGESTED_ORDER, SUPERSET
from ...animal.model import AnimalModel
from ..fit.hints import FitHints
from ..fit.image import FitResult, fit_image
from ..overlay import OverlayAnimal, draw_overlay
from .report import markdown_table, write_metrics, write_text
from .sheet import side_view, write_sheet
from .truth_render import render_all
from .truth_scenes import TruthPicture, clicked, truth_pictures
from .truth_scores import Score3D, constant_errors, mean_animal, score_3d

Array = NDArray[np.float64]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Condition:
    """What is given: `clicks` points (None: all visible ones), and the mask or not. Box and species always."""

    name: str
    clicks: int | None
    mask: bool


CONDITIONS = (
    Condition("all", None, True), Condition("all_no_mask", None, False), Condition("five", 5, True),
    Condition("five_no_mask", 5, False), Condition("none", 0, True), Condition("none_no_mask", 0, False))


@dataclass(frozen=True)
class Fitted:
    """One fit: points (44, 3) in camera axes, its score, and how long it took."""

    points: Array
    score: Score3D
    result: FitResult


def run(rigs: Path, out: Path, model: AnimalModel, count: int = 40, seed: int = 0, size: int = 640,
        conditions: Sequence[str] = tuple(c.name for c in CONDITIONS), samples: int = 12, blender: str | None = None,
        device: str = "cpu", say: Say = lambda text: None) -> dict[str, float]:
    """Draw `count` pictures, fit them under the conditions, write `metrics.json`, `table.md`, `details.json` and a
    contact sheet per condition into `out`, and give the metrics.

    rigs: folder with the rigs of rig_keypoints.json; size: longer side of a picture in pixels; samples: light paths per
    pixel; blender: a Blender program to render with (None: the Python module, or plain shading without one).
    """
    unknown = set(conditions) - {c.name for c in CONDITIONS}
    if unknown:
        raise ValueError(f"conditions: no such {', '.join(sorted(unknown))}; known: {', '.join(c.name for c in CONDITIONS)}")
    pictures = list(truth_pictures(Path(rigs), count, np.random.default_rng(seed), size))
    say(f"rendering {len(pictures)} pictures")
    images = render_all(pictures, samples, blender)
    truths = [picture.camera.to_camera(picture.keypoints) for picture in pictures]
    constants = {"mean of the truth": mean_animal(truths), "model at rest": _rest_points(model)}
    metrics: dict[str, float] = {"pictures": len(pictures)}
    rows: list[list[Any]] = []
    details: list[dict[str, Any]] = []
    for condition in (c for c in CONDITIONS if c.name in conditions):
        fits = []
        for picture, truth in zip(pictures, truths, strict=True):
            fits.append(fit_one(picture, truth, condition, model, device))
            say(f"{condition.name} {picture.name} {picture.rig}: {fits[-1].score.error:.3f}, "
                f"{fits[-1].score.direction_error:.0f} degrees, {fits[-1].result.seconds:.1f} s")
            details.append(_detail(condition, picture, fits[-1]))
        errors = constant_errors(constants, truths, [fit.points for fit in fits])
        summary = summarise([fit.score for fit in fits], min(errors.values()))
        summary["seconds_median"] = float(np.median([fit.result.seconds for fit in fits]))
        metrics |= {f"{name}_{condition.name}": value for name, value in summary.items()}
        rows.append([condition.name, *summary.values()])
        _write_sheet(Path(out) / f"contact_sheet_{condition.name}.jpg", pictures, images, fits, condition, model)
    if rows:
        columns = ["given (with box and species)", *summary]
        write_text(Path(out) / "table.md", _about(pictures, errors) + markdown_table(columns, rows))
    write_text(Path(out) / "details.json", json.dumps(details, indent=1) + "\n")
    write_metrics(Path(out), metrics)
    return metrics


def fit_one(picture: TruthPicture, truth: Array, condition: Condition, model: AnimalModel, device: str = "cpu") -> Fitted:
    """Fit one picture under one condition and score it; truth (44, 3) in camera axes."""
    hints = FitHints(keypoints=clicked(picture, SUGGESTED_ORDER, condition.clicks), box=picture.box.copy(),
                     mask=picture.mask.copy() if condition.mask else None, species=picture.species)
    result = fit_image(model, picture.camera.width, picture.camera.height, [hints], seed=0, device=device)
    points = result.camera.to_camera(result.animals[0].keypoints_world)
    up = picture.camera.R @ np.array([0.0, 0.0, 1.0])
    return Fitted(points, score_3d(points, truth, up), result)


def summarise(scores: Sequence[Score3D], constant: float) -> dict[str, float]:
    """The numbers of one condition; `constant` is the best constant animal's mean aligned error."""
    angles = [score.direction_error for score in scores]
    error = float(np.mean([score.error for score in scores]))
    return {
        "kp3d_ratio": error / constant, "kp3d_error": error, "kp3d_constant": constant,
        "direction_median": float(np.median(angles)), "direction_mean": float(np.mean(angles)),
        "flip_front_back_percent": 100.0 * float(np.mean([score.front_back for score in scores])),
        "flip_left_right_percent": 100.0 * float(np.mean([score.left_right for score in scores]))}


def _rest_points(model: AnimalModel) -> Array:
    points = np.full((len(SUPERSET), 3), np.nan)
    points[[INDEX[name] for name in model.keypoint_names]] = model.rest().keypoints
    return points


def _about(pictures: Sequence[TruthPicture], errors: dict[str, float]) -> str:
    rigs = sorted({picture.rig for picture in pictures})
    constants = ", ".join(f"{name} {value:.3f}" for name, value in errors.items())
    return (f"{len(pictures)} pictures of {len(rigs)} rigs ({', '.join(rigs)}). Errors are shares of the true animal's spread "
            f"(root mean square distance of its points from their mean) after similarity alignment; "
            f"constant animals: {constants}. Angles in degrees.\n\n")


def _detail(condition: Condition, picture: TruthPicture, fit: Fitted) -> dict[str, Any]:
    return {"condition": condition.name, "picture": picture.name, "rig": picture.rig, "clip": picture.clip,
            "seconds_into_clip": picture.seconds, "visible": int(picture.visible.sum()), "occluded": bool(picture.occluders),
            "error": fit.score.error, "direction_error": fit.score.direction_error, "front_back": bool(fit.score.front_back),
            "left_right": fit.score.left_right, "seconds": fit.result.seconds, "warnings": fit.result.animals[0].warnings}


def _write_sheet(path: Path, pictures: Sequence[TruthPicture], images: Sequence[NDArray[np.uint8]], fits: Sequence[Fitted],
                 condition: Condition, model: AnimalModel) -> None:
    """Photo, overlay, the truth and the fit from 90 degrees further round."""
    rows, captions = [], []
    for picture, image, fit in zip(pictures, images, fits, strict=True):
        animal = fit.result.animals[0]
        given = clicked(picture, SUGGESTED_ORDER, condition.clicks)[:, :2]
        there = np.isfinite(given).all(axis=1)
        drawn = OverlayAnimal(animal.vertices_world, model.faces, given[there], animal.keypoints_2d[there])
        rows.append([image, draw_overlay(image, fit.result.camera, [drawn]),
                     side_view(picture.animal.vertices, picture.animal.faces, picture.camera, 90.0),
                     side_view(animal.vertices_world, model.faces, fit.result.camera, 90.0)])
        flips = " FRONT-BACK" * fit.score.front_back + " LEFT-RIGHT" * fit.score.left_right
        captions.append(f"{picture.name} {picture.rig} {picture.clip}: error {fit.score.error:.3f}, "
                        f"{fit.score.direction_error:.0f} deg{flips}")
    write_sheet(path, rows, captions)
