"""Bones of one length: joints that a stretching skeleton had are followed by one that does not stretch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.animal.skeleton import Skeleton
from bestiary.server.data.motions.kinematics import (
    Chain,
    KinematicsSettings,
    bones_at_rest,
    rodrigues,
    with_fixed_bones,
)

SKELETON = Skeleton(("toe", "hip", "knee", "tail", "foot", "toe2"), (4, -1, 1, 1, 2, 4))
BONES = np.array([[0.1, 0, -0.05], [0, 0, 0], [0, 0.1, -0.5], [-0.4, 0, 0.1], [0.05, 0, -0.4], [0.1, 0.05, -0.05]])


def posed(frames: int, seed: int = 0) -> np.ndarray:
    """A clip (F, J, 3) of SKELETON with smoothly turning joints and a root that walks."""
    time = np.linspace(0, 2 * np.pi, frames)
    rng = np.random.default_rng(seed)
    turns = 0.6 * np.sin(time[:, None, None] + rng.uniform(0, 6, (1, 6, 3))) * rng.normal(size=(1, 6, 3))
    chain = Chain(SKELETON)
    root = np.stack([time, np.sin(time), 1 + 0 * time], axis=-1)
    offsets = np.repeat(BONES[None], frames, axis=0)
    return chain.forward(torch.tensor(turns[:, chain.inner]), torch.tensor(root), torch.tensor(offsets)).numpy()


def lengths(clip: np.ndarray) -> np.ndarray:
    child, parent = SKELETON.bones.T
    return np.linalg.norm(clip[:, child] - clip[:, parent], axis=-1)


def test_rodrigues_is_the_rotation() -> None:
    turns = np.random.default_rng(0).normal(size=(50, 3)) * 2
    turns[0], turns[1] = 0, [1e-9, 0, 0]
    np.testing.assert_allclose(rodrigues(torch.tensor(turns)).numpy(), matrix_from_axis_angle(turns), atol=1e-6)


def test_a_rigid_skeleton_is_left_where_it_is() -> None:
    clip = posed(40)
    assert np.ptp(lengths(clip), axis=0).max() < 1e-12
    (new,) = with_fixed_bones(SKELETON, [clip])
    # Smoothness pulls a little; the joints themselves are within a thousandth of the animal's size.
    assert np.linalg.norm(new - clip, axis=-1).mean() < 1e-3


@pytest.mark.parametrize("kind", ["first", "median"])
def test_stretching_bones_get_one_length(kind: str) -> None:
    clip = posed(60)
    rng = np.random.default_rng(1)
    torn = clip + rng.normal(0, 0.01, clip.shape)
    (new,) = with_fixed_bones(SKELETON, [torn], KinematicsSettings(lengths=kind))  # type: ignore[arg-type]
    assert np.ptp(lengths(torn), axis=0).max() > 0.03 and np.ptp(lengths(new), axis=0).max() < 1e-9
    wanted = lengths(torn)[0] if kind == "first" else np.median(lengths(torn), axis=0)
    np.testing.assert_allclose(lengths(new)[0], wanted, rtol=1e-5)
    assert np.linalg.norm(new - torn, axis=-1).mean() < 0.03


def test_clips_do_not_see_each_other() -> None:
    one, two = posed(20, 0), 3.0 * posed(30, 1) + 50.0
    together = with_fixed_bones(SKELETON, [one, two])
    for clip, new in zip((one, two), together, strict=True):
        (alone,) = with_fixed_bones(SKELETON, [clip])
        np.testing.assert_allclose(new, alone, atol=2e-4 * np.ptp(clip, axis=1).max())


def test_what_shakes_on_the_spot_is_stilled_by_smoothness() -> None:
    clip = np.repeat(posed(1), 20, axis=0) + np.random.default_rng(2).normal(0, 0.01, (20, 6, 3))
    rough, smooth = (with_fixed_bones(SKELETON, [clip], KinematicsSettings(smoothness=weight))[0] for weight in (0.0, 0.5))
    shaking = [float(np.linalg.norm(np.diff(one, axis=0), axis=-1).mean()) for one in (rough, smooth)]
    assert shaking[1] < 0.8 * shaking[0], shaking


def test_one_frame_and_one_joint() -> None:
    clip = posed(1)
    np.testing.assert_allclose(with_fixed_bones(SKELETON, [clip])[0], clip, atol=2e-3)
    alone = np.random.default_rng(0).normal(size=(5, 1, 3))
    (new,) = with_fixed_bones(Skeleton(("it",), (-1,)), [alone], KinematicsSettings(smoothness=0.0))
    np.testing.assert_allclose(new, alone, atol=1e-3)
    # Joints that coincide have no direction, and need none.
    same = np.zeros((4, 6, 3)) + np.arange(4)[:, None, None]
    assert np.isfinite(with_fixed_bones(SKELETON, [same])[0]).all()


def test_bones_of_the_first_frame_keep_their_direction() -> None:
    clip = posed(11)
    stretched = clip[:, [1]] + (clip - clip[:, [1]]) * np.linspace(1, 1.2, 11)[:, None, None]
    first, median = (bones_at_rest(SKELETON, stretched, kind) for kind in ("first", "median"))
    np.testing.assert_allclose(median, 1.1 * first, rtol=1e-9, atol=1e-12)
