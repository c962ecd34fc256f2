"""Individuals: what a description says becomes the betas it says, the same every time, and never leaves the shape space."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.animal.individual import (
    Individual,
    ShapeWarning,
    betas_of,
    metres_per_unit,
    reach,
    shoulder_height,
    sliders_of,
    warn_out_of_range,
)
from bestiary.animal.species import SpeciesError

NAMES = sorted(default_model().species)


@pytest.fixture(scope="module")
def model():
    """The default model with two sliders of its own."""
    directions = np.zeros((2, default_model().n_betas))
    directions[0, :2], directions[1, 3] = (1.0, -0.5), 2.0
    return replace(default_model(), slider_names=("leg_length", "head_size"), slider_directions=directions,
                   slider_ranges=np.array([[-1.0, 2.0], [-0.5, 0.5]]))  # fmt: skip


def test_a_species_is_itself(model):
    np.testing.assert_array_equal(betas_of(model, Individual("horse")), model.species["horse"].betas)


def test_sliders_go_to_the_ends_of_their_ranges_and_no_further(model):
    start = model.species["horse"].betas
    for value, expected in ((1.0, 2.0), (-1.0, -1.0), (0.5, 1.0), (9.0, 2.0)):
        moved = betas_of(model, Individual("horse", sliders={"leg_length": value, "no such": 1.0})) - start
        np.testing.assert_allclose(moved[:4], [expected, -0.5 * expected, 0, 0], atol=1e-12)


def test_a_model_without_sliders_offers_its_first_directions():
    sliders = sliders_of(replace(default_model(), slider_names=(), slider_directions=None, slider_ranges=None))
    assert sliders.names[0] == "shape_1" and sliders.offset({"shape_2": 1.0})[1] > 0


def test_young_animals_have_large_heads_and_are_small(model):
    calf = Individual("horse", youth=1.0)
    assert betas_of(model, calf)[3] > model.species["horse"].betas[3]
    assert shoulder_height(model, calf) == pytest.approx(0.5 * model.species["horse"].shoulder_height_m)


def test_the_height_is_met_before_sliders(model):
    rest = model.rest(betas_of(model, Individual("horse")))
    high = rest.keypoints[model.keypoint_names.index("withers")][2] - rest.vertices[:, 2].min()
    assert high * metres_per_unit(model, Individual("horse", height_m=1.1)) == pytest.approx(1.1)
    assert metres_per_unit(model, Individual("horse", sliders={"leg_length": 1.0})) == metres_per_unit(model, Individual("horse"))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(["", *NAMES]), st.floats(-3, 3), st.integers(-(2**40), 2**40), st.floats(-1, 50),
       st.floats(-5, 5))  # fmt: skip
def test_any_description_stays_in_the_shape_space(one, other, blend, seed, variation, youth):
    model = default_model()
    who = Individual(one, other, blend, seed, variation, {"shape_1": 99.0}, youth)
    betas = betas_of(model, who)
    assert np.isfinite(betas).all() and (np.abs(betas) <= reach(model)).all()
    np.testing.assert_array_equal(betas, betas_of(model, who))


def test_individuals_differ_less_than_species(model):
    family = [species.betas for species in model.species.values() if species.family == "canid"]
    between = np.std(family, axis=0).sum()
    dogs = [betas_of(model, Individual("dog", seed=seed, variation=1.0)) for seed in range(40)]
    assert 0.05 * between < np.std(dogs, axis=0).sum() < between


def test_betas_beyond_the_model_are_warned_about(model):
    far = np.zeros(model.n_betas)
    far[4] = 500.0
    with pytest.warns(ShapeWarning, match="beta 4 is 500"):
        assert warn_out_of_range(model, far)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not warn_out_of_range(model, model.species["elephant"].betas)


@pytest.mark.parametrize("who", [Individual("hrose"), Individual("dog", "hrose", 0.5)])
def test_an_unknown_species_suggests_the_nearest(model, who):
    with pytest.raises(SpeciesError, match="horse"):
        betas_of(model, who)
