"""Pose correctives in Blender: driven shape keys bring the skinned mesh to the model's own forward, for every animal."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bestiary.animal.model import AnimalModel
from bestiary.animal.placing import AnimalPose
from bestiary.animal.rotations import matrix_from_axis_angle, quaternion_from_axis_angle

pytestmark = pytest.mark.blender

Make = Callable[[int], AnimalPose]
Read = Callable[[Any], np.ndarray]
numbers = st.floats(-3, 3, width=32)


@pytest.fixture(scope="module")
def corrected(model: AnimalModel) -> AnimalModel:
    """The test animal with pose offsets of one mixture of R - I at each of 20 joints: what 20 keys can say exactly."""
    rng = np.random.default_rng(5)
    posedirs = np.zeros((model.n_vertices, 3, 9 * 34))
    for joint in range(1, 21):
        mix = rng.normal(size=9)
        near = np.flatnonzero(model.weights[:, joint] > 0.2)
        posedirs[near, :, 9 * joint - 9 : 9 * joint] = 0.02 * rng.normal(size=(len(near), 3, 1)) * mix
    return dataclasses.replace(model, posedirs=posedirs)


@pytest.fixture(scope="module")
def rich(model: AnimalModel) -> AnimalModel:
    """The test animal with pose offsets of all 306 features, some joints' much larger than others'."""
    rng = np.random.default_rng(6)
    sizes = np.repeat(10.0 ** rng.uniform(-4, -1.5, 34), 9)
    return dataclasses.replace(model, posedirs=rng.normal(size=(model.n_vertices, 3, 306)) * sizes)


@settings(max_examples=60, deadline=None)
@given(mix=arrays(float, (3, 3), elements=numbers), turn=arrays(float, 3, elements=numbers))
def test_the_polynomial_is_the_mixture_of_the_rotations_entries(mix: np.ndarray, turn: np.ndarray) -> None:
    from bestiary.scene.correctives import polynomial

    expression = polynomial(mix)
    assert len(expression) < 256  # Blender cuts longer ones
    w, x, y, z = quaternion_from_axis_angle(turn)
    terms = re.findall(r"([+-]?[\d.]+(?:e[+-]\d+)?)(?:\*(\w)\*(\w))?", expression)
    letters = {"w": w, "x": x, "y": y, "z": z, "": 1.0}
    value = sum(float(factor) * letters[p] * letters[q] for factor, p, q in terms)
    assert value == pytest.approx((mix * (matrix_from_axis_angle(turn) - np.eye(3))).sum(), abs=0.02)


def test_a_model_without_correctives_gets_no_keys_and_no_drivers(
        blender: Any, model: AnimalModel, random_animal: Make) -> None:
    from bestiary.scene import correctives, rig
    from bestiary.scene.animals import build_animals

    assert correctives.strongest_correctives(model) == ()
    body = rig.body_of(rig.rigs(build_animals([random_animal(0)], None, None, model))[0])
    assert correctives.corrective_keys(body) == [] and body.data.shape_keys.animation_data is None


def test_the_evaluated_mesh_is_the_models_forward_for_every_animal_of_a_photo(
        blender: Any, corrected: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import correctives, rig
    from bestiary.scene.animals import build_animals

    animals = [random_animal(seed) for seed in range(3)]
    collection = build_animals(animals, None, None, corrected)
    for animal, item in zip(animals, rig.rigs(collection), strict=True):
        body = rig.body_of(item)
        keys = correctives.corrective_keys(body)
        assert len(keys) == 20
        for curve in body.data.shape_keys.animation_data.drivers:
            assert curve.driver.is_simple_expression and curve.driver.is_valid
            assert {v.targets[0].id for v in curve.driver.variables} == {item}
        want = animal.posed(corrected).vertices
        plain = animal.posed(dataclasses.replace(corrected, posedirs=None)).vertices
        assert np.abs(plain - want).max() > 0.02
        np.testing.assert_allclose(world_vertices(body), want, atol=1e-3)


def test_few_keys_take_most_of_the_error_of_rich_correctives(
        blender: Any, rich: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import correctives, rig
    from bestiary.scene.animals import BuildOptions, build_animals

    animal = dataclasses.replace(random_animal(1), pose=random_animal(1).pose.clip(-0.7, 0.7))
    want, errors = animal.posed(rich).vertices, []
    for option in (True, False):
        built = build_animals([animal], None, None, rich, options=BuildOptions(correctives=option))
        body = rig.body_of(rig.rigs(built)[0])
        assert (len(correctives.corrective_keys(body)) > 0) == option
        assert len(correctives.corrective_keys(body)) <= correctives.MOST_KEYS
        errors.append(np.sqrt(((world_vertices(body) - want) ** 2).sum(axis=1).mean()))
    assert errors[0] < 0.5 * errors[1]


def test_keys_follow_an_animators_turn_and_leave_betas_and_pose_readable(
        blender: Any, corrected: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from mathutils import Quaternion

    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    animal = random_animal(2)
    item = rig.rigs(build_animals([animal], None, None, corrected))[0]
    bone = item.pose.bones[rig.read_record(item).bones[8]]
    bone.rotation_mode = "XYZ"
    bone.rotation_euler = Quaternion((0.8, 0.1, -0.5, 0.2)).normalized().to_euler("XYZ")
    read = rig.read_animal(item)
    np.testing.assert_allclose(read.betas, animal.betas, atol=1e-5)
    assert np.abs(read.pose[8] - animal.pose[8]).max() > 0.1
    np.testing.assert_allclose(world_vertices(rig.body_of(item)), read.posed(corrected).vertices, atol=1e-3)


def test_bones_laid_anew_for_another_shape_keep_the_correctives_right(
        blender: Any, corrected: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import armature, rig
    from bestiary.scene.animals import build_animals

    item = rig.rigs(build_animals([random_animal(3)], None, None, corrected))[0]
    body = rig.body_of(item)
    for k in range(8):
        body.data.shape_keys.key_blocks[f"beta_{k:03d}"].value += 2.0
    armature.fit_bones_to_shape(item, corrected)
    read = rig.read_animal(item)
    np.testing.assert_allclose(world_vertices(body), read.posed(corrected).vertices, atol=1e-3)


@pytest.mark.parametrize("moving", [False, True])
def test_an_exported_animal_keeps_the_folds_of_its_pose_but_one_that_moves_none(
        blender: Any, corrected: AnimalModel, random_animal: Make, tmp_path: Path, world_vertices: Read, moving: bool) -> None:
    from bestiary.scene import correctives, rig
    from bestiary.scene.animals import BuildOptions, build_animals
    from bestiary.scene.export import export_glb

    animal = random_animal(4)
    collection = build_animals([animal], None, None, corrected, options=BuildOptions(key_pose=moving))
    body = rig.body_of(rig.rigs(collection)[0])
    before = world_vertices(body)
    export_glb(tmp_path / "one.glb", collection)
    np.testing.assert_allclose(world_vertices(body), before, atol=1e-5)
    assert len(correctives.corrective_keys(body)) == 20

    blender.ops.wm.read_factory_settings(use_empty=True)
    blender.ops.preferences.addon_enable(module="io_scene_gltf2")
    blender.ops.import_scene.gltf(filepath=str(tmp_path / "one.glb"))
    got = world_vertices(next(o for o in blender.data.objects if o.type == "MESH" and o.vertex_groups))
    shown = dataclasses.replace(corrected, posedirs=None) if moving else corrected
    used = np.unique(corrected.faces)
    wanted = animal.posed(shown).vertices[used]
    assert np.linalg.norm(wanted[:, None] - got[None], axis=2).min(axis=1).max() < 2e-3 * max(1.0, animal.metres_per_unit)
