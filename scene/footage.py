"""What the footage showed, in the scene: its camera, still or moving, the film behind the view, the tracks before it.

The tracks are an armature that hangs on the camera: each point a circle, at a small distance before the lens, so that it
covers just the pixel where the point was seen, whoever opens the file. Where a point was not seen its circle has no size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.cameras import Camera
from ..animal.motion import Motion
from ..animal.rotations import quaternion_from_matrix
from ..animal.tracks import Tracks
from . import armature, camera, compat
from .bone_layout import BoneLayout
from .bone_names import mirrored_bone_names
from .frames import ARMATURE_AXES, RestFrame, continuous

Array = NDArray[np.float64]

_PIXELS = 0.007
"""The radius of a track's circle, as a part of the picture's longer side."""


class FootageError(ValueError):
    """Footage that cannot be shown; the message says why."""


@dataclass(frozen=True)
class Film:
    """Footage on disk: a movie, or the first picture of a numbered sequence.

    first: the place in it, from 0, of the picture that frame number 0 of the tracks is of.
    """

    path: Path
    first: int = 0


def show(
    motion: Motion, times: Array, collection: bpy.types.Collection, scene: bpy.types.Scene, name: str, film: Film | None,
    tracks: Tracks | None, match_render: bool,
) -> bpy.types.Object:
    """Add a motion's camera, and film and tracks where there are any, in a collection below `collection`; gives the camera.

    times (F,): the scene's frames of the motion's frames. match_render: see `camera.match_render`.
    """
    below = bpy.data.collections.new(f"{name} footage")
    collection.children.link(below)
    item = camera.new_camera(f"{name} camera", motion.cameras[0], None, scene)
    below.objects.link(item)
    if match_render:
        camera.match_render(item, motion.cameras[0], scene)
    away = [np.linalg.norm(np.nanmean(motion.positions[f], axis=0) - motion.camera(f).position)
            for f in np.flatnonzero(np.isfinite(motion.positions[..., 0]).any(axis=1))[:1]]
    item.data.display_size = float(np.clip(0.15 * min(away, default=1.0), 1e-3, 0.4))
    if len(motion.cameras) > 1:
        move_camera(item, motion.cameras, times, scene, name)
    if film is not None:
        show_film(item, film, motion, times, scene)
    if tracks is not None:
        below.objects.link(show_tracks(item, tracks, motion, times, name))
    return item


def move_camera(item: bpy.types.Object, cameras: tuple[Camera, ...], times: Array, scene: bpy.types.Scene, name: str) -> None:
    """Key a camera that moves, and its lens where that changes."""
    item.rotation_mode = "QUATERNION"
    matrices = np.array([one.matrix_world() for one in cameras])
    curves = compat.Curves(bpy.data.actions.new(f"{name} camera"), item)
    curves.write("location", matrices[:, :3, 3], times, "Camera")
    curves.write("rotation_quaternion", continuous(quaternion_from_matrix(matrices[:, :3, :3])), times, "Camera")
    render = scene.render
    frame = render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y
    lenses = [camera.lens_of(one, *frame) for one in cameras]
    values = np.array([(lens.lens, lens.shift_x, lens.shift_y) for lens in lenses])
    if np.ptp(values, axis=0).max() > 1e-6:
        curves = compat.Curves(bpy.data.actions.new(f"{name} lens"), item.data)
        for column, path in enumerate(("lens", "shift_x", "shift_y")):
            curves.write(path, values[:, column, None], times, "Lens")


def load_film(path: str | Path) -> bpy.types.Image:
    """The image data-block of a movie or of a numbered sequence of pictures. Raises FootageError."""
    path = Path(path)
    if not path.is_file():
        raise FootageError(f"{path.name}: there is no such file")
    try:
        image = bpy.data.images.load(str(path.absolute()), check_existing=True)
    except RuntimeError as error:
        raise FootageError(f"{path.name}: Blender cannot read it ({str(error).strip()})") from None
    if image.source != "SEQUENCE" and not image.size[0]:  # of a sequence only its users know which picture is meant
        if not image.users:
            bpy.data.images.remove(image)
        raise FootageError(f"{path.name}: Blender finds no picture in it")
    if image.source == "FILE" and re.search(r"\d+$", path.stem):
        image.source = "SEQUENCE"
    return image


def show_film(item: bpy.types.Object, film: Film, motion: Motion, times: Array, scene: bpy.types.Scene) -> None:
    """Show footage behind a camera's view, each picture when the motion's frame of the same number plays.

    Blender shows one picture a frame. Where the scene has another rate than the footage a driver chooses the picture.
    """
    image = load_film(film.path)
    data = item.data
    data.show_background_images = True
    background = data.background_images.new()
    background.image, background.display_depth, background.frame_method = image, "BACK", "FIT"
    background.alpha = 1.0
    user = background.image_user
    user.use_auto_refresh, user.use_cyclic = True, False
    first = film.first + int(motion.frame_numbers[0])
    if image.source == "SEQUENCE":
        first += int(re.search(r"(\d+)$", film.path.stem)[1]) - 1
    start = int(np.floor(times[0]))
    user.frame_start, user.frame_duration, user.frame_offset = start, 1_000_000, first
    ratio = motion.fps * scene.render.fps_base / scene.render.fps
    if abs(ratio - 1.0) > 1e-6 or times[0] != start:
        driver = data.driver_add(f"background_images[{len(data.background_images) - 1}].image_user.frame_offset").driver
        driver.type = "SCRIPTED"
        # Numbers, functions and `frame` alone: Blender works this out without Python, in files of others too.
        driver.expression = f"{first} + floor((frame - {times[0]:.6f}) * {ratio:.9f} + 0.5) - frame + {start}"


def show_tracks(item: bpy.types.Object, tracks: Tracks, motion: Motion, times: Array, name: str) -> bpy.types.Object:
    """The armature of circles, in no collection yet, that hangs on the camera and covers where the points were seen."""
    places = {int(number): row for row, number in enumerate(motion.frame_numbers)}
    rows = [(row, places[int(number)]) for row, number in enumerate(tracks.frame_numbers) if int(number) in places]
    here = np.array([row for row, _ in rows], dtype=int)
    there = np.array([row for _, row in rows], dtype=int)
    seer = motion.cameras[0]
    depth = max(item.data.display_size * 2 * item.data.lens / camera.SENSOR, 2 * item.data.clip_start)
    radius = _PIXELS * max(seer.width, seer.height) / seer.K[0, 0] * depth
    circles = _circles(tracks, radius, f"{name} tracks")
    circles.parent = item
    curves = compat.Curves(bpy.data.actions.new(f"{name} tracks"), circles)
    K = np.array([motion.camera(int(f)).K for f in there]).reshape(-1, 3, 3)
    for joint, bone in enumerate(circles.data.bones):
        points = tracks.points[here, joint]
        seen = np.isfinite(points).all(axis=-1)
        path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
        pixels = np.concatenate([points, np.ones((len(points), 1))], axis=1)[seen]
        rays = np.linalg.solve(K[seen], pixels[..., None])[..., 0]
        if seen.any():
            curves.write(f"{path}.location", rays * depth * np.array([1.0, -1.0, -1.0]), times[there[seen]], bone.name)
        changes = np.flatnonzero(np.diff(np.r_[-1, seen.astype(int)]))
        size = np.repeat(seen[changes, None].astype(float), 3, axis=1)
        if len(changes):
            curves.write(f"{path}.scale", size, times[there[changes]], bone.name, interpolation="CONSTANT")
    return circles


def _circles(tracks: Tracks, radius: float, name: str) -> bpy.types.Object:
    """The armature: one bone a point, all at the lens, drawn as circles across the view in the colours of their sides."""
    skeleton = tracks.skeleton
    item = armature.new_armature(name)
    count = len(skeleton)
    names = mirrored_bone_names(skeleton.names, [skeleton.names[twin] for twin in skeleton.mirror])
    # Bones along the armature's Y have its own axes; `fill_armatures` takes places in the animal frame.
    along = np.tile(np.array([0.0, radius, 0.0]) @ ARMATURE_AXES, (count, 1))
    layout = BoneLayout(names, ("Tracks",) * count, np.full(count, -1, dtype=np.int32), np.zeros((count, 3)), along,
                        np.tile([0.0, 0.0, 1.0], (count, 1)), np.zeros(count, dtype=bool), skeleton.sides)
    armature.fill_armatures([(item, layout, RestFrame(1.0, np.zeros(3)))])
    ring = _ring(f"{name} circle")
    for bone in item.pose.bones:
        bone.custom_shape, bone.custom_shape_wire_width = ring, 2.0
        bone.bone.show_wire = True
        bone.lock_location = (False, False, False)
    item.show_in_front, item.hide_select, item.hide_render = True, True, True
    return item


def _ring(name: str) -> bpy.types.Object:
    """A circle of radius 1 across Z with a dot in its middle, in no scene: what a track is drawn as."""
    angles = np.linspace(0.0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(24)], axis=1)
    corners = np.concatenate([circle, 0.15 * circle[::3]])
    edges = [(i, (i + 1) % 24) for i in range(24)] + [(24 + i, 24 + (i + 1) % 8) for i in range(8)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners.tolist(), edges, [])
    return bpy.data.objects.new(name, mesh)
