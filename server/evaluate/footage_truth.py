"""Clips whose truth is known: the open animal's own, walked past cameras, their points blurred, fitted again, and compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...animal.cameras import Camera
from ...animal.clips import AnimalClip, load_shipped_clip
from ...animal.keypoint_sets import KEYPOINT_SETS
from ...animal.keypoints import SUPERSET
from ...animal.model import AnimalModel
from ...animal.skeleton_presets import preset
from ...animal.tracks import Tracks
from ..fit.clip import ClipAnimal, ClipSettings, fit_clip
from .report import markdown_table

Array = NDArray[np.float64]

NOISE_PX = 3.0
WIDTH, HEIGHT, FOCAL = 960, 720, 1150.0
SCENES = {"walk": (("horse_walk", 60.0, 0.0),), "gallop": (("dog_gallop", -100.0, 0.0),), "sneak": (("cat_sneak", 20.0, 0.0),),
          "jump": (("wolf_jump", 140.0, 0.0),), "trot_moving": (("cow_trot", 75.0, 0.0),),
          "three": (("dog_walk", 70.0, 0.0), ("horse_walk", 70.0, 2.5), ("fox_walk", 70.0, -1.2))}  # fmt: skip
"""Scenes by name: for each animal its clip, from where it is seen (degrees from its front), and how far it stands to its left (metres)."""


@dataclass(frozen=True)
class Seen:
    """A scene's animals: their clips, keypoints (F, K, 3) metres in the world, tracks; and the cameras, one or one a frame."""

    clips: list[AnimalClip]
    places: list[Array]
    tracks: list[Tracks]
    cameras: tuple[Camera, ...]


def scene(model: AnimalModel, name: str, rng: np.random.Generator, noise: float = NOISE_PX, loops: float = 2.0,
          keypoints: str = "ap10k") -> Seen:
    """The animals of SCENES[name], `loops` times through their clips, before a camera that stands, or (`_moving`) goes along."""
    clips = [load_shipped_clip(clip) for clip, _, _ in SCENES[name]]
    count = round(loops * min(map(len, clips)))
    places = [_walked(model, clip, count) + np.array([0.0, aside, 0.0]) for clip, (_, _, aside) in zip(clips, SCENES[name], strict=True)]
    moving = name.endswith("_moving")
    everything = np.concatenate([one.reshape(-1, 3) for one in places])
    middle, reach = everything.mean(0), float(np.ptp(everything, axis=0).max())
    cameras = []
    for f in range(count if moving else 1):
        angle = math.radians(SCENES[name][0][1] + (40.0 * f / count if moving else 0.0))
        target = places[0][f].mean(0) if moving else middle
        way = np.array([math.cos(angle), math.sin(angle), 0.25])
        cameras.append(Camera.look_at(target + 2.0 * reach * way, target, FOCAL, WIDTH, HEIGHT))
    known = KEYPOINT_SETS[keypoints]
    rows = [model.keypoint_names.index(SUPERSET[index]) for index in known.superset]
    tracks = []
    for clip, one in zip(clips, places, strict=True):
        pixels = np.stack([cameras[f if moving else 0].project(one[f, rows]) for f in range(count)])
        tracks.append(Tracks(pixels + rng.normal(0.0, noise, pixels.shape), preset(keypoints), clip.fps, None, WIDTH, HEIGHT, FOCAL,
                             str(clip.species)))
    return Seen(clips, places, tracks, tuple(cameras))


def _walked(model: AnimalModel, clip: AnimalClip, count: int) -> Array:
    """Keypoints (count, K, 3) metres of a clip played over and over, going where it would walk to."""
    speed = float(clip.details.get("speed_m_s") or 0.0) if clip.details.get("in_place") else 0.0
    found = []
    for f in range(count):
        k = f % len(clip)
        places = model.forward(clip.betas, clip.poses[k], clip.trans[k]).keypoints * clip.metres_per_unit
        found.append(places + np.array([f / clip.fps * speed, 0.0, 0.0]))
    return np.array(found)


def keypoints_of(model: AnimalModel, animal: ClipAnimal) -> Array:
    """(F, K, 3) metres in the world, nan where not known."""
    found = np.full((len(animal.trans), len(model.keypoint_names), 3), np.nan)
    for f in np.flatnonzero(np.isfinite(animal.trans[:, 0])):
        found[f] = model.forward(animal.betas, animal.poses[f], animal.trans[f]).keypoints * animal.metres_per_unit
    return found


def aligned_error(found: Array, truth: Array) -> float:
    """The mean distance between points (F, K, 3) about each frame's middle, after one turn and one scale for the whole clip; metres."""
    known = np.isfinite(found).all(axis=(1, 2))
    a, b = (x[known] - x[known].mean(axis=1, keepdims=True) for x in (found, truth))
    a, b = a.reshape(-1, 3), b.reshape(-1, 3)
    U, S, V = np.linalg.svd(a.T @ b)
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(U @ V))])
    scale = float((S * sign.diagonal()).sum() / (a**2).sum())
    return float(np.linalg.norm(scale * a @ U @ sign @ V - b, axis=1).mean())


def truth_rows(model: AnimalModel, seed: int, device: str, say: Callable[[str], None]) -> tuple[dict[str, float], str]:
    """All scenes: metrics by scene and animal, and their table. Errors as shares of the animal's length."""
    metrics: dict[str, float] = {}
    rows: list[list[object]] = []
    for name in SCENES:
        say(f"truth: {name}")
        seen = scene(model, name, np.random.default_rng(seed))
        cameras = seen.cameras if len(seen.cameras) > 1 else ()
        species = [clip.species for clip in seen.clips]
        for method, smooth in (("clip", 1.0), ("unsmoothed", 0.0)):
            fit = fit_clip(model, seen.tracks, species, ClipSettings(smooth=smooth), cameras, device=device)
            for clip, places, animal in zip(seen.clips, seen.places, fit.animals, strict=True):
                length = float(np.ptp(places[0], axis=0).max())
                error = 100 * aligned_error(keypoints_of(model, animal), places) / length
                key = f"truth_{name}_{clip.species}_{method}"
                metrics[f"{key}_percent_of_length"] = error
                metrics[f"{key}_reprojection_percent"] = float(animal.facts["error_percent"])
                rows.append([name, clip.species, method, len(places), error, float(animal.facts["error_percent"])])
    head = ["scene", "animal", "method", "frames", "pose error, % of length", "off its tracks, % of size"]
    return metrics, markdown_table(head, rows)
