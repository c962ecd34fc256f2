"""The animals of a clip in the scene: a rig with an action for each, and what the footage showed: its camera, the film, the tracks.

Keys stand at the footage's own times, whatever the scene's frame rate; frames in which an animal is not known get no key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.cameras import Camera
from ..animal.clips import AnimalClip
from ..animal.model import AnimalModel
from ..animal.motion import Motion
from ..animal.skeleton import Skeleton
from ..animal.tracks import Tracks
from . import action, footage, rig
from .all_or_nothing import all_or_nothing
from .animals import BuildOptions, build_animals
from .skeleton_rig import key_frames, match_scene

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ClipOptions:
    """How `build_clip` places a clip. start: the scene's frame at which the first frame plays, None the scene's first; film: shown behind
    the camera's view; match: give the scene the footage's frame rate, range and resolution, and make its camera the active one."""

    start: float | None = None
    film: footage.Film | None = None
    match: bool = False


def build_clip(
    clips: Sequence[AnimalClip], cameras: tuple[Camera, ...], model: AnimalModel, name: str, first: int = 0,
    tracks: Sequence[Tracks] = (), options: ClipOptions | None = None, scene: bpy.types.Scene | None = None,
) -> bpy.types.Collection:
    """Build the animals of a clip as rigs in motion, with its camera, in one new collection of `scene` (default: the context's).

    clips: one for each animal, of `model`, all of the same frames `first`, `first` + 1, … of the footage. cameras: one that stands or one
    for each frame, or none. tracks: what each animal was followed by. Everything else as `build_animals` leaves it. Raises
    ValueError for clips of another model or without any known frame, FootageError for a film that cannot be read; nothing that was
    made until then is left in the file.
    """
    options, scene = options or ClipOptions(), scene or bpy.context.scene
    known = [np.isfinite(clip.poses).all(axis=(1, 2)) & np.isfinite(clip.trans).all(axis=1) for clip in clips]
    seen = [i for i, frames in enumerate(known) if frames.any()]
    if not seen:
        raise ValueError("No animal of the clip is known in any frame.")
    for clip in clips:
        clip.check_model(model)
    path = _path(clips[seen[0]], cameras, first)
    with all_or_nothing(scene):
        if options.match:
            match_scene(scene, path)
        start = float(scene.frame_start if options.start is None else options.start)
        times = key_frames(np.asarray(path.frame_numbers), path.fps, scene, start)
        poses = [clips[i].frame(int(np.flatnonzero(known[i])[0])) for i in seen]
        collection = build_animals(poses, None, None, model, name=name, options=BuildOptions(), scene=scene)
        for item, i in zip(rig.rigs(collection), seen, strict=True):
            rows = known[i]
            action.key_motion(item, clips[i].poses[rows], clips[i].trans[rows], times[rows], item.name)
        if options.match:
            every = times[np.any(known, axis=0)]
            scene.frame_start, scene.frame_end = int(np.floor(every[0])), max(int(np.ceil(every[-1])), int(np.floor(every[0])))
        if cameras:
            _show(path, times, collection, scene, name, options, [tracks[i] for i in seen if i < len(tracks)])
    return collection


def _show(path: Motion, times: Array, collection: bpy.types.Collection, scene: bpy.types.Scene, name: str, options: ClipOptions,
          tracks: Sequence[Tracks]) -> None:
    """The camera with the film behind its view and the tracks of all animals before it."""
    item = footage.show(path, times, collection, scene, name, options.film, tracks[0] if tracks else None, options.match)
    for one in tracks[1:]:
        item.users_collection[0].objects.link(footage.show_tracks(item, one, path, times, one.label or name))


def _path(clip: AnimalClip, cameras: tuple[Camera, ...], first: int) -> Motion:
    """The way of an animal's root, as what shows footage takes it: with the cameras, and where the frames lie in the footage."""
    places = (clip.trans * clip.metres_per_unit)[:, None]
    return Motion(places, Skeleton(("root",), (-1,)), clip.fps, clip.label, cameras=cameras,
                  frame_numbers=np.arange(first, first + len(clip)))
