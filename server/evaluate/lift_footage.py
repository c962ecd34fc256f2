"""Footage whose 3D truth nobody knows: does the lifted animal fall on its tracks, and does it move like one body?

    reprojection   pixels between annotated points and the lifted ones, and in percent of the animal's size in the picture; networks by
                   themselves are given one size for the clip, the pipeline's camera sees what it sees
    hidden         the same for points that were hidden from the lifter: every joint for HIDE_FRAMES of every HIDE_EVERY frames
    bones vary     standard deviation of a bone's length over its mean
    jitter         mean acceleration, in thousandths of the animal's size a frame²
    flips          how often in 100 frames it turns into its mirror image

Beside the numbers lies a strip of frames for each clip and method: as the camera sees it, from the side, from above.
Clips of which only some frames are annotated are lifted with all frames between, empty, and scored where they are annotated;
their flips are counted from one annotated frame to the next, and they have no jitter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.npz import whole_file
from ...animal.track_files import read_tracks
from ...animal.tracks import Tracks
from ..lift.strip import draw_strip
from .lift import Inputs, Section
from .lift_clips import draws
from .lift_methods import Method, Prediction, as_motion
from .lift_metrics import body_size, bone_variation, jitter, side_flips
from .lift_tally import Tally
from .report import markdown_table

Array = NDArray[np.float64]

HIDE_FRAMES, HIDE_EVERY = 12, 60
_NUMBERS = {"reprojection_px": "reprojection px", "reprojection_percent": "% of size", "hidden_px": "hidden px",
            "bone_variation": "bones vary %", "jitter": "jitter ‰", "flips": "flips in 100"}  # fmt: skip


def footage(inputs: Inputs, paths: Sequence[Path]) -> Section:
    """All methods on the clips in files of tracks; where a method has a view that faces the camera, that one counts."""
    tally = Tally()
    for path in paths:
        for tracks in read_tracks(path).tracks:
            inputs.say(path.stem)
            filled = dense(tracks)
            found = clip_numbers(inputs.methods(), filled, f"badja_{path.stem}", inputs.seed)
            for name, (prediction, numbers) in found.items():
                tally.add(name, f"badja_{path.stem}", numbers)
                if "savgol" not in name:
                    with whole_file(inputs.out / "strips" / f"{path.stem}_{name}.webp") as stream:
                        strip = draw_strip(as_motion(prediction, filled), tracks, title=f"{path.stem}, {name}")
                        strip.save(stream, "WEBP", lossless=True)
    chosen = tally.keep_best("hidden_px")
    clips = tally.species
    metrics = {f"{clip}_{number}_{method}": tally.of_species(method, clip, number)
               for clip in clips for method in tally.rows for number in _NUMBERS}  # fmt: skip
    rows = [[clip, method, *(_shown(number, tally.of_species(method, clip, number)) for number in _NUMBERS)]
            for clip in clips for method in tally.rows]  # fmt: skip
    filters = ", ".join(f"{name} over {window} frames" for name, window in chosen.items())
    text = f"Filters were given the window with which hidden points come out best: {filters}.\n\n" if filters else ""
    return Section(metrics, text + markdown_table(["clip", "method", *_NUMBERS.values()], rows), {"footage": tally})


def clip_numbers(
    methods: Mapping[str, Method], tracks: Tracks, name: str, seed: int
) -> dict[str, tuple[Prediction, dict[str, float]]]:
    """What was predicted of one clip and the numbers of it, by method: those that say where the picture should show the animal."""
    hidden = hide(tracks, draws(seed, name, 0, "hidden"))
    known = tracks.seen & (np.asarray(tracks.confidence) >= 1.0)  # what was seen, not guessed
    size = picture_size(tracks)
    found: dict[str, tuple[Prediction, dict[str, float]]] = {}
    for method in methods.values():
        whole, partly = method(tracks), method(hidden)
        for key, prediction in whole.items():
            if prediction.pixels is not None:
                found[key] = prediction, _numbers_of(prediction, partly[key], tracks, known, known & ~hidden.seen, size)
    return found


def _numbers_of(
    whole: Prediction, partly: Prediction, tracks: Tracks, known: NDArray[np.bool_], unseen: NDArray[np.bool_], size: float
) -> dict[str, float]:
    pixels = _distance(whole.pixels, tracks, known)
    annotated = tracks.seen.any(axis=1)
    positions = whole.positions[annotated]
    shaking = 1000 * jitter(positions) / body_size(positions) if annotated.all() else math.nan
    return {
        "reprojection_px": pixels, "reprojection_percent": 100 * pixels / size, "hidden_px": _distance(partly.pixels, tracks, unseen),
        "bone_variation": bone_variation(positions, tracks.skeleton.bones), "jitter": shaking,
        "flips": side_flips(positions, tracks.skeleton.mirror),
    }  # fmt: skip


def _distance(pixels: Array | None, tracks: Tracks, where: NDArray[np.bool_]) -> float:
    if pixels is None or not where.any():
        return math.nan
    return float(np.linalg.norm(pixels - tracks.points, axis=-1)[where].mean())


def dense(tracks: Tracks) -> Tracks:
    """The tracks with every frame between the first and the last, empty where they have none."""
    numbers = np.asarray(tracks.frame_numbers)
    every = np.arange(numbers[0], numbers[-1] + 1)
    if len(every) == len(numbers):
        return tracks
    points = np.full((len(every), *tracks.points.shape[1:]), np.nan)
    confidence = np.zeros(points.shape[:2])
    points[numbers - numbers[0]], confidence[numbers - numbers[0]] = tracks.points, tracks.confidence
    return replace(tracks, points=points, confidence=confidence, frame_numbers=every)


def hide(tracks: Tracks, rng: np.random.Generator) -> Tracks:
    """The tracks without each joint for HIDE_FRAMES of every HIDE_EVERY frames, each joint at a time of its own."""
    frames, joints = tracks.points.shape[:2]
    start = rng.integers(HIDE_EVERY, size=joints)
    gone = (np.arange(frames)[:, None] - start) % HIDE_EVERY < HIDE_FRAMES
    confidence = np.where(gone, 0.0, np.asarray(tracks.confidence))
    return replace(tracks, points=np.where(gone[..., None], np.nan, tracks.points), confidence=confidence)


def picture_size(tracks: Tracks) -> float:
    """The median over frames of the diagonal of the box around the points, in pixels."""
    points = tracks.points[tracks.seen.any(axis=1)]
    return float(np.median(np.linalg.norm(np.nanmax(points, axis=1) - np.nanmin(points, axis=1), axis=-1)))


def _shown(number: str, value: float) -> float:
    return 100 * value if number == "bone_variation" else value
