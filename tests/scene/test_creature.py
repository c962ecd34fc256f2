"""Animals made to order: what stands in the scene is what the model says of the description, then and after sliders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender

from bestiary.animal.default import default_model  # noqa: E402
from bestiary.animal.individual import Individual, betas_of, clamped, sliders_of  # noqa: E402
from bestiary.animal.parts import Hair, Part, Tube  # noqa: E402
from bestiary.animal.species import SpeciesError  # noqa: E402


@pytest.fixture(scope="module")
def model():
    """The open animal, its stag with antlers and a beard whatever the file says."""
    opened = default_model()
    parts = (Part("antler", "#604020", tubes=(Tube(((0, 0, 0), (0, 0.3, 0.6)), (0.08, 0.01)),)),
             Part("beard", hair=(Hair("chin", 0.3, 0.1, 12),)))
    species = dict(opened.species)
    species["stag"] = replace(species["stag"], parts=parts)
    return replace(opened, species=species)


def blocks(bpy):
    kinds = ("objects", "armatures", "meshes", "collections", "materials", "shape_keys", "scenes")
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


def expected(model, item, read_animal):
    """The model's own vertices for what the rig says, in the world."""
    animal = read_animal(item)
    return animal.posed(model)


def check_standing(model, item, world_vertices, who):
    """The mesh is the model's shape with its feet on the ground, and the bones' heads are its joints."""
    from bestiary.scene import rig

    body, record = rig.body_of(item), rig.read_record(item)
    rest = model.rest(betas_of(model, who))
    np.testing.assert_allclose(record.betas, betas_of(model, who), atol=1e-4)
    vertices = world_vertices(body)
    place = np.array(item.matrix_world)[:3, 3]
    np.testing.assert_allclose(vertices, record.frame.points(rest.vertices) + place, atol=2e-3 * record.unit)
    assert abs(vertices[:, 2].min() - place[2]) < 1e-3 * record.unit
    heads = np.array([item.data.bones[name].head_local for name in record.bones])
    np.testing.assert_allclose(heads, record.frame.points(rest.joints), atol=1e-3 * record.unit)


def test_a_species_stands_at_its_height_where_it_was_put(blender, model, world_vertices):
    from bestiary.scene import creature, rig

    cube = blender.data.objects["Cube"]
    before = (list(blender.context.selected_objects), blender.context.view_layer.objects.active, len(cube.data.vertices))
    who = Individual("horse")
    item = creature.create(model, who, location=(1.0, 2.0, 0.5))
    check_standing(model, item, world_vertices, who)
    record = rig.read_record(item)
    rest = model.rest(betas_of(model, who))
    withers = rest.keypoints[model.keypoint_names.index("withers")][2] - rest.vertices[:, 2].min()
    assert withers * record.unit == pytest.approx(model.species["horse"].shoulder_height_m, rel=1e-4)
    assert before == (list(blender.context.selected_objects), blender.context.view_layer.objects.active, len(cube.data.vertices))


def test_halfway_between_two_species_are_their_mean_betas(blender, model):
    from bestiary.scene import creature, rig

    item = creature.create(model, Individual("wolf", "fox", 0.5))
    mean = (model.species["wolf"].betas + model.species["fox"].betas) / 2
    np.testing.assert_allclose(rig.read_record(item).betas, mean, atol=1e-5)


def test_the_same_seed_makes_the_same_individual_and_another_another(model):
    one, two = betas_of(model, Individual("dog", seed=4, variation=1.0)), betas_of(model, Individual("dog", seed=4, variation=1.0))
    other = betas_of(model, Individual("dog", seed=5, variation=1.0))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.05
    assert np.abs(one - model.species["dog"].betas).max() > 0.05


def test_an_unknown_species_suggests_the_nearest_and_leaves_nothing(blender, model):
    from bestiary.scene import creature

    before = blocks(blender)
    for who, coat in ((Individual("hrose"), ""), (Individual("dog", "hrose", 0.5), ""), (Individual("dog"), "hrose")):
        with pytest.raises(SpeciesError, match="horse"):
            creature.create(model, who, coat=coat)
    assert blocks(blender) == before


