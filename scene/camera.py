"""A Blender camera that sees what the photo's camera saw, with the photo behind its view.

Intrinsics in pixels become a lens and a shift. Blender fits the sensor to one side of the *render*, so where the render
has another shape than the photo, the side is chosen so that the whole photo lies inside the frame at the right size; a
render of the photo's resolution (`match_render`) makes picture and photo equal to the pixel. Skew is not kept: Blender
has none. Pixels that are not square need the scene's pixel aspect, which only `match_render` sets.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..animal.cameras import Camera

SENSOR = 36.0
"""Width (or height, when it is what is fitted) of the sensor in millimetres: a full-frame camera's, so lenses read familiar."""


@dataclass(frozen=True)
class Lens:
    """Blender's way of saying K: focal length in mm for a sensor side of SENSOR, and shifts in units of that side."""

    fit: str
    lens: float
    shift_x: float
    shift_y: float


def lens_of(camera: Camera, frame_width: float, frame_height: float) -> Lens:
    """The lens for a frame of this shape (its sides times the pixel aspect) that holds the whole photo.

    Positive shifts move the view right and up. The photo fills the frame's width when it is the flatter of the two.
    """
    fx, fy = camera.K[0, 0], camera.K[1, 1]
    right = camera.width / 2 - camera.K[0, 2]
    up = (camera.K[1, 2] - camera.height / 2) * fx / fy  # in the size of pixels along x
    tall = camera.height * fx / fy
    if camera.width * frame_height >= tall * frame_width:
        side, fit = camera.width, "HORIZONTAL"
    else:
        side, fit = tall, "VERTICAL"
    return Lens(fit, float(fx / side * SENSOR), float(right / side), float(up / side))


def new_camera(
    name: str, camera: Camera, photo: bpy.types.Image | None, scene: bpy.types.Scene, scale: float = 1.0,
    opacity: float = 1.0,
) -> bpy.types.Object:
    """A camera object, in no collection yet, that fits the photo into the scene's present frame.

    scale: Blender units per metre. The photo is shown behind everything in the camera's view, never rendered.
    """
    from mathutils import Matrix

    data = bpy.data.cameras.new(name)
    item = bpy.data.objects.new(name, data)
    matrix = camera.matrix_world()
    matrix[:3, 3] *= scale
    item.matrix_basis = Matrix(matrix.tolist())
    fit_lens(item, camera, scene)
    distance = float(np.linalg.norm(matrix[:3, 3]))
    data.clip_start = min(0.1 * scale, 0.02 * max(distance, 1e-3))
    data.clip_end = max(1000.0 * scale, 20.0 * distance)
    data.display_size = 0.4 * scale
    if photo is not None:
        data.show_background_images = True
        background = data.background_images.new()
        background.image = photo
        background.alpha = opacity
        background.display_depth = "BACK"
        background.frame_method = "FIT"
    return item


def fit_lens(item: bpy.types.Object, camera: Camera, scene: bpy.types.Scene) -> None:
    """Set a camera object's lens for the scene's present resolution: call it again after the resolution changed."""
    render, data = scene.render, item.data
    lens = lens_of(camera, render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y)
    data.type = "PERSP"
    data.sensor_fit = lens.fit
    data.sensor_width = data.sensor_height = SENSOR
    data.lens, data.shift_x, data.shift_y = lens.lens, lens.shift_x, lens.shift_y


def match_render(item: bpy.types.Object, camera: Camera, scene: bpy.types.Scene) -> None:
    """Make the scene render exactly the photo's frame by this camera: resolution, pixel aspect, active camera."""
    render = scene.render
    render.resolution_x, render.resolution_y = camera.width, camera.height
    render.resolution_percentage = 100
    ratio = float(camera.K[0, 0] / camera.K[1, 1])
    render.pixel_aspect_x, render.pixel_aspect_y = max(1.0, 1.0 / ratio), max(1.0, ratio)
    scene.camera = item
    fit_lens(item, camera, scene)
