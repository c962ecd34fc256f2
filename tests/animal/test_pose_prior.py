"""The mixture of poses: it is a distribution, symmetric where made so, and sampled within limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bestiary.animal.model_file import load_model, save_model
from bestiary.animal.pose_prior import PosePrior, PosePriorError, gaussian, mirror_poses
from random_models import random_model


def mixture(rng: np.random.Generator, components: int = 3, joints: int = 4, spread: float = 0.2) -> PosePrior:
    size = 3 * joints
    factors = rng.normal(size=(components, size, size)) * spread / np.sqrt(size)
    weights = rng.uniform(0.5, 2.0, components)
    return PosePrior(weights / weights.sum(), rng.normal(size=(components, joints, 3)) * 0.4,
                     factors @ factors.transpose(0, 2, 1) + 0.01 * np.eye(size))  # fmt: skip


def test_one_component_has_the_density_of_a_gaussian() -> None:
    rng = np.random.default_rng(0)
    prior = mixture(rng, 1, 2)
    pose = rng.normal(size=(5, 2, 3))
    off = (pose - prior.means[0]).reshape(5, 6)
    quadratic = np.einsum("ni,ij,nj->n", off, np.linalg.inv(prior.covariances[0]), off)
    expected = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * prior.covariances[0])[1])
    np.testing.assert_allclose(prior.log_prob(pose), expected, rtol=1e-9)
    assert prior.log_prob(pose[0]).shape == ()


def test_samples_have_the_moments_of_the_mixture() -> None:
    prior = mixture(np.random.default_rng(1))
    drawn = prior.sample(np.random.default_rng(2), 40_000)
    mean, covariance = prior.moments()
    np.testing.assert_allclose(drawn.mean(0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.reshape(len(drawn), -1).T), covariance, atol=0.02)
    assert (prior.log_prob(drawn[:200]) > prior.log_prob(drawn[:200] + 2.0)).all()
    np.testing.assert_array_equal(drawn, prior.sample(np.random.default_rng(2), 40_000))


def test_symmetrised_scores_a_pose_as_its_mirror_image() -> None:
    rng, mirror = np.random.default_rng(3), np.array([0, 2, 1, 3, 4])
    prior = mixture(rng).symmetrised(mirror)
    poses = rng.normal(size=(20, 4, 3)) * 0.3
    np.testing.assert_allclose(prior.log_prob(poses), prior.log_prob(mirror_poses(poses, mirror)), rtol=1e-9)
    np.testing.assert_allclose(mirror_poses(mirror_poses(poses, mirror), mirror), poses)


def test_samples_stay_within_limits() -> None:
    prior = mixture(np.random.default_rng(4), spread=0.5)
    limits = np.tile([-0.35, 0.5], (5, 3, 1))
    drawn = prior.sample(np.random.default_rng(5), 300, limits=limits)
    assert drawn.min() >= -0.35 and drawn.max() <= 0.5
    cold = prior.sample(np.random.default_rng(5), 50, temperature=0.0)
    assert all(np.isclose(pose, prior.means).all(axis=(1, 2)).any() for pose in cold)
    assert prior.sample(np.random.default_rng(5), 0).shape == (0, 4, 3)
    for bad in ({"temperature": -1.0}, {"temperature": np.nan}, {"limits": np.zeros((4, 3, 2))}):
        with pytest.raises(PosePriorError, match=next(iter(bad))):
            prior.sample(np.random.default_rng(0), 3, **bad)


@pytest.mark.parametrize(("field", "value"), [
    ("weights", [0.5, 0.6, 0.1]), ("weights", [1.5, -0.6, 0.1]), ("weights", [1.0]), ("weights", "many"),
    ("means", np.zeros((3, 4))), ("means", np.full((3, 4, 3), np.nan)), ("covariances", np.zeros((3, 12, 12))),
    ("covariances", np.eye(12)), ("covariances", -np.tile(np.eye(12), (3, 1, 1))),
    ("covariances", np.tile(np.triu(np.ones((12, 12))) + np.eye(12), (3, 1, 1)))])  # fmt: skip
def test_what_is_no_distribution_is_named(field: str, value: object) -> None:
    good = mixture(np.random.default_rng(6))
    arrays = {name: getattr(good, name) for name in ("weights", "means", "covariances")} | {field: value}
    with pytest.raises(PosePriorError, match=field):
        PosePrior(**arrays)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4)), hnp.arrays(np.float64, st.just((2, 2, 3))))
def test_any_arrays_make_a_prior_or_an_error_of_ours(first: np.ndarray, second: np.ndarray) -> None:
    for arrays in ((first, second, np.tile(np.eye(6), (2, 1, 1))), (np.full(2, 0.5), second, first)):
        try:
            prior = PosePrior(*arrays)
        except PosePriorError:
            continue
        assert np.isfinite(prior.log_prob(prior.means)).all()


def test_the_prior_survives_the_model_file(tmp_path) -> None:
    prior = mixture(np.random.default_rng(7))
    save_model(random_model(0, pose_prior=prior), tmp_path / "animal.npz")
    back = load_model(tmp_path / "animal.npz").pose_prior
    assert back is not None
    pose = np.random.default_rng(8).normal(size=(9, 4, 3)) * 0.3
    np.testing.assert_allclose(back.log_prob(pose), prior.log_prob(pose), rtol=1e-4)
    one = gaussian(np.zeros((4, 3)), np.eye(12))
    assert one.moments()[0].shape == (4, 3) and one.nearest_component(pose).tolist() == [0] * 9
