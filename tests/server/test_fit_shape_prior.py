"""What the fit may do with a shape: the directions that move the surface most, as far as the family's covariance says."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.default import default_model
from bestiary.server.fit.hints import FitHints
from bestiary.server.fit.shape_prior import SHAPE_DIMENSIONS, shape_prior, surface_directions


def moved(basis: np.ndarray) -> np.ndarray:
    """Mean squared motion of the vertices (k,) for each column of a basis (B, k)."""
    offsets = default_model().shapedirs.astype(np.float64) @ basis
    return (offsets**2).sum(axis=1).mean(axis=0)


@pytest.mark.parametrize("family", ["canid", "elephantid", "quadruped"])
def test_directions_have_the_covariance_and_move_the_surface_ever_less(family):
    model = default_model()
    covariance = np.asarray(model.families[family].covariance, np.float64)
    basis = surface_directions(model, covariance)
    np.testing.assert_allclose(basis @ basis.T, covariance, atol=1e-3 * np.abs(covariance).max())
    motion = moved(basis)
    assert (np.diff(motion) <= 1e-12).all()
    assert motion[:SHAPE_DIMENSIONS].sum() > 0.95 * motion.sum()


def test_an_animal_of_unknown_kind_may_take_every_proportion():
    hints = FitHints(box=np.array([0.0, 0.0, 10.0, 10.0]))
    mean, basis = shape_prior(default_model(), hints, "the animal")
    assert mean.shape == (145,) and basis.shape == (145, SHAPE_DIMENSIONS)
    assert moved(basis).sum() > 0.95 * moved(np.eye(145)).sum()
