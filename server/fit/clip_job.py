"""A clip's request as the engine `fit` answers it: tracks of one or several animals in, animals in motion out, with what is done of
them handed on while later frames are still computed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.keypoints import SUPERSET
from ...animal.model import AnimalModel
from ...animal.track_points import superset_rows
from ...animal.tracks import Tracks, TracksError
from ...wire import messages as m
from ..engine import JobContext, JobFailure
from ..lift.engine import cameras_of, tracks_of
from ..lift.refine.swaps import find_swaps
from .clip import ClipFit, ClipFitter, ClipSettings

Array = NDArray[np.float64]

POSES = ("fit", "lift")
"""Where poses come from: the tracks alone, or the motion in space that the engine `lift` finds in them, followed beside the tracks."""

_EVERY_S, _GROWN = 0.5, 0.04
"""What is done is handed on at most so often, and when so much more of the clip is done."""


def run_clip(model: AnimalModel, request: m.AnimateRequest, frames: Mapping[str, np.ndarray], job: JobContext,
             device: str) -> tuple[m.AnimateResult, dict[str, np.ndarray]]:
    """Answer a request. Raises JobFailure."""
    try:
        return _run(model, request, frames, job, device)
    except TracksError as error:
        raise JobFailure("bad_tracks", error.message, error.advice) from None


def _run(model: AnimalModel, request: m.AnimateRequest, frames: Mapping[str, np.ndarray], job: JobContext,
         device: str) -> tuple[m.AnimateResult, dict[str, np.ndarray]]:
    settings, source, swaps = _settings(request.options)
    job.progress(0.0, "reading the tracks")
    tracks = [tracks_of(animal, frames) for animal in request.animals]
    cameras = cameras_of(request, frames, tracks[0])
    names = [list(given) or [None] * len(tracks) for given in (request.species, request.families)]
    for given, what in zip(names, ("species", "families"), strict=True):
        if len(given) != len(tracks):
            raise JobFailure("bad_request", f"There are {len(given)} {what} for {len(tracks)} animals.", "Give one for each.")
    notes: list[list[str]] = [[] for _ in tracks]
    if swaps:
        for i, one in enumerate(tracks):
            tracks[i], found = find_swaps(one)
            notes[i] += _swap_notes(tracks[i], found)
    lifted, share = None, 0.0
    if source == "lift":
        share = 0.3
        lifted = _lift(tracks, settings, cameras, device, lambda x, stage: job.progress(share * x, stage))
    fitter = ClipFitter(model, tracks, names[0], names[1], settings, cameras, device, lifted)
    said, done = 0.0, 0.0

    def partial(fit: ClipFit) -> None:
        nonlocal said, done
        now = time.monotonic()
        if now - said >= _EVERY_S and fit.done - done >= _GROWN:
            said, done = now, fit.done
            fraction = share + (1 - share) * (0.3 + 0.7 * fit.done)
            job.partial(fraction, f"{round(100 * fit.done)} % of the frames", *answer(model, fit, notes))

    fit = fitter.run(lambda x, stage: job.progress(share + (1 - share) * x, stage), partial)
    job.progress(1.0, "done")
    return answer(model, fit, notes)


def _settings(options: Mapping[str, Any]) -> tuple[ClipSettings, str, bool]:
    kinds: dict[str, Any] = {"smooth": (int, float), "metres": (int, float), "max_gap_s": (int, float), "camera_static": bool,
                             "poses": str, "swaps": bool}
    limits = {"smooth": (0.0, 100.0), "metres": (1e-3, 100.0), "max_gap_s": (0.0, 1e4)}
    for name, value in options.items():
        if name not in kinds:
            raise JobFailure("bad_option", f"There is no option {name}.", f"There are {', '.join(kinds)}.")
        if not isinstance(value, kinds[name]) or (isinstance(value, bool) and kinds[name] is not bool):
            raise JobFailure("bad_option", f"The option {name} is {value!r}.", "See docs/wire.md.")
        if name in limits and not limits[name][0] <= value <= limits[name][1]:
            low, high = limits[name]
            raise JobFailure("bad_option", f"The option {name} is {value}.", f"Give a number from {low:g} to {high:g}.")
    source = options.get("poses", "fit")
    if source not in POSES:
        raise JobFailure("bad_option", f"Poses cannot come from {source!r}.", f"Choose one of {', '.join(POSES)}.")
    chosen = {name: options[name] for name in ("smooth", "metres", "max_gap_s", "camera_static") if name in options}
    return ClipSettings(**chosen), source, bool(options.get("swaps", True))


def _swap_notes(tracks: Tracks, swaps: Sequence[Any]) -> list[str]:
    if not swaps:
        return []
    numbers = np.asarray(tracks.frame_numbers)
    spans = ", ".join(f"{numbers[s.first]} to {numbers[s.last]}" for s in swaps[:4])
    more = f" and {len(swaps) - 4} more" if len(swaps) > 4 else ""
    return [f"Left and right were mixed up in the tracks and put right: frames {spans}{more}."]


def _lift(tracks: Sequence[Tracks], settings: ClipSettings, cameras: Sequence[Camera], device: str, progress: Any) -> list[Array | None]:
    """Where lifting puts each animal's points, in the camera's axes (frames of its tracks, 44, 3); nan where it does not know."""
    try:
        from ..lift.pipeline import LiftSettings, lift
    except ImportError as error:
        raise JobFailure("no_package", f"The server's Python has no {error.name or error}, which lifting needs.",
                         "Install it there: python -m pip install h5py safetensors, then start the server again.") from None
    from ...animal.track_files import without_unseen

    found: list[Array | None] = []
    options = LiftSettings(swaps=False, smooth=settings.smooth, max_gap_s=settings.max_gap_s, camera_static=settings.camera_static)
    for i, one in enumerate(tracks):
        seen, _ = without_unseen(one)
        motion = lift(seen, None, options, device, lambda x, stage, i=i: progress((i + x) / len(tracks), stage), None, cameras)
        places = np.full((len(one), len(SUPERSET), 3), np.nan)
        rows = {int(number): row for row, number in enumerate(np.asarray(one.frame_numbers))}
        points = superset_rows(motion.skeleton.names)
        for f, number in enumerate(np.asarray(motion.frame_numbers).tolist()):
            camera = motion.camera(f)
            if camera is not None and number in rows:
                at = camera.to_camera(motion.positions[f])
                for joint, row in enumerate(points):
                    if row >= 0:
                        places[rows[number], row] = at[joint]
        found.append(places)
    return found


def answer(model: AnimalModel, fit: ClipFit, notes: Sequence[Sequence[str]]) -> tuple[m.AnimateResult, dict[str, np.ndarray]]:
    """The message of a clip, done or half done, and its arrays."""
    arrays: dict[str, np.ndarray] = {}
    animals = []
    for i, animal in enumerate(fit.animals):
        values = {"betas": animal.betas, "poses": animal.poses, "trans": animal.trans, "keypoints": animal.pixels}
        for name, array in values.items():
            arrays[f"{name}/{i}"] = np.ascontiguousarray(array, dtype=np.float32)
        animals.append(m.AnimatedAnimal(
            f"betas/{i}", f"poses/{i}", f"trans/{i}", f"keypoints/{i}", animal.metres_per_unit, animal.label, animal.species,
            animal.family, {name: value for name, value in animal.facts.items() if not isinstance(value, float) or np.isfinite(value)},
            [*notes[i], *animal.warnings]))
    for name in ("K", "R", "t"):
        arrays[name] = np.stack([getattr(camera, name) for camera in fit.cameras])
    camera = fit.cameras[0]
    return m.AnimateResult(model.model_id, model.name, list(model.joint_names), list(SUPERSET), animals, "K", "R", "t", fit.fps, fit.first,
                           camera.width, camera.height, fit.seconds), arrays

