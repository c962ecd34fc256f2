"""Cameras before a clip: all joints are in view in all frames, the animal's box is in the middle, and no further away than needed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera
from bestiary.server.data.motions.cameras import FOCAL, paper_camera, views

from ..motion_folder import walk


@given(st.integers(0, 100), st.sampled_from([0.05, 1.0, 30.0]), st.booleans())
def test_every_joint_is_in_view(seed: int, size: float, running: bool) -> None:
    positions = walk(seed, 40, size).positions
    if running:
        positions = positions + np.linspace(0, 8 * size, 40)[:, None, None] * np.array([0.8, 0.6, 0.0])
    camera = paper_camera(positions, np.random.default_rng(seed))
    points = camera.project(positions)
    assert np.isfinite(points).all() and points.min() >= 0 and points.max() <= 1080
    assert camera.K[0, 0] == FOCAL == 1050.0 and (camera.width, camera.height) == (1080, 1080)
    np.testing.assert_allclose(camera.R @ camera.R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.R) == pytest.approx(1) and camera.R[2, 2] == pytest.approx(0)  # level


def test_the_camera_looks_at_the_middle_of_the_box_from_a_whole_number_of_half_diagonals() -> None:
    positions = walk(1, 30).positions
    low, high = positions.min(axis=(0, 1)), positions.max(axis=(0, 1))
    camera = paper_camera(positions, np.random.default_rng(3))
    away = np.linalg.norm(camera.position - 0.5 * (low + high)) / np.linalg.norm(high - low)
    assert away >= 1 and away * 2 == pytest.approx(round(away * 2))
    same = Camera.look_at(camera.position, 0.5 * (low + high), FOCAL, 1080, 1080)
    np.testing.assert_allclose(same.R, camera.R, atol=1e-9)
    yaw = math.degrees(math.atan2(camera.R[2, 1], camera.R[2, 0]))
    assert yaw == pytest.approx(round(yaw), abs=1e-6)
    nearer = Camera(camera.K, camera.R, camera.t - [0, 0, 0.5 * np.linalg.norm(high - low)], 1080, 1080)
    if away > 1:
        points = nearer.project(positions)
        assert not (np.isfinite(points).all() and points.min() >= 0 and points.max() <= 1080)


def test_many_clips_at_once_are_as_one_at_a_time() -> None:
    clips = torch.tensor(np.stack([walk(seed, 20, 1 + seed).positions for seed in range(4)]))
    clips[1, :, 3] = math.nan  # a joint that is not known
    yaw, pitch = torch.linspace(0, 6, 4, dtype=torch.float64), torch.linspace(-0.5, 0.8, 4, dtype=torch.float64)
    turn, shift = views(clips, yaw, pitch)
    for number in range(4):
        one = views(clips[number : number + 1], yaw[number : number + 1], pitch[number : number + 1])
        np.testing.assert_allclose(turn[number], one[0][0], atol=1e-12)
        np.testing.assert_allclose(shift[number], one[1][0], atol=1e-12)
    seen = torch.einsum("bij,bfnj->bfni", turn, clips) + shift[:, None, None]
    pixels = seen[..., :2] / seen[..., 2:] * FOCAL + 540
    known = torch.isfinite(clips).all(dim=-1)
    assert bool(((pixels[known] >= 0) & (pixels[known] <= 1080)).all())


def test_the_smallest_distance_touches_the_edge() -> None:
    clips = torch.tensor(walk(0, 20).positions)[None] * torch.tensor([1.0, 1.0, 4.0])
    turn, shift = views(clips, torch.tensor([1.0], dtype=torch.float64), step=0.0)
    seen = torch.einsum("bij,bfnj->bfni", turn, clips) + shift[:, None, None]
    reach = float((seen[..., :2] / seen[..., 2:] * FOCAL).abs().max())
    assert reach <= 540 and float(shift[0, 2]) > 0


def test_a_clip_without_joints_is_refused() -> None:
    with pytest.raises(ValueError, match="without any joint"):
        paper_camera(np.full((4, 3, 3), np.nan), np.random.default_rng(0))
    still = paper_camera(np.zeros((4, 1, 3)), np.random.default_rng(0))
    np.testing.assert_allclose(still.project(np.zeros(3)), [540, 540], atol=1e-6)
