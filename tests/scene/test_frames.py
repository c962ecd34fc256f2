"""The algebra between parameters and bones, without Blender."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.rotations import matrix_from_axis_angle, matrix_from_quaternion
from bestiary.scene.frames import (
    RestFrame,
    bone_transforms,
    continuous,
    heading,
    model_parameters,
    object_matrix,
    turn_about_z,
)


def _case(seed: int) -> tuple[RestFrame, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = RestFrame(float(rng.uniform(0.1, 3)), rng.normal(size=3))
    return (frame, rng.normal(size=(4, 6, 3)), rng.normal(size=(4, 3)), rng.normal(size=3),
            matrix_from_axis_angle(rng.normal(size=(6, 3))))


@given(seed=st.integers(0, 10_000))
def test_bones_and_parameters_lead_to_each_other(seed: int) -> None:
    frame, pose, trans, root, axes = _case(seed)
    matrix = object_matrix(frame, pose[0, 0], trans[0], root)
    quaternions, location = bone_transforms(frame, pose, trans, root, axes, matrix)
    back, place = model_parameters(frame, quaternions, location, root, axes, matrix)
    np.testing.assert_allclose(matrix_from_axis_angle(back), matrix_from_axis_angle(pose), atol=1e-9)
    np.testing.assert_allclose(place, trans, atol=1e-9)


@given(seed=st.integers(0, 10_000))
def test_the_object_stands_upright_on_the_ground_below_the_root(seed: int) -> None:
    frame, pose, trans, root, axes = _case(seed)
    matrix = object_matrix(frame, pose[0, 0], trans[0], root)
    np.testing.assert_allclose(matrix[:3, 2], [0, 0, 1], atol=1e-12)
    assert matrix[2, 3] == 0.0
    np.testing.assert_allclose(np.linalg.det(matrix[:3, :3]), 1.0)
    location = bone_transforms(frame, pose[0], trans[0], root, axes, matrix)[1]
    np.testing.assert_allclose((axes[0] @ location)[:2], 0.0, atol=1e-9)


@given(angle=st.floats(-3.1, 3.1), pitch=st.floats(-1.4, 1.4))
def test_heading_is_where_the_animal_looks(angle: float, pitch: float) -> None:
    R = turn_about_z(angle) @ matrix_from_axis_angle([0.0, pitch, 0.0])
    np.testing.assert_allclose(heading(R), angle, atol=1e-9)


def test_heading_of_an_animal_that_looks_straight_up_is_finite() -> None:
    assert np.isfinite(heading(matrix_from_axis_angle([0.0, -np.pi / 2, 0.0])))


def test_an_animal_looks_along_minus_y_in_armature_space_with_its_left_on_plus_x() -> None:
    frame = RestFrame(2.0, np.zeros(3))
    np.testing.assert_allclose(frame.points(np.eye(3)), [[0, -2, 0], [2, 0, 0], [0, 0, 2]], atol=1e-12)
    np.testing.assert_allclose(frame.model_points(frame.points(np.eye(3))), np.eye(3), atol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_rest_feet_stand_on_zero(seed: int) -> None:
    vertices = np.random.default_rng(seed).normal(size=(50, 3))
    placed = RestFrame.standing(vertices, 0.5).points(vertices)
    np.testing.assert_allclose(placed[:, 2].min(), 0.0, atol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_continuous_quaternions_turn_the_same_and_never_jump(seed: int) -> None:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=(8, 3, 4))
    smooth = continuous(q)
    assert (np.einsum("fji,fji->fj", smooth[1:], smooth[:-1]) >= 0).all()
    np.testing.assert_allclose(matrix_from_quaternion(smooth), matrix_from_quaternion(q), atol=1e-9)
