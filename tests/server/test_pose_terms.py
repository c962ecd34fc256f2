"""The fit's pose term: one Gaussian or the nearest of several, with derivatives that belong to its cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from bestiary.animal.default import default_model
from bestiary.animal.model import AnimalModel
from bestiary.animal.pose_prior import PosePrior as Mixture
from bestiary.server.authoring.motion.skeleton import KeypointSkeleton
from bestiary.server.fit.body_points import Hypotheses
from bestiary.server.fit.image import pose_mixture, pose_prior, pose_prior_from_limits
from bestiary.server.fit.terms import NormalEquations, PoseMixture, PosePrior, add_priors


def _model() -> AnimalModel:
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(3, 102, 20)) * 0.05
    prior = Mixture([0.2, 0.3, 0.5], rng.normal(size=(3, 34, 3)) * 0.1,
                    factors @ factors.transpose(0, 2, 1) + 0.01 * np.eye(102))  # fmt: skip
    return replace(default_model(), pose_prior=prior, joint_limits=None)


def test_the_model_files_prior_is_used_or_else_the_limits() -> None:
    model, device = _model(), torch.device("cpu")
    learned = pose_prior(model, device)
    assert isinstance(learned, PoseMixture) and learned.means.shape == (3, 102)
    np.testing.assert_allclose(learned.mean.numpy(), model.pose_prior.moments()[0].ravel())
    narrow = pose_mixture(model, device)
    np.testing.assert_allclose((narrow.precisions[1] @ torch.tensor(model.pose_prior.covariances[1])).numpy(), np.eye(102),
                               atol=1e-8)  # fmt: skip
    widths = [torch.linalg.inv(p.precisions[0]).diagonal() for p in (narrow, learned)]
    assert (widths[1] > 1.5 * widths[0]).all(), "photos show more than clips"
    bare = pose_prior(replace(model, pose_prior=None), device)
    plain = pose_prior_from_limits(model, device)
    assert isinstance(bare, PosePrior)
    assert torch.equal(bare.precision, plain.precision) and float(plain.mean.abs().max()) == 0.0


def test_the_nearest_component_counts_and_its_slope_is_its_own() -> None:
    model = _model()
    mixture = pose_mixture(model, torch.device("cpu"))
    skeleton = KeypointSkeleton(model, np.zeros(model.n_betas))
    theta = torch.tensor(model.pose_prior.means) + 0.01
    h = replace(skeleton.start(3), theta=theta)

    def cost(x: Hypotheses) -> NormalEquations:
        eq = NormalEquations.zeros(3, x.n_parameters, theta)
        add_priors(eq, x, mixture.at(x.theta), 1.0, 0.0)
        return eq

    eq = cost(h)
    parts = model.pose_prior.component_log_densities(theta.numpy())
    assert model.pose_prior.nearest_component(theta.numpy()).tolist() == [0, 1, 2]
    off = eq.cost.numpy() + 2 * parts.max(axis=1)
    np.testing.assert_allclose(off, off[0], rtol=1e-6, err_msg="costs of different components can be compared")
    step = torch.zeros(3, h.n_parameters, dtype=theta.dtype)
    step[:, 3 + 7 * 3 + 1] = 1e-5
    slope = (cost(h.moved(step)).cost - cost(h.moved(-step)).cost) / 2e-5
    np.testing.assert_allclose(slope.numpy(), 2 * eq.g[:, 3 + 7 * 3 + 1].numpy(), rtol=1e-4, atol=1e-6)
