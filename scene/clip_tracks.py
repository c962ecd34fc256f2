"""The markers of a movie clip as tracks: what was followed in Blender's own Movie Clip Editor, each object an animal.

A marker's place is a part of the picture, y up; tracks are pixels, y down. A marker that is switched off, and a frame without
one, are a point that was not seen.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..animal.track_raw import RawAnimal, RawTracks
from ..animal.tracks import TracksError


def tracks_of_clip(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> RawTracks:
    """All objects of a movie clip with markers, each as an animal; frames count from 0 at the clip's first.

    The focal length is taken only where the clip's camera was solved: otherwise nobody has set it. Raises TracksError.
    """
    width, height = clip.size
    if not width or not height:
        raise TracksError(f"Blender cannot read the movie clip “{clip.name}”.", "Check that its file is still there.")
    notes = []
    fps = float(clip.fps)
    if fps <= 0:
        fps = scene.render.fps / scene.render.fps_base
        notes.append(f"Pictures have no frame rate: the scene's {fps:g} a second are assumed.")
    tracking = clip.tracking
    focal = float(tracking.camera.focal_length_pixels) if tracking.reconstruction.is_valid else None
    animals = []
    for part in tracking.objects:
        tracks = [track for track in part.tracks if len(track.markers)]
        if tracks:
            label = bpy.path.display_name(clip.name) if part.is_camera else part.name
            animals.append(_animal(label, tracks, width, height, fps, focal))
    if not animals:
        raise TracksError(f"The movie clip “{clip.name}” has no tracks.", "Track some points of the animal in the Movie Clip Editor.")
    return RawTracks("movie clip", animals, notes)


def scene_frame(clip: bpy.types.MovieClip, number: int, fps: float, scene: bpy.types.Scene) -> float:
    """The scene's frame at which a clip's frame `number`, from 0, plays at its own rate."""
    return clip.frame_start + number * scene.render.fps / scene.render.fps_base / fps


def _animal(
    label: str, tracks: list[bpy.types.MovieTrackingTrack], width: int, height: int, fps: float, focal: float | None,
) -> RawAnimal:
    found = [{marker.frame - 1: np.add(marker.co, track.offset) for marker in track.markers if not marker.mute} for track in tracks]
    numbers = sorted(set().union(*found))
    points = np.full((len(numbers), len(tracks), 2), np.nan)
    for joint, places in enumerate(found):
        for row, number in enumerate(numbers):
            if number in places:
                x, y = places[number]
                points[row, joint] = x * width, (1.0 - y) * height
    sure = np.isfinite(points).all(axis=-1).astype(float)
    return RawAnimal(label, [track.name for track in tracks], points, sure, np.array(numbers, dtype=np.int64), width=width,
                     height=height, fps=fps, focal=focal)
