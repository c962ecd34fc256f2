"""The overlay shows the animal where it is, keeps the rest of the photo, and marks the points."""

import io

import numpy as np
import pytest
from PIL import Image

from bestiary.animal.cameras import Camera
from bestiary.server.overlay import OverlayAnimal, draw_overlay, encode_png, overlay_png

SQUARE = np.array([[-1.0, 0.0, -1.0], [1.0, 0.0, -1.0], [1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def camera(width: int = 200, height: int = 150, focal: float = 100.0) -> Camera:
    """Looks along the world's y from four metres away: the square covers the middle 50 x 50 pixels."""
    return Camera.look_at([0.0, -4.0, 0.0], [0.0, 0.0, 0.0], focal, width, height)


def test_only_the_animal_is_painted() -> None:
    photo = np.full((150, 200, 3), 90, np.uint8)
    drawn = draw_overlay(photo, camera(), [OverlayAnimal(SQUARE, FACES)])
    changed = (drawn != photo).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (75, 124, 50, 99)
    assert changed[50:100, 75:125].all()
    assert drawn.dtype == np.uint8 and (photo == 90).all()


def test_the_nearer_animal_hides_the_other() -> None:
    photo = np.zeros((150, 200, 3), np.uint8)
    near = OverlayAnimal(SQUARE * 0.5 - [0.0, 1.0, 0.0], FACES)
    far = OverlayAnimal(SQUARE, FACES)
    for animals in ([near, far], [far, near]):
        alone = draw_overlay(photo, camera(), [animals[0]])
        both = draw_overlay(photo, camera(), animals)
        same = (alone[75, 100] == both[75, 100]).all()
        assert same == (animals[0] is near)


def test_large_photos_are_scaled_and_points_move_along() -> None:
    photo = np.zeros((600, 800, 3), np.uint8)
    point = np.array([[400.0, 300.0], [np.nan, np.nan]])
    hidden = OverlayAnimal(SQUARE - [0, 30, 0], FACES, point, point)
    drawn = draw_overlay(photo, camera(800, 600, 400.0), [hidden], max_side=200)
    assert drawn.shape == (150, 200, 3)
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert abs(rows.mean() - 75) < 1 and abs(columns.mean() - 100) < 1


def test_animals_behind_the_camera_or_outside_do_no_harm() -> None:
    photo = np.full((150, 200, 3), 50, np.uint8)
    outside = [OverlayAnimal(SQUARE - [0, 30, 0], FACES), OverlayAnimal(SQUARE + [1000, 0, 0], FACES)]
    np.testing.assert_array_equal(draw_overlay(photo, camera(), outside), photo)


def test_a_photo_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="camera"):
        draw_overlay(np.zeros((10, 10, 3), np.uint8), camera(), [])


def test_png_of_the_open_animal() -> None:
    from bestiary.animal.default import default_model

    model = default_model()
    vertices = model.forward().vertices
    found = np.full((44, 2), np.nan)
    found[0] = 100, 75
    photo = np.zeros((150, 200, 3), np.uint8)
    png = overlay_png(photo, model, camera(), [vertices], [found], [np.full((44, 3), np.nan)])
    picture = np.asarray(Image.open(io.BytesIO(png)))
    assert picture.shape == (150, 200, 3) and picture.any()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(picture)))), picture)
