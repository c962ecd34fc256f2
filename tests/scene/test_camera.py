"""The Blender camera sees what the photo's camera saw; photos stand upright; keys sit where the clip has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.animal.cameras import Camera

pytestmark = pytest.mark.blender


def _random_camera(seed: int, square: bool) -> Camera:
    rng = np.random.default_rng(seed)
    width, height = int(rng.integers(100, 2000)), int(rng.integers(100, 2000))
    camera = Camera.look_at(rng.normal(size=3) * 2 + [4, 0, 2], rng.normal(size=3) * 0.3,
                            float(rng.uniform(0.5, 3) * max(width, height)), width, height)
    K = camera.K.copy()
    K[:2, 2] += rng.uniform(-0.4, 0.4, size=2) * (width, height)
    if not square:
        K[1, 1] *= rng.uniform(0.6, 1.6)
    return Camera(K, camera.R, camera.t, width, height)


def _seen(bpy: Any, item: Any, points: np.ndarray) -> np.ndarray:
    """Where a camera object has world points (N, 3) in its frame: (N, 2) pixels from the top left, of the render."""
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    bpy.context.view_layer.update()
    scene = bpy.context.scene
    part = np.array([world_to_camera_view(scene, item, Vector(p)) for p in points.tolist()])
    return np.stack([part[:, 0] * scene.render.resolution_x, (1 - part[:, 1]) * scene.render.resolution_y], axis=1)


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_pixels_are_the_photos_when_the_render_matches(blender: Any, seed: int, square: bool) -> None:
    from bestiary.scene.camera import match_render, new_camera

    camera, scene = _random_camera(seed, square), blender.context.scene
    item = new_camera("photo", camera, None, scene)
    scene.collection.objects.link(item)
    match_render(item, camera, scene)
    points = np.random.default_rng(seed).normal(size=(30, 3)) * 0.3
    np.testing.assert_allclose(_seen(blender, item, points), camera.project(points), atol=0.5)
    assert scene.camera == item


@pytest.mark.parametrize("resolution", [(1920, 1080), (600, 900), (500, 500)])
@pytest.mark.parametrize("seed", range(4))
def test_in_a_frame_of_another_shape_the_photo_fits_inside(blender: Any, seed: int, resolution: tuple[int, int]) -> None:
    from bestiary.scene.camera import new_camera

    camera, scene = _random_camera(seed, True), blender.context.scene
    scene.render.resolution_x, scene.render.resolution_y = resolution
    item = new_camera("photo", camera, None, scene)
    scene.collection.objects.link(item)
    points = np.random.default_rng(seed).normal(size=(30, 3)) * 0.3
    # The photo scaled to fit the frame, in its middle: as Blender draws a background image with the method Fit.
    zoom = min(resolution[0] / camera.width, resolution[1] / camera.height)
    margin = (np.array(resolution) - zoom * np.array([camera.width, camera.height])) / 2
    np.testing.assert_allclose(_seen(blender, item, points), camera.project(points) * zoom + margin, atol=0.5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_that_phones_turned_stand_upright(blender: Any, tmp_path: Path, orientation: int) -> None:
    from bestiary.scene.photo import exif_orientation, load_photo, upright

    width, height = 48, 32
    image = blender.data.images.new("stored", width, height)
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[: height // 2, : width // 2, :3] = (1, 0, 0)  # bottom left in Blender's order
    image.pixels.foreach_set(pixels.ravel())
    path = tmp_path / "phone.jpg"
    image.filepath_raw, image.file_format = str(path), "JPEG"
    image.save()
    data = path.read_bytes()
    note = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([orientation]) + b"\0\0\0\0\0\0"
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + data[2:])

    assert exif_orientation(path) == orientation
    loaded = load_photo(path)
    assert tuple(loaded.size) == ((width, height) if orientation < 5 else (height, width))
    got = np.array(loaded.pixels).reshape(loaded.size[1], loaded.size[0], -1)[::-1, :, :3]
    np.testing.assert_allclose(got, upright(pixels[::-1, :, :3], orientation), atol=0.45)
    # EXIF's own words for where the stored picture's top left comes to lie.
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[orientation]
    marked = np.zeros((height, width, 1), dtype=np.float32)
    marked[0, 0] = 1
    assert upright(marked, orientation)[corner] == 1


def test_a_photo_that_is_none_is_refused_by_name(blender: Any, tmp_path: Path) -> None:
    from bestiary.scene.photo import PhotoError, load_photo

    count = len(blender.data.images)
    with pytest.raises(PhotoError, match="no such file"):
        load_photo(tmp_path / "absent.jpg")
    (tmp_path / "words.jpg").write_text("not a picture")
    with pytest.raises(PhotoError, match=r"words\.jpg"):
        load_photo(tmp_path / "words.jpg")
    assert len(blender.data.images) == count
