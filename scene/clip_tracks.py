"""The markers of a movie clip as tracks: what was followed in Blender's own Movie Clip Editor, each object an animal.

A marker's place is a part of the picture, y up; tracks are pixels, y down. A marker that is switched off, and a frame without
one, are a point that was not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.cameras import Camera
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


def solved(clip: bpy.types.MovieClip) -> bool:
    """Whether the path of the clip's camera was solved."""
    return bool(clip.tracking.reconstruction.is_valid)


def solved_cameras(clip: bpy.types.MovieClip, numbers: Sequence[int], scene: bpy.types.Scene) -> tuple[Camera, ...]:
    """The cameras of a solved clip at its frames `numbers`, from 0, in the scene: where its camera object stands in the tracked world.

    Blender keeps the solved path apart from the object that it moves, whose own place says how the tracked world lies in the
    scene; without such an object the tracked world is the scene. Raises TracksError for a frame that was not solved.
    """
    width, height = clip.size
    inside = clip.tracking.camera
    focal, (right, up) = float(inside.focal_length_pixels), inside.principal_point_pixels
    K = np.array([[focal, 0.0, right], [0.0, focal / inside.pixel_aspect, height - up], [0.0, 0.0, 1.0]])
    lies = np.eye(4)
    for item in scene.objects:
        if item.type == "CAMERA" and any(_follows(one, clip, scene) for one in item.constraints):
            lies = np.array(item.matrix_basis)
            break
    found = {camera.frame - 1: np.array(camera.matrix) for camera in clip.tracking.reconstruction.cameras}
    lost = [number for number in numbers if number not in found]
    if lost:
        raise TracksError(f"The camera of “{clip.name}” was not solved for frame {lost[0] + 1}"
                          f"{f' and {len(lost) - 1} more' if len(lost) > 1 else ''}.", "Solve it again, or do not use it.")
    return tuple(Camera.from_matrix_world(_without_scale(lies @ found[number]), K, width, height) for number in numbers)


def _follows(constraint: bpy.types.Constraint, clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> bool:
    if constraint.type != "CAMERA_SOLVER":
        return False
    return (scene.active_clip if constraint.use_active_clip else constraint.clip) == clip


def _without_scale(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """A camera's matrix (4, 4) with the scale of the tracked world taken out of its axes; its place keeps it."""
    result = matrix.copy()
    result[:3, :3] /= np.linalg.norm(result[:3, :3], axis=0)
    return result
