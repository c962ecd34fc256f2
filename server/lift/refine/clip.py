"""A lifted clip made into a motion: placed before its camera, bones of constant length, feet that stand, in the world, in metres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ....animal.cameras import Camera
from ....animal.motion import Motion
from ....animal.tracks import Tracks
from .evidence import Known, gather, unseen_for, with_measured_spread
from .focal import focal_factor
from .place import Picture, picture_of
from .scene import Scene, joints_of, set_scene
from .solve import solve
from .world import USUAL_METRES, extent, into_world, size_of

if TYPE_CHECKING:
    from ..windows import LiftedClip

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Progress = Callable[[float], None]

MEASURES = ("length", "height")


@dataclass(frozen=True)
class RefineSettings:
    """bones: they keep their lengths (off: the network's joints as they are, only put in their place). feet: they stand still where they
    touch the ground (only with bones). smooth: how much jitter is taken out, 1 as the noise asks, 0 none.
    metres: the animal's real size or None, and what it measures: "length" (between the two joints farthest apart) or
    "height" (of the shoulders). max_gap_s: what is not seen for longer stays unknown. camera_static: the camera stands; False: it
    goes along with the animal."""

    bones: bool = True
    feet: bool = True
    smooth: float = 1.0
    metres: float | None = None
    measures: str = "length"
    max_gap_s: float = 0.5
    camera_static: bool = True


def refine_clip(
    tracks: Tracks, lifted: LiftedClip, focal: float | None = None, settings: RefineSettings | None = None,
    progress: Progress | None = None, cameras: Sequence[Camera] = (),
) -> Motion:
    """The motion of an animal whose tracks a network has lifted.

    focal in pixels, None: the tracks', or the usual one. cameras: the known path of the camera, one or one for each frame, in metres;
    its world is then the motion's. progress gets 0..1 and may raise to stop.
    World Z up, metres, feet on z = 0; Motion.cameras see it as the tracks do. details: contacts (joint, first, last frame), focal and
    whether it was assumed, metres_assumed, noise_px, error_px, guessed joints. Raises ValueError where nothing is seen.
    """
    settings = settings or RefineSettings()
    say = progress or (lambda _: None)
    kept = known_frames(tracks, settings.max_gap_s)
    if not kept.any():
        raise ValueError("no point is seen in any frame")
    if len(cameras) not in (0, 1, len(tracks)):
        raise ValueError(f"{len(cameras)} cameras for {len(tracks)} frames")
    picture = _of_camera(cameras[0]) if cameras else picture_of(tracks, focal)
    part, shapes = _cut(tracks, lifted, kept)
    known = gather(part, shapes, picture, settings.smooth)
    state = None
    if settings.bones:
        state = solve(known.evidence, known.start, progress=lambda x: say(0.4 * x))
        if picture.assumed and settings.feet and settings.camera_static:
            factor = focal_factor(tracks.skeleton, joints_of(known, state), known.seconds, known.evidence.link.numpy())
            if factor != 1.0:
                picture = replace(picture, focal=factor * picture.focal)
                known = gather(part, shapes, picture, settings.smooth)
                state = solve(known.evidence, known.start, progress=lambda x: say(0.4 + 0.1 * x))
        known = with_measured_spread(known, state)
        state = solve(known.evidence, state, rounds=3, progress=lambda x: say(0.5 + 0.1 * x))
    C = known.placed if state is None else joints_of(known, state)
    path = list(cameras) if len(cameras) < 2 else [c for c, keep in zip(cameras, kept, strict=True) if keep]
    told = None if settings.metres is None else settings.metres / max(extent(C), 1e-9)
    scene = set_scene(tracks.skeleton, known, C, state if settings.feet else None, path, told, settings.camera_static,
                      lambda x: say(0.6 + 0.35 * x))
    return _motion(tracks, kept, known, scene, picture, settings, list(cameras))


def known_frames(tracks: Tracks, max_gap_s: float) -> Mask:
    """(F,) frames that have a point, and those between them where no gap is longer than max_gap_s seconds."""
    seen: Mask = np.asarray(tracks.seen.any(axis=1))
    at = np.flatnonzero(seen)
    numbers = np.asarray(tracks.frame_numbers)
    for first, last in pairwise(at):
        if last - first > 1 and (numbers[last] - numbers[first] - 1) / tracks.fps <= max_gap_s:
            seen[first:last] = True
    return seen


def _of_camera(camera: Camera) -> Picture:
    return Picture(float(camera.K[0, 0]), camera.width, camera.height, False)


def _cut(tracks: Tracks, lifted: LiftedClip, kept: Mask) -> tuple[Tracks, LiftedClip]:
    """The kept frames alone."""
    part = replace(tracks, points=tracks.points[kept], confidence=np.asarray(tracks.confidence)[kept],
                   frame_numbers=np.asarray(tracks.frame_numbers)[kept])
    return part, replace(lifted, positions=lifted.positions[kept], centre=lifted.centre[kept],
                         uncertainty=None if lifted.uncertainty is None else lifted.uncertainty[kept])


def _motion(tracks: Tracks, kept: Mask, known: Known, scene: Scene, picture: Picture, settings: RefineSettings,
            cameras: list[Camera]) -> Motion:
    skeleton = tracks.skeleton
    at = np.flatnonzero(kept)
    if scene.views.metres is not None:
        metres = scene.views.metres
        world, seen_by = metres * scene.X, tuple(cameras)
    else:
        size = size_of(skeleton, scene.X, scene.ground, scene.feet, settings.measures)
        wanted = settings.metres if settings.metres is not None else USUAL_METRES
        metres = wanted / max(size if settings.metres is not None else extent(scene.X), 1e-9)
        world, seen_by = into_world(scene.X, scene.views, scene.ground, picture, metres, skeleton.root)
        if len(seen_by) > 1:  # frames in long gaps are seen by the camera of the frame before
            index = np.maximum(np.cumsum(kept) - 1, 0)
            seen_by = tuple(seen_by[i] for i in index)
    positions = np.full((len(tracks), len(skeleton), 3), np.nan)
    positions[kept] = world
    doubt = np.full(positions.shape[:2], np.nan)
    doubt[kept] = metres * doubts_of_joints(known, tracks.seen[kept])
    error = _error(positions, seen_by, tracks)
    details: dict[str, Any] = {
        "contacts": [{"joint": skeleton.names[c.joint], "first": int(at[c.first]), "last": int(at[c.last])} for c in scene.contacts]
        if settings.feet and settings.bones else [],
        "focal": picture.focal, "focal_assumed": picture.assumed, "metres_assumed": settings.metres is None and not cameras,
        "noise_px": known.noise * known.unit, "error_px": error,
        "guessed": [name for name, ever in zip(skeleton.names, np.asarray(tracks.seen.any(axis=0)).tolist(), strict=True) if not ever],
    }
    return Motion(positions, skeleton, tracks.fps, label=tracks.label, source=tracks.source, uncertainty=doubt, cameras=seen_by,
                  frame_numbers=np.asarray(tracks.frame_numbers), details=details)


def _error(positions: Array, cameras: Sequence[Camera], tracks: Tracks) -> float | None:
    """The median distance in pixels of projected joints to the tracks."""
    off = [np.linalg.norm(cameras[f if len(cameras) > 1 else 0].project(positions[f]) - tracks.points[f], axis=-1)
           for f in range(len(positions))]
    known = np.array(off)[np.isfinite(np.array(off))]
    return float(np.median(known)) if len(known) else None


def doubts_of_joints(known: Known, seen: Mask) -> Array:
    """(F, J) units: how far off each joint may be, as part of the animal: along the view as the network says, across it as the
    tracks say, and in a gap what the joint may have moved since it was seen."""
    every = float(np.median(np.diff(known.seconds))) if len(known.seconds) > 1 else 1.0
    frames = np.minimum(unseen_for(seen, known.seconds) / every, 1e3)
    weight = known.evidence.track_weight.T.numpy()
    depth = known.evidence.nearest * 10.0
    usual = depth / np.sqrt(np.median(weight[seen])) if seen.any() else 1.0
    own = np.where(seen, depth / np.sqrt(np.maximum(weight, 1e-12)), usual)
    across = np.hypot(own, known.pace * frames**2 / 2)
    grown = known.doubt * np.sqrt(1.0 + np.minimum(frames * every, 2.0))
    return np.sqrt(2.0 / (1.0 / across**2 + 1.0 / grown**2) + grown**2)
