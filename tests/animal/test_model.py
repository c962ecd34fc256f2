"""The model container: what its forward must keep whatever the numbers, and how it names what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.model import ModelError, mirrored_name
from bestiary.animal.placing import transform_parameters
from bestiary.animal.pose_prior import gaussian
from bestiary.animal.rotations import matrix_from_axis_angle
from random_models import random_model


@given(seed=st.integers(0, 10_000), joints=st.integers(1, 9), betas=st.integers(0, 6), blend=st.booleans(), static=st.booleans())
def test_rest_pose_is_the_shaped_template(seed: int, joints: int, betas: int, blend: bool, static: bool) -> None:
    model = random_model(seed, joints, betas=betas, pose_blend=blend, static=static)
    values = np.random.default_rng(seed).normal(size=betas)
    rest = model.rest(values)
    np.testing.assert_allclose(rest.vertices, model.v_template + model.shapedirs @ values, atol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_root_rotation_and_trans_move_the_animal_rigidly(seed: int) -> None:
    model, rng = random_model(seed), np.random.default_rng(seed)
    betas, pose, trans = rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=3)
    R, t = matrix_from_axis_angle(rng.normal(size=3) * 2), rng.normal(size=3)
    before = model.forward(betas, pose, trans)
    moved_pose, moved_trans = transform_parameters(R, t, pose, trans, model.rest(betas).joints[0])
    after = model.forward(betas, moved_pose, moved_trans)
    np.testing.assert_allclose(after.vertices, before.vertices @ R.T + t, atol=1e-9)
    np.testing.assert_allclose(after.joints, before.joints @ R.T + t, atol=1e-9)


def test_batches_equal_one_by_one_and_fewer_betas_are_zeros() -> None:
    model, rng = random_model(3), np.random.default_rng(0)
    betas, pose, trans = rng.normal(size=(2, 4, 3)), rng.normal(size=(4, 5, 3)), rng.normal(size=3)
    batch = model.forward(betas, pose, trans)
    assert batch.vertices.shape == (2, 4, 20, 3)
    for i in range(2):
        for k in range(4):
            np.testing.assert_allclose(batch.vertices[i, k], model.forward(betas[i, k], pose[k], trans).vertices, atol=1e-12)
    np.testing.assert_allclose(model.rest([0.5]).vertices, model.rest([0.5, 0, 0]).vertices)


@pytest.mark.parametrize(("field", "value"), [
    ("v_template", np.zeros((20, 2))), ("v_template", np.full((20, 3), np.nan)), ("weights", np.ones((20, 5))),
    ("weights", np.ones((19, 5)) / 5), ("parents", [-1, 0, 3, 2, 0]), ("parents", [0, 0, 1, 2, 3]), ("parents", [-1, -1, 0, 0, 0]),
    ("faces", [[0, 1, 20]]), ("faces", [[0, 1]]), ("shapedirs", np.zeros((20, 3))), ("shapedirs", "fur"),
    ("J_regressor", np.zeros((5, 19))), ("joint_names", ("a", "a", "b", "c", "d")), ("metres_per_unit", 0.0),
    ("vertex_mirror", np.roll(np.arange(20), 1)), ("joint_limits", np.zeros((5, 3))),
    ("pose_prior", gaussian(np.zeros((3, 3)), np.eye(9)))])
def test_what_does_not_fit_is_named(field: str, value: object) -> None:
    with pytest.raises(ModelError, match=field):
        random_model(0, **{field: value})


def test_forward_says_which_argument_has_the_wrong_shape() -> None:
    model = random_model(0)
    for argument, value in (("betas", np.zeros(4)), ("pose", np.zeros((4, 3))), ("trans", np.zeros(2))):
        with pytest.raises(ModelError, match=argument):
            model.forward(**{argument: value})


def test_the_id_depends_on_faces_and_joint_names_alone() -> None:
    model = random_model(0)
    assert random_model(0, shapedirs=np.zeros((20, 3, 1))).model_id == model.model_id
    assert random_model(0, joint_names=tuple("vwxyz")).model_id != model.model_id
    assert random_model(0, faces=np.array(model.faces)[::-1]).model_id != model.model_id


@pytest.mark.parametrize(("name", "mirror"), [
    ("LLeg1", "RLeg1"), ("RLegBack3", "LLegBack3"), ("LEar", "REar"), ("leg.L", "leg.R"), ("left_ear", "right_ear"),
    ("Head", "Head"), ("Root", "Root"), ("Leg", "Leg"), ("l_ear", "r_ear"), ("Tail1", "Tail1")])
def test_names_mirror(name: str, mirror: str) -> None:
    assert mirrored_name(name) == mirror
    assert mirrored_name(mirror) == name
