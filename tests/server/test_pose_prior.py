"""The pose prior: a proper symmetric distribution, learned from poses that the model really reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bestiary.animal.default import default_model
from bestiary.server.authoring.pose_prior import fit_moments, statistics
from bestiary.server.evaluate.rigs import load_rig
from bestiary.server.fit.image import pose_prior, pose_prior_from_limits


def test_statistics_are_symmetric_and_positive() -> None:
    model, rng = default_model(), np.random.default_rng(0)
    mean, covariance = statistics(model, [rng.normal(size=(12, 34, 3)) * 0.2, rng.normal(size=(30, 34, 3)) * 0.1])
    mirror = model.joint_mirror[1:] - 1
    np.testing.assert_allclose(mean[mirror] * [-1, 1, -1], mean, atol=1e-12)
    sign = np.tile([-1.0, 1.0, -1.0], 34)
    order = (mirror[:, None] * 3 + np.arange(3)).ravel()
    np.testing.assert_allclose(covariance[np.ix_(order, order)] * np.outer(sign, sign), covariance, atol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_the_default_animal_has_one_and_it_is_used() -> None:
    model, device = default_model(), torch.device("cpu")
    learned, plain = pose_prior(model, device), pose_prior_from_limits(model, device)
    assert model.pose_mean is not None
    assert torch.allclose(learned.mean, torch.tensor(model.pose_mean).flatten())
    assert not torch.allclose(learned.precision, plain.precision)
    # Knees and hocks bend together: the learned prior knows, independent joints do not.
    assert (learned.precision - torch.diag(learned.precision.diagonal())).abs().max() > 1.0


@pytest.mark.data
def test_poses_of_a_rig_are_reached(shared_data: Path) -> None:
    rig = load_rig(shared_data / "rigs", "quaternius/husky.glb")
    clip = next(name for name in rig.clips if "Walk" in name)
    targets = np.array([rig.pose(clip, t).keypoints for t in np.linspace(0, rig.clips[clip], 6, endpoint=False)])
    with torch.no_grad():
        poses, error = fit_moments(default_model(), "dog", targets)
    assert poses.shape == (6, 34, 3) and error.max() < 0.04
    left = default_model().joint_names.index("LLeg1") - 1
    assert np.ptp(poses[:, left, 1]) > 0.2, "the foreleg swings in a walk"
