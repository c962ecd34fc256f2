"""Pictures without a renderer: what is asked for is seen, whole, from the right side, in its colours."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.portrait import portrait

BOX = np.array([[x, y, z] for x in (-2.0, 2.0) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
FACES = np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6],
                  [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]])  # fmt: skip
RED_FRONT = np.where(BOX[:, :1] > 0, (0.8, 0.05, 0.05), (0.05, 0.05, 0.8))


def redness(picture: np.ndarray) -> np.ndarray:
    wide = picture.astype(int)
    return (wide[..., 0] - wide[..., 2]).astype(float)


def test_the_left_side_shows_the_head_on_the_left_of_the_picture():
    picture = redness(portrait(BOX, FACES, RED_FRONT, azimuth=90, elevation=0, width=160, height=120))
    columns = np.where(picture > 60)[1], np.where(picture < -60)[1]
    assert columns[0].mean() < 50 and columns[1].mean() > 110


def test_the_whole_surface_is_in_the_picture_from_any_side():
    for azimuth in range(0, 360, 45):
        picture = np.abs(redness(portrait(BOX, FACES, RED_FRONT, azimuth, 10, 160, 120))) > 60
        assert picture.any() and not (picture[:, [0, -1]].any() or picture[[0, -1]].any())


def test_a_focus_brings_a_part_near():
    near = portrait(BOX, FACES, RED_FRONT, 90, 0, 160, 120, focus=(2.0, 0.5, 0.5), reach=0.5)
    assert (redness(near) > 60).mean() > 0.2 and not (redness(near) < -60).any()


def test_a_shadow_lies_on_the_ground_and_clay_is_the_default():
    picture = portrait(BOX, FACES, width=160, height=120).astype(int)
    assert picture.shape == (120, 160, 3)
    grey = np.ptp(picture, axis=2) < 20
    assert grey.any() and picture[grey].min() < 0.8 * picture[grey].max()


def test_arrays_that_are_no_surface_are_refused():
    with pytest.raises((ValueError, IndexError)):
        portrait(BOX[:, :2], FACES)
