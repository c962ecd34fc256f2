"""A species is seen in its coat and with its horns; a model that cannot carry them is seen as clay."""

from __future__ import annotations

import dataclasses

import numpy as np

from bestiary.animal.coats import Coat, linear
from bestiary.animal.default import default_model
from bestiary.animal.likeness import Dressing, species_portrait
from bestiary.animal.parts import Part, Tube
from random_models import random_model

RED = Coat(base="#c02010", under="#c02010", contrast=0.0)
HORN = Part("horn", anchor="brow", colour="#202020", tubes=(Tube(((0, 0, 0), (0, 0, 0.6)), (0.08, 0.02)),))


def test_the_coat_colours_the_skin_and_parts_add_to_it():
    model = default_model()
    bare = dataclasses.replace(model.species["goat"], coat=RED, parts=())
    vertices, faces, colours = Dressing(model).dress(bare)
    assert len(vertices) == model.n_vertices == len(colours) and len(faces) == len(model.faces)
    assert np.median(np.abs(colours - linear(RED.base))) < 0.02
    horned = Dressing(model).dress(dataclasses.replace(bare, parts=(HORN,)))
    assert len(horned[0]) > model.n_vertices and horned[1].max() == len(horned[0]) - 1
    assert horned[0][model.n_vertices :, 2].max() > vertices[:, 2].max()  # it stands up from the head
    assert horned[2][model.n_vertices :].max() < 0.1


def test_finer_keeps_the_form_and_the_coat():
    model = default_model()
    bare = dataclasses.replace(model.species["goat"], coat=RED, parts=())
    plain, finer = Dressing(model).dress(bare), Dressing(model).dress(bare, finer=True)
    assert len(finer[1]) == 4 * len(model.faces) and finer[1].max() == len(finer[0]) - 1
    np.testing.assert_array_equal(finer[0][: model.n_vertices], plain[0])
    np.testing.assert_allclose(finer[2][: model.n_vertices], plain[2], atol=1e-9)
    np.testing.assert_allclose(np.ptp(finer[0], axis=0), np.ptp(plain[0], axis=0), rtol=0.02)


def test_an_individual_has_its_own_shape():
    model = default_model()
    goat = model.species["goat"]
    dressing = Dressing(model)
    other = dressing.dress(goat, goat.betas + np.eye(model.n_betas)[0])[0]
    assert not np.allclose(other, dressing.dress(goat)[0], atol=1e-3)


def test_a_model_without_face_and_skeleton_of_ours_is_clay():
    model = random_model(0)
    species = dataclasses.replace(default_model().species["goat"], betas=np.zeros(model.n_betas), coat=RED, parts=(HORN,))
    vertices, _, colours = Dressing(model).dress(species)
    assert len(vertices) == model.n_vertices and np.ptp(colours, axis=0).max() == 0


def test_the_portrait_has_two_views():
    model = default_model()
    picture = species_portrait(model, dataclasses.replace(model.species["goat"], coat=RED), 96)
    assert picture.shape == (72, 192, 3)
    wide = picture.astype(int)
    red = wide[..., 0] - wide[..., 1] > 50
    assert red[:, :96].any() and red[:, 96:].any()
