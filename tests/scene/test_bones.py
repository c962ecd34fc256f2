"""Bone names and places: mirrored names, mirrored axes, no bone without length, for any skeleton."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bestiary.animal.model import SMAL_JOINTS, AnimalModel
from bestiary.scene.bone_layout import lay_bones
from bestiary.scene.bone_names import SMAL_BONES, bone_names


def _flip(name: str) -> str:
    return name[:-1] + {"L": "R", "R": "L"}.get(name[-1], name[-1]) if name[-2:] in (".L", ".R") else name


def _renamed(model: AnimalModel, names: tuple[str, ...]) -> AnimalModel:
    return dataclasses.replace(model, joint_names=names)


def test_the_table_names_every_smal_joint_and_mirrors_as_its_joints_do(model: AnimalModel) -> None:
    assert len(set(SMAL_BONES)) == len(SMAL_JOINTS)
    for j, twin in enumerate(model.joint_mirror):
        assert _flip(SMAL_BONES[j]) == SMAL_BONES[twin]


@pytest.mark.parametrize("pattern", ["L{}", "{}_l", "l_{}", "{}.L", "{}_l_end", "left_{}", "{}Left", "a_L_{}"])
def test_other_skeletons_keep_their_names_with_a_side_that_blender_mirrors(model: AnimalModel, pattern: str) -> None:
    swap = {"L": "R", "l": "r", "left": "right", "Left": "Right"}
    right = pattern
    for a, b in (("left", "right"), ("Left", "Right")):
        right = right.replace(a, b)
    if right == pattern:
        right = "".join(swap.get(c, c) if c in "Ll" else c for c in pattern.replace("{}", "\0")).replace("\0", "{}")
    names = ["hub", *(f"bone{j}" for j in range(1, 35))]
    names[7], names[11] = pattern.format("Wing"), right.format("Wing")
    other = _renamed(model, tuple(names))
    result = bone_names(other)
    assert len(set(result)) == 35
    if other.joint_mirror[7] == 11:
        blender_flip = result[7].replace("left", "\0").replace("Left", "\1").replace("\0", "right").replace("\1", "Right")
        assert result[11] in (_flip(result[7]), blender_flip) and result[11] != result[7]
    assert result[1] == "bone1"


def test_long_and_equal_names_stay_different_and_short_enough(model: AnimalModel) -> None:
    names = tuple("joint" * 20 + f"_{j:02d}" for j in range(35))
    result = bone_names(_renamed(model, names))
    assert len(set(result)) == 35 and max(len(name.encode()) for name in result) <= 63


@pytest.mark.parametrize("seed", range(5))
def test_bones_follow_the_limbs_and_the_shape(model: AnimalModel, seed: int) -> None:
    betas = np.random.default_rng(seed).normal(size=model.n_betas)
    layout = lay_bones(model, betas)
    joints = model.rest(betas).joints
    np.testing.assert_allclose(layout.heads, joints)
    for child, parent in (("LLeg2", "LLeg1"), ("LFoot", "LLeg3"), ("Neck", "spine3"), ("Tail7", "Tail6"), ("Head", "Neck")):
        np.testing.assert_allclose(layout.tails[SMAL_JOINTS.index(parent)], joints[SMAL_JOINTS.index(child)])
    np.testing.assert_allclose(layout.tails[16], model.rest(betas).keypoints[0], err_msg="the head ends at the nose")
    along = layout.tails - layout.heads
    assert np.linalg.norm(along, axis=1).min() > 1e-3
    np.testing.assert_allclose(np.einsum("ji,ji->j", along, layout.z_axes), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(layout.z_axes, axis=1), 1.0)


def test_bones_of_both_sides_are_mirror_images(model: AnimalModel) -> None:
    flip = np.diag([1.0, -1.0, 1.0])
    mirror = model.joint_mirror
    joints = (model.J + model.J[mirror] @ flip) / 2
    # Static, mirrored joints and skin: what is left to be unequal is the rule itself.
    skin = np.concatenate([joints[j] + np.array([[0.02, 0.01, -0.05], [0.0, -0.01, 0.03]]) @ (np.eye(3) if j <= mirror[j] else flip)
                           for j in range(35)])
    for j in range(35):
        if mirror[j] == j:
            skin[2 * j:2 * j + 2, 1] = 0.0
    even = AnimalModel("even", skin, np.zeros((70, 3, 0)), np.array([[0, 1, 2]]), np.repeat(np.eye(35), 2, axis=0),
                       model.parents, joints, joint_names=SMAL_JOINTS)
    layout = lay_bones(even, np.zeros(0))
    np.testing.assert_allclose(layout.tails[mirror], layout.tails @ flip, atol=1e-12)
    # z mirrors with the bone, so x = y × z is the mirror image turned about: the same bend on both sides.
    np.testing.assert_allclose(layout.z_axes[mirror], layout.z_axes @ flip, atol=1e-12)
    along = layout.tails - layout.heads
    assert (np.cross(along, layout.z_axes)[:, 1] > 0).all(), "local X is the animal's left"


def test_joints_on_one_point_still_get_bones_with_length(model: AnimalModel) -> None:
    collapsed = AnimalModel("collapsed", model.v_template, np.zeros((600, 3, 0)), model.faces, model.weights, model.parents,
                            np.zeros((35, 3)), joint_names=SMAL_JOINTS)
    layout = lay_bones(collapsed, np.zeros(0))
    assert np.isfinite(layout.z_axes).all() and np.linalg.norm(layout.tails - layout.heads, axis=1).min() > 1e-6
