"""Controls on our rigs: at rest nothing moves, motion is kept both ways, legs switch without a jump, all of it can be taken off."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bestiary.animal.clips import load_shipped_clip
from bestiary.animal.rotations import axis_angle_from_matrix, matrix_from_axis_angle

pytestmark = pytest.mark.blender

LIMIT_PERCENT, LIMIT_DEGREES = 0.5, 1.0


@pytest.fixture(scope="module")
def open_model() -> Any:
    from bestiary.animal.default import DEFAULT_MODEL_PATH
    from bestiary.animal.model_file import load_model

    return load_model(DEFAULT_MODEL_PATH)


@pytest.fixture
def animal(blender: Any, open_model: Any) -> Any:
    """Make an animal of a species, with a clip if one is named."""
    from bestiary.animal.individual import Individual
    from bestiary.scene import action, creature

    def make(species: str, clip: str = "") -> Any:
        item = creature.create(open_model, Individual(species))
        if clip:
            action.key_clip(item, load_shipped_clip(clip), blender.context.scene)
        return item

    return make


def seen(item: Any, frames: Any) -> tuple[np.ndarray, np.ndarray]:
    """Axes and heads of an animal's own bones as Blender shows them at frames."""
    import bpy

    from bestiary.scene.controls import build
    from bestiary.scene.controls.keeping import posed_now

    shape, found = build.own_shape(item), []
    for frame in frames:
        bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        found.append(posed_now(item, shape))
    return np.concatenate([one.axes for one in found]), np.concatenate([one.heads for one in found])


def assert_same(item: Any, one: Any, other: Any, percent: float = LIMIT_PERCENT, degrees: float = LIMIT_DEGREES) -> None:
    from bestiary.scene.controls import build
    from bestiary.scene.controls.layout import plan_controls

    leg = plan_controls(build.own_shape(item), build.body_map(item)).legs["hind_left"].length
    away = 100 * np.linalg.norm(one[1] - other[1], axis=-1).max() / leg
    turned = np.degrees(np.linalg.norm(axis_angle_from_matrix(np.swapaxes(one[0], -1, -2) @ other[0]), axis=-1)).max()
    assert away < percent and turned < degrees, (away, turned)


def frames_of(item: Any) -> np.ndarray:
    from bestiary.scene.controls import build
    from bestiary.scene.retarget.sampling import read_motion

    return read_motion(item, build.own_shape(item)).frames


@pytest.mark.parametrize("species", ["german_shepherd", "horse", "elephant", "cat", "giraffe", "rabbit", "dachshund"])
def test_controls_at_rest_leave_the_animal_as_it_is(animal: Any, world_vertices: Any, species: str) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.keeping import add_controls

    item = animal(species)
    before = world_vertices(rig.body_of(item))
    bones = {b.name: (b.matrix_local.copy(), b.parent and b.parent.name) for b in item.data.bones}
    report = add_controls(item)
    np.testing.assert_allclose(world_vertices(rig.body_of(item)), before, atol=1e-3 * np.ptp(before[:, 2]))
    assert {"CTL-torso", "CTL-chest", "CTL-head", "CTL-look", "CTL-tail", "CTL-foot_hind.L", "CTL-knee_hind.R", "CTL-toes_front.L"} <= {
        *report.controls}
    for name, (matrix, parent) in bones.items():
        bone = item.data.bones[name]
        assert bone.matrix_local == matrix and (bone.parent and bone.parent.name) == parent and bone.use_deform
    assert not any(item.data.bones[name].use_deform for name in report.controls)
    assert all(item.pose.bones[name].custom_shape is not None for name in report.controls)


@pytest.mark.parametrize(("species", "clip"), [
    ("dog", "dog_gallop"), ("horse", "horse_lie"), ("cat", "cat_pounce"), ("elephant", "horse_walk")])
def test_motion_is_kept_both_ways(animal: Any, species: str, clip: str) -> None:
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    item = animal(species, clip)
    old = item.animation_data.action
    frames = frames_of(item)
    want, names = seen(item, frames), sorted(item.data.bones.keys())
    report = add_controls(item)
    assert report.frames == len(frames) and report.action is item.animation_data.action is not old
    assert_same(item, seen(item, frames), want)
    for bone in item.pose.bones:
        if "IK_FK" in bone:
            bone["IK_FK"] = 1.0
    item.update_tag()
    assert_same(item, seen(item, frames), want)
    remove_controls(item)
    assert_same(item, seen(item, frames), want)
    assert sorted(item.data.bones.keys()) == names and "bestiary_controls" not in item
    assert not item.animation_data.drivers and not any(bone.constraints for bone in item.pose.bones)


