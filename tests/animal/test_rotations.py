"""Rotations: every way of writing one leads back to the same rotation, small and half-turn angles included."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.animal import rotations as rot

component = st.floats(-4, 4, allow_nan=False).map(lambda x: 0.0 if abs(x) < 1e-12 else x)
vectors = arrays(np.float64, (3,), elements=component)


@given(vectors)
def test_matrices_are_rotations_and_every_form_returns_to_them(vector: np.ndarray) -> None:
    matrix = rot.matrix_from_axis_angle(vector)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert abs(np.linalg.det(matrix) - 1) < 1e-9
    for form in (rot.matrix_from_quaternion(rot.quaternion_from_matrix(matrix)),
                 rot.matrix_from_axis_angle(rot.axis_angle_from_matrix(matrix)),
                 rot.matrix_from_rotation_6d(rot.rotation_6d_from_matrix(matrix)),
                 rot.matrix_from_quaternion(rot.quaternion_from_axis_angle(vector))):
        np.testing.assert_allclose(form, matrix, atol=1e-7)


@given(st.floats(1e-12, 1e-3), vectors)
def test_small_angles_keep_their_digits(angle: float, axis: np.ndarray) -> None:
    norm = np.linalg.norm(axis)
    axis = axis / norm if norm > 1e-3 else np.array([0.0, 0.0, 1.0])
    back = rot.axis_angle_from_matrix(rot.matrix_from_axis_angle(axis * angle))
    np.testing.assert_allclose(back, axis * angle, rtol=1e-6, atol=1e-12)


def test_half_turns_about_every_axis() -> None:
    axes = np.random.default_rng(0).normal(size=(500, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    matrix = rot.matrix_from_axis_angle(axes * np.pi)
    np.testing.assert_allclose(rot.matrix_from_axis_angle(rot.axis_angle_from_matrix(matrix)), matrix, atol=1e-7)


def test_handedness() -> None:
    quarter = rot.matrix_from_axis_angle([0.0, 0.0, np.pi / 2])
    np.testing.assert_allclose(quarter @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rot.rotation_6d_from_matrix(quarter), [0, 1, 0, -1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(rot.quaternion_from_matrix(quarter), [np.sqrt(0.5), 0, 0, np.sqrt(0.5)], atol=1e-12)


@given(vectors, vectors)
def test_rotation_between_directions(a: np.ndarray, b: np.ndarray) -> None:
    if min(np.linalg.norm(a), np.linalg.norm(b)) < 1e-3:
        return
    R = rot.rotation_between(a, b)
    np.testing.assert_allclose(R @ a / np.linalg.norm(a), b / np.linalg.norm(b), atol=1e-6)


def test_opposite_directions_turn_by_half() -> None:
    R = rot.rotation_between([1.0, 0, 0], [-1.0, 0, 0])
    np.testing.assert_allclose(R @ [1, 0, 0], [-1, 0, 0], atol=1e-9)
    assert abs(rot.angle_between(np.eye(3), R) - np.pi) < 1e-9
