"""Motions carried over to other animals: legs point where they pointed, and folded flesh finds room."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bestiary.animal.clips import load_shipped_clip
from bestiary.animal.default import default_model
from bestiary.server.authoring.motion.carrying import carried, relieved
from bestiary.server.authoring.motion.gaits import LEGS
from bestiary.server.evaluate.intersections import FaceContacts


@pytest.fixture(scope="module")
def model():
    return default_model()


def directions(model, betas, poses):
    """Unit directions (F, 12, 3) of the legs' bones."""
    joints = model.forward(betas, poses).joints
    at = {name: joints[:, index] for index, name in enumerate(model.joint_names)}
    bones = np.stack([at[b] - at[a] for leg in LEGS.values() for a, b in pairwise(leg)], axis=1)
    return bones / np.linalg.norm(bones, axis=2, keepdims=True)


def test_a_cats_legs_point_where_the_foxs_did(model):
    fox, cat = (model.species[name].betas for name in ("fox", "cat"))
    poses = load_shipped_clip("fox_sneak").poses[::20].astype(np.float64)
    poses[:, 0] = 0.0
    wanted = directions(model, fox, poses)
    plain, found = directions(model, cat, poses), directions(model, cat, carried(model, poses, fox, cat))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(plain - wanted).max() > 0.05  # turn for turn they would not


def test_a_motion_stays_as_it_is_on_its_own_animal(model):
    betas = model.species["dog"].betas
    poses = load_shipped_clip("dog_walk").poses[::10].astype(np.float64)
    np.testing.assert_allclose(carried(model, poses, betas, betas), poses, atol=1e-6)
    np.testing.assert_array_equal(relieved(model, betas, poses), poses)


def test_a_leg_folded_into_itself_is_opened(model):
    betas = model.species["horse"].betas
    pose = np.zeros((1, 35, 3))
    for name, turn in (("LLegBack1", -0.9), ("LLegBack2", 1.7), ("LLegBack3", -1.5)):
        pose[0, model.joint_names.index(name), 1] = turn
    contacts = FaceContacts(model.faces)
    before, after = (contacts.share(model.forward(betas, p[0]).vertices) for p in (pose, relieved(model, betas, pose)))
    assert before > 0.012 > after
