"""The engine `fit`: a wire request in, fitted animals out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...animal.default import default_model
from ...animal.keypoint_sets import KEYPOINT_SETS
from ...animal.keypoints import SUPERSET, KeypointError, resolve
from ...animal.model import AnimalModel
from ...animal.model_file import open_model
from ...animal.species import find_species
from ...wire.messages import (
    AnimalHints,
    AnimateRequest,
    AnimateResult,
    ReconstructedAnimal,
    ReconstructRequest,
    ReconstructResult,
)
from ..engine import JobContext, JobFailure
from ..overlay import overlay_png
from ..pictures import decode_image, limit_size
from .hints import FitHints
from .image import FitResult, fit_image
from .world import FittedAnimal

MAX_SIDE = 20_000


class FitEngine:
    """Fits one model to hints. `model_path` None takes the open default animal; `device` is a torch device."""

    name = "fit"

    def __init__(self, model_path: str | Path | None = None, device: str = "cpu") -> None:
        self.model: AnimalModel = default_model() if model_path is None else open_model(Path(model_path))
        self.device = device

    def run(self, request: Any, frames: Mapping[str, np.ndarray], job: JobContext) -> tuple[Any, dict[str, np.ndarray]]:
        """Answers a `ReconstructRequest` with a `ReconstructResult`, an `AnimateRequest` with an `AnimateResult` (`clip_job.py`).

        Of a photo: decode the picture, check the hints, fit, and draw the overlay. Options: `overlay` (default true), `seed` (default 0).
        """
        if isinstance(request, AnimateRequest):
            return self._animate(request, frames, job)
        if not isinstance(request, ReconstructRequest):
            raise JobFailure("bad_request", "The engine fit takes photos, and clips to animate.", "Name the engine 'lift' to lift tracks.")
        if not request.animals:
            raise JobFailure("no_animals", "the request names no animal",
                             "Give a box, points or a mask for at least one animal.")
        image = None
        if request.image is not None:
            frame = frames[request.image]
            image = decode_image(frame) if frame.ndim == 1 else limit_size(frame)
        width, height = (image.shape[1], image.shape[0]) if image is not None else (request.width or 0, request.height or 0)
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise JobFailure("no_image", "the request holds neither a picture nor its width and height",
                             "Send the picture, or its width and height in pixels.")
        if request.focal_px is not None and not 0.1 * max(width, height) < request.focal_px < 100 * max(width, height):
            raise JobFailure("focal", f"a focal length of {request.focal_px:g} px does not fit a picture of {width} x {height}",
                             "Give it in pixels: millimetres times image width over sensor width. Or leave it out.")
        unheeded: list[list[str]] = []
        hints = [self._hints(animal, frames, i, unheeded) for i, animal in enumerate(request.animals)]
        seed = request.options.get("seed", 0)
        if not isinstance(seed, int) or seed < 0:
            raise JobFailure("bad_option", f"the option seed is {seed!r}", "Give a whole number from 0 up, or leave it out.")
        result = fit_image(self.model, width, height, hints, request.focal_px,
                           lambda fraction, stage: job.progress(0.95 * fraction, stage), seed, self.device)
        return self._reply(request, result, hints, unheeded, image)

    def _animate(self, request: AnimateRequest, frames: Mapping[str, np.ndarray],
                 job: JobContext) -> tuple[AnimateResult, dict[str, np.ndarray]]:
        try:
            from .clip_job import run_clip
        except ImportError as error:
            raise JobFailure("no_package", f"The server's Python has no {error.name or error}, which clips need.",
                             "Install it there with pip, then start the server again.") from None
        return run_clip(self.model, request, frames, job, self.device)

    def _hints(self, animal: AnimalHints, frames: Mapping[str, np.ndarray], index: int, unheeded: list[list[str]]) -> FitHints:
        which = animal.label or f"animal {index + 1}"
        points, warnings = np.full((len(SUPERSET), 3), np.nan), []
        chosen = None
        if animal.keypoint_set is not None:
            chosen = KEYPOINT_SETS.get(animal.keypoint_set)
            if chosen is None:
                raise JobFailure("unknown_keypoint_set", f"{which}: no keypoint set is called '{animal.keypoint_set}'",
                                 f"Known sets: {', '.join(KEYPOINT_SETS)}.")
        for point in animal.keypoints:
            try:
                row = resolve(point.name) if chosen is None else chosen.superset[chosen.index(point.name)]
            except (KeypointError, ValueError) as error:
                message = str(error) if chosen is None else f"{chosen.name} has no point called '{point.name}'"
                raise JobFailure("unknown_keypoint", f"{which}: {message}",
                                 "Rename the point, or leave it out.") from None
            if row < 0:
                warnings.append(f"{point.name} of {animal.keypoint_set} has no counterpart and was left out")
            elif np.isfinite([point.x, point.y]).all() and point.confidence > 0:
                points[row] = point.x, point.y, point.confidence
        unheeded.append(warnings)
        mask = None if animal.mask is None else np.asarray(frames[animal.mask]) != 0
        box = None if animal.box is None else np.array(animal.box, dtype=np.float64)
        return FitHints(points, box, mask, animal.species, animal.family, which)

    def _reply(self, request: ReconstructRequest, result: FitResult, hints: list[FitHints], unheeded: list[list[str]],
               image: np.ndarray | None) -> tuple[ReconstructResult, dict[str, np.ndarray]]:
        arrays: dict[str, np.ndarray] = {}
        animals = [self._animal(i, fitted, request.animals[i], unheeded[i], arrays) for i, fitted in enumerate(result.animals)]
        overlay = None
        if image is not None and request.options.get("overlay", True):
            overlay = "overlay"
            arrays[overlay] = np.frombuffer(overlay_png(image, self.model, result.camera, [a.vertices_world for a in result.animals],
                                                        [a.keypoints_2d for a in result.animals],
                                                        [h.keypoints for h in hints]), dtype=np.uint8)
        camera = result.camera
        reply = ReconstructResult(
            model_id=self.model.model_id, model_name=self.model.name, joint_names=list(self.model.joint_names),
            keypoint_names=list(SUPERSET), animals=animals, K=camera.K.tolist(), R=camera.R.tolist(), t=camera.t.tolist(),
            width=camera.width, height=camera.height, seconds=result.seconds, overlay=overlay)
        return reply, arrays

    def _animal(self, i: int, fitted: FittedAnimal, hints: AnimalHints, unheeded: list[str],
                arrays: dict[str, np.ndarray]) -> ReconstructedAnimal:
        visible = np.isfinite(fitted.keypoints_2d).all(1)
        points = np.concatenate([np.nan_to_num(fitted.keypoints_2d), visible[:, None]], axis=1)
        for name, array in (("betas", fitted.betas), ("pose", fitted.pose), ("trans", fitted.trans), ("keypoints", points)):
            arrays[f"{name}/{i}"] = np.ascontiguousarray(array, dtype=np.float32)
        species = find_species(hints.species, self.model.species) if hints.species and self.model.species else None
        return ReconstructedAnimal(
            betas=f"betas/{i}", pose=f"pose/{i}", trans=f"trans/{i}", keypoints_2d=f"keypoints/{i}",
            metres_per_unit=fitted.metres_per_unit, label=hints.label, species=hints.species,
            family=species.family if species else hints.family, score=fitted.score,
            keypoint_error_px=fitted.keypoint_error_px, iou=fitted.iou, warnings=unheeded + fitted.warnings)