def test_a_slider_moves_vertices_at_once_and_joints_when_it_rests(blender, model, world_vertices):
    from bestiary.scene import creature, rig

    name = sliders_of(model).names[0]
    who = Individual("dog", sliders={name: 1.0})
    item = creature.create(model, Individual("dog"))
    still = world_vertices(rig.body_of(item))
    creature.reshape(item, model, who, settled=False)
    moved = world_vertices(rig.body_of(item))
    assert np.abs(moved - still).max() > 0.005
    assert abs(moved[:, 2].min()) < 1e-3
    assert not creature.is_settled(item, model)
    creature.settle(item, model)
    assert creature.is_settled(item, model)
    np.testing.assert_allclose(world_vertices(rig.body_of(item)), moved, atol=2e-3)
    check_standing(model, item, world_vertices, who)
    assert creature.read_creature(item).who == who


def test_shaping_keeps_the_pose_and_says_the_truth_to_exports(blender, model, world_vertices):
    from bestiary.scene import creature, rig

    name = sliders_of(model).names[0]
    item = creature.create(model, Individual("dog"), location=(0.5, 0.0, 0.0))
    rng = np.random.default_rng(0)
    for bone in item.pose.bones:
        bone.rotation_quaternion = [1.0, *(rng.normal(size=3) * 0.15)]
    item.pose.bones["pelvis"].location = (0.0, 0.05, 0.1)
    blender.context.view_layer.update()
    before = rig.read_animal(item)
    creature.reshape(item, model, Individual("dog", sliders={name: -1.0}))
    blender.context.view_layer.update()
    after = rig.read_animal(item)
    np.testing.assert_allclose(after.pose, before.pose, atol=2e-3)
    own, linear = after.posed(model).vertices, after.posed(replace(model, posedirs=None)).vertices
    shown = world_vertices(rig.body_of(item))  # the strongest correctives are there, the weak ones are not
    assert np.abs(shown - own).mean() < 0.8 * np.abs(linear - own).mean()
    np.testing.assert_allclose(shown, own, atol=0.04)


def test_another_species_brings_its_size_and_parts(blender, model, world_vertices):
    from bestiary.scene import creature, parts

    item = creature.create(model, Individual("fox"))
    assert parts.parts_of(item) is None
    creature.reshape(item, model, Individual("stag"))
    check_standing(model, item, world_vertices, Individual("stag"))
    worn = parts.parts_of(item)
    assert worn is not None and worn.parent == item
    creature.reshape(item, model, Individual("fox"))
    assert parts.parts_of(item) is None
    check_standing(model, item, world_vertices, Individual("fox"))


def test_parts_go_with_the_head_and_follow_its_shape(blender, model, world_vertices):
    from bestiary.scene import creature, parts, rig

    item = creature.create(model, Individual("stag"))
    worn, bone = parts.parts_of(item), item.pose.bones["head"]
    still = world_vertices(worn)
    assert still[:, 2].max() > world_vertices(rig.body_of(item))[:, 2].max()
    bone.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    turned = world_vertices(worn)
    np.testing.assert_allclose(np.linalg.norm(turned[0] - turned[50]), np.linalg.norm(still[0] - still[50]), rtol=1e-3)
    assert np.abs(turned - still).max() > 0.1
    bone.rotation_quaternion = (1, 0, 0, 0)
    creature.reshape(item, model, Individual("stag", height_m=0.6))
    assert np.ptp(world_vertices(worn)[:, 1]) == pytest.approx(np.ptp(still[:, 1]) * 0.5, rel=0.02)
    bare = creature.create(model, Individual("stag"), without=("antler",))
    assert len(parts.parts_of(bare).data.vertices) < len(worn.data.vertices)


def test_what_was_changed_on_the_shape_keys_by_hand_is_kept(blender, model):
    from bestiary.scene import creature, rig

    name = sliders_of(model).names[0]
    item = creature.create(model, Individual("dog"))
    key = rig.body_of(item).data.shape_keys.key_blocks["beta_020"]
    key.value += 0.7
    wanted = key.value
    changed = betas_of(model, Individual("dog", sliders={name: 0.5}))[20] - betas_of(model, Individual("dog"))[20]
    creature.reshape(item, model, Individual("dog", sliders={name: 0.5}))
    assert key.value == pytest.approx(wanted + changed, abs=1e-4)


def test_sliders_never_leave_the_shape_space(model):
    far = Individual("dog", sliders=dict.fromkeys(sliders_of(model).names, 50.0), youth=9.0, blend=7.0, other="elephant")
    betas = betas_of(model, far)
    np.testing.assert_array_equal(betas, clamped(model, betas))


def test_a_rig_of_another_model_is_refused(blender, model):
    from bestiary.scene import creature

    with pytest.raises(ValueError, match="not made from"):
        creature.reshape(blender.data.objects["Cube"], model, Individual("dog"))
