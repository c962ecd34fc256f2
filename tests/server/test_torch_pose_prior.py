"""The torch twin of the pose prior: the same numbers, and gradients that are right."""

from __future__ import annotations

import numpy as np
import torch

from bestiary.animal.default import default_model
from bestiary.animal.pose_prior import PosePrior
from bestiary.server.pose_prior import TorchPosePrior


def _prior(joints: int = 5) -> PosePrior:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(4, 3 * joints, 3 * joints)) * 0.08
    return PosePrior([0.1, 0.2, 0.3, 0.4], rng.normal(size=(4, joints, 3)) * 0.3,
                     factors @ factors.transpose(0, 2, 1) + 0.005 * np.eye(3 * joints))  # fmt: skip


def test_scores_equal_numpys() -> None:
    prior = _prior()
    twin = TorchPosePrior(prior, dtype=torch.float64)
    poses = np.random.default_rng(1).normal(size=(3, 7, 5, 3)) * 0.4
    np.testing.assert_allclose(twin(torch.tensor(poses)).numpy(), prior.log_prob(poses), rtol=1e-10)
    single = TorchPosePrior(prior)(torch.tensor(poses, dtype=torch.float32))
    np.testing.assert_allclose(single.numpy(), prior.log_prob(poses), rtol=1e-3)


def test_gradients_are_the_slopes_of_the_score() -> None:
    twin = TorchPosePrior(_prior(), dtype=torch.float64)
    poses = (torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.2).requires_grad_()
    assert torch.autograd.gradcheck(twin.log_prob, (poses,))


def test_samples_are_where_the_density_is() -> None:
    prior = _prior()
    twin = TorchPosePrior(prior, dtype=torch.float64)
    drawn = twin.sample(20_000, torch.Generator().manual_seed(3))
    mean, covariance = prior.moments()
    np.testing.assert_allclose(drawn.mean(0).numpy(), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.flatten(1).T.numpy()), covariance, atol=0.03)
    assert not list(twin.parameters())


def test_the_default_animals_prior_has_a_twin() -> None:
    prior = default_model().pose_prior
    if prior is None:  # a model that is being rebuilt
        return
    pose = torch.tensor(prior.means[0])
    twin = TorchPosePrior(prior, dtype=torch.float64)
    assert abs(float(twin(pose)) - float(prior.log_prob(prior.means[0]))) < 1e-6