def test_the_foot_leads_the_leg_and_the_slider_gives_it_up(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls

    item = animal("wolf")
    add_controls(item)
    foot, toes = item.pose.bones["CTL-foot_hind.L"], item.pose.bones["paw_hind.L"]
    blender.context.view_layer.update()
    start = np.array(toes.head)
    foot.location = (0.0, 0.05, 0.06)
    blender.context.view_layer.update()
    moved = np.array(toes.head) - start
    np.testing.assert_allclose(moved, np.array(foot.bone.matrix_local)[:3, :3] @ [0.0, 0.05, 0.06], atol=1e-3)
    hips = np.array(item.pose.bones["pelvis"].head)
    item.pose.bones["CTL-torso"].location = (0.0, 0.0, -0.05)
    blender.context.view_layer.update()
    np.testing.assert_allclose(np.array(toes.head) - start, moved, atol=2e-3)
    assert np.array(item.pose.bones["pelvis"].head)[2] < hips[2] - 0.04
    foot["IK_FK"] = 1.0
    item.update_tag()
    blender.context.view_layer.update()
    np.testing.assert_allclose(np.array(toes.head), start + [0.0, 0.0, -0.05], atol=1e-3)


def test_the_head_looks_at_its_target_and_follows_or_not(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls

    item = animal("fox")
    add_controls(item)
    head, look = item.pose.bones["head"], item.pose.bones["CTL-look"]
    look.location = (0.3, -0.2, 0.2)
    item.pose.bones["CTL-head"]["look_at"] = 1.0
    item.update_tag()
    blender.context.view_layer.update()
    toward = np.array(look.head) - np.array(head.head)
    np.testing.assert_allclose(np.array(head.matrix)[:3, 1], toward / np.linalg.norm(toward), atol=1e-3)
    item.pose.bones["CTL-head"]["look_at"], item.pose.bones["CTL-head"]["follow"] = 0.0, 0.0
    item.pose.bones["CTL-neck"].rotation_quaternion = (0.9, 0.3, 0.1, 0.2)
    item.update_tag()
    blender.context.view_layer.update()
    np.testing.assert_allclose(np.array(head.matrix)[:3, :3], np.array(head.bone.matrix_local)[:3, :3], atol=1e-3)


def test_a_leg_switches_without_a_jump_and_a_range_leaves_the_rest_alone(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls, posed_now
    from bestiary.scene.controls.snapping import _shape, snap, snap_range

    item = animal("wolf", "wolf_walk")
    frames = frames_of(item)
    want = seen(item, frames)
    add_controls(item)
    snap_range(item, "hind_left", "FK", 5, 12)
    foot = item.pose.bones["CTL-foot_hind.L"]
    values = []
    for frame in (4, 5, 12, 13):
        blender.context.scene.frame_set(frame)
        values.append(foot["IK_FK"])
    assert values == [0.0, 1.0, 1.0, 0.0]
    assert_same(item, seen(item, frames), want)
    snap_range(item, "hind_left", "IK", 5, 12)
    assert_same(item, seen(item, frames), want)
    blender.context.scene.frame_set(9)
    item.pose.bones["CTL-root"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    item.pose.bones["CTL-root"].location = (0.1, 0.3, 0.2)
    for to in ("FK", "IK", "FK"):
        before = posed_now(item, _shape(item))
        snap(item, "front_right", to)
        after = posed_now(item, _shape(item))
        np.testing.assert_allclose(after.axes, before.axes, atol=2e-3)
        np.testing.assert_allclose(after.heads, before.heads, atol=1e-3)


def test_the_animal_is_read_back_as_its_controls_show_it(animal: Any, blender: Any) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.keeping import add_controls

    item = animal("dog", "dog_trot")
    blender.context.scene.frame_set(8)
    before = rig.read_animal(item)
    add_controls(item)
    blender.context.scene.frame_set(8)
    after = rig.read_animal(item)
    np.testing.assert_allclose(after.trans, before.trans, atol=1e-3)
    np.testing.assert_allclose(matrix_from_axis_angle(after.pose), matrix_from_axis_angle(before.pose), atol=1e-2)


def test_controls_follow_another_shape(animal: Any, open_model: Any, world_vertices: Any) -> None:
    from dataclasses import replace

    from bestiary.scene import creature, rig
    from bestiary.scene.controls import build
    from bestiary.scene.controls.keeping import add_controls

    item, plain = animal("dog"), animal("dog")
    add_controls(item)
    for one in (item, plain):
        creature.reshape(one, open_model, replace(creature.read_creature(one).who, height_m=1.4, youth=0.5))
    np.testing.assert_allclose(world_vertices(rig.body_of(item)), world_vertices(rig.body_of(plain)), atol=2e-3)
    plan = build.plan_of(item)
    for bone in plan.bones:
        np.testing.assert_allclose(np.array(item.data.bones[bone.name].head_local), bone.head, atol=1e-4)


def test_selection_mode_and_other_objects_stay(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    cube = blender.context.object
    item = animal("cat", "cat_walk")
    kinds = "objects", "meshes", "collections", "armatures", "scenes"
    names = {kind: sorted(one.name for one in getattr(blender.data, kind)) for kind in kinds}
    blender.context.scene.frame_set(7)
    add_controls(item)
    assert blender.context.object is cube and cube.select_get() and blender.context.mode == "OBJECT"
    assert blender.context.scene.frame_current == 7
    remove_controls(item)
    assert {kind: sorted(x.name for x in getattr(blender.data, kind)) for kind in names} == names


def test_an_animal_that_is_moved_as_an_object_stays_where_it_goes(animal: Any, blender: Any) -> None:
    """Keys of the object itself stay the object's: controls do not move the animal a second time."""
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    item = animal("wolf", "wolf_walk")
    for frame in (1, 20):
        item.location.y = 0.1 * frame
        item.keyframe_insert("location", frame=frame)
    blender.context.scene.frame_set(10)
    frames = frames_of(item)
    want = seen(item, frames)
    for step in (add_controls, remove_controls):
        step(item)
        assert_same(item, seen(item, frames), want)


def test_what_cannot_have_controls_is_left_as_it_was(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls, remove_controls
    from bestiary.scene.controls.snapping import snap, snap_range
    from bestiary.scene.retarget.rig_shape import RigError

    item = animal("dog")
    with pytest.raises(RigError, match="no controls"):
        remove_controls(item)
    add_controls(item)
    count = len(item.data.bones)
    for call, words in ((lambda: add_controls(item), "already"), (lambda: snap(item, "hind_left", "up"), "IK or FK"),
                        (lambda: snap(item, "tail", "IK"), "no foot control"), (lambda: snap_range(item, "hind_left", "IK", 9, 3), "ends"),
                        (lambda: snap_range(item, "hind_left", "IK", 1, 90_000), "too many")):
        with pytest.raises(RigError, match=words):
            call()
    assert len(item.data.bones) == count
    other = animal("cat")
    blender.context.view_layer.objects.active = other
    blender.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RigError, match="edit mode"):
        add_controls(other)
    blender.ops.object.mode_set(mode="OBJECT")
    twin = other.copy()
    with pytest.raises(RigError, match="shares its bones"):
        add_controls(other)
    blender.data.objects.remove(twin)
    with pytest.raises(RigError, match="armature"):
        add_controls(blender.data.objects["Cube"])
    remove_controls(item)


def test_a_leg_that_is_missing_gets_no_controls(animal: Any) -> None:
    from bestiary.scene import compat
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    item = animal("dog")
    with compat.edit_mode([item]):
        for name in ("leg_hind_2.L", "leg_hind_3.L", "paw_hind.L"):
            item.data.edit_bones.remove(item.data.edit_bones[name])
    report = add_controls(item)
    assert "CTL-foot_hind.R" in report.controls and "CTL-foot_hind.L" not in report.controls
    assert any("left hind leg" in message for message in report.messages)
    remove_controls(item)


def test_a_linked_rig_is_refused(animal: Any, blender: Any, tmp_path: Any) -> None:
    from bestiary.scene.controls.keeping import add_controls
    from bestiary.scene.retarget.rig_shape import RigError

    item = animal("dog")
    path, name = str(tmp_path / "dog.blend"), item.name
    blender.data.libraries.write(path, {item})
    blender.data.objects.remove(item)
    with blender.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = [name]
    with pytest.raises(RigError, match="linked"):
        add_controls(wanted.objects[0])


def test_hidden_locked_and_scaled_rigs_work(animal: Any, blender: Any) -> None:
    from bestiary.scene.controls import build
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    item = animal("horse", "horse_walk")
    item.scale, item.rotation_euler = (0.4, 0.4, 0.4), (0.0, 0.0, 1.0)
    item.data.collections["Trunk"].is_visible = False
    item.hide_select = True
    frames = frames_of(item)
    want = seen(item, frames)
    add_controls(item)
    assert_same(item, seen(item, frames), want)
    item.hide_viewport = True
    remove_controls(item)
    assert item.hide_viewport and not build.has_controls(item)


def test_a_rig_of_rigify_can_have_controls_of_its_own_metarig(blender: Any) -> None:
    """Not only our animals: whatever `match_body` understands."""
    from bestiary.benchmarks.rigify_rigs import metarig
    from bestiary.scene.controls.keeping import add_controls, remove_controls

    item = metarig("cat")
    bones = len(item.data.bones)
    report = add_controls(item)
    assert sum("foot" in name for name in report.controls) == 4
    assert json.loads(item["bestiary_controls"])["parts"]["spine"]
    remove_controls(item)
    assert len(item.data.bones) == bones
