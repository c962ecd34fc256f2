"""Cameras: pixels and points lead back to each other, in OpenCV axes and in Blender's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera, default_focal, intrinsics
from bestiary.animal.rotations import matrix_from_axis_angle


def random_camera(seed: int) -> Camera:
    rng = np.random.default_rng(seed)
    K = intrinsics(rng.uniform(200, 3000), 640, 480)
    K[:2, 2] += rng.normal(size=2) * 100
    return Camera(K, matrix_from_axis_angle(rng.normal(size=3)), rng.normal(size=3), 640, 480)


@given(st.integers(0, 10_000))
def test_unproject_undoes_project(seed: int) -> None:
    camera, rng = random_camera(seed), np.random.default_rng(seed)
    in_camera = rng.normal(size=(7, 3)) + [0, 0, 8]
    points = camera.to_world(in_camera)
    np.testing.assert_allclose(camera.to_camera(points), in_camera, atol=1e-9)
    np.testing.assert_allclose(camera.unproject(camera.project(points), in_camera[:, 2]), points, atol=1e-8)


@given(st.integers(0, 10_000))
def test_blender_matrix_leads_back(seed: int) -> None:
    camera = random_camera(seed)
    again = Camera.from_matrix_world(camera.matrix_world(), camera.K, 640, 480)
    np.testing.assert_allclose(again.R, camera.R, atol=1e-12)
    np.testing.assert_allclose(again.t, camera.t, atol=1e-9)


def test_look_at_has_the_target_in_the_middle_and_up_is_up() -> None:
    camera = Camera.look_at([3.0, -4.0, 2.0], [0.0, 0.0, 0.5], 800, 640, 480)
    np.testing.assert_allclose(camera.project([0, 0, 0.5]), [320, 240], atol=1e-9)
    assert camera.project([0, 0, 1.0])[1] < 240
    assert np.linalg.det(camera.R) == pytest.approx(1)


def test_points_behind_the_camera_are_missing_and_not_somewhere() -> None:
    camera = Camera.at_origin(640, 480)
    assert np.isnan(camera.project([[0, 0, -1.0], [0, 0, 0]])).all()
    assert default_focal(640, 480) == camera.K[0, 0]


def test_bad_cameras_are_refused() -> None:
    with pytest.raises(ValueError, match="camera K"):
        Camera(np.eye(2), np.eye(3), np.zeros(3), 10, 10)
    with pytest.raises(ValueError, match="at least 1 x 1"):
        Camera(np.eye(3), np.eye(3), np.zeros(3), 0, 10)
