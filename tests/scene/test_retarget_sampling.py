"""Actions read as arrays: the same as Blender evaluates, by curves or frame by frame, and nothing of the scene changes."""

from __future__ import annotations

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from bestiary.scene import compat  # noqa: E402
from bestiary.scene.retarget.reading import read_shape, skeleton_of  # noqa: E402
from bestiary.scene.retarget.rig_shape import RigError, RigMotion  # noqa: E402
from bestiary.scene.retarget.sampling import from_euler, read_motion  # noqa: E402

MODES = ("QUATERNION", "XYZ", "ZYX", "XZY", "AXIS_ANGLE", "YXZ")


@pytest.fixture
def rig() -> object:
    """A tree of bones with every rotation mode and odd ways to inherit, keyed at random."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rng = np.random.default_rng(3)
    item = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    made = []
    for k in range(14):
        bone = item.data.edit_bones.new(f"bone {k}")
        bone.head = rng.normal(size=3)
        bone.tail = np.array(bone.head) + rng.normal(size=3)
        bone.roll = float(rng.normal())
        bone.parent = made[int(rng.integers(0, k))] if k > 1 else None
        made.append(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    item.data.bones["bone 5"].use_inherit_rotation = False
    item.data.bones["bone 7"].use_local_location = False
    item.data.bones["bone 1"].use_local_location = False
    item.data.bones["bone 9"].inherit_scale = "NONE"
    item.data.bones["bone 10"].inherit_scale = "AVERAGE"
    item.matrix_world = ((2, 0, 0, 1), (0, 0, -2, 0), (0, 2, 0, 3), (0, 0, 0, 1))
    for k, bone in enumerate(item.pose.bones):
        bone.rotation_mode = MODES[k % len(MODES)]
    key(item, rng)
    return item


def key(item: object, rng: np.random.Generator, frames: int = 5) -> object:
    """An action with few keys: curves with handles between them."""
    action = bpy.data.actions.new("moves")
    curves = compat.Curves(action, item)
    at = np.arange(frames) * 7.0 - 3.0
    for k, bone in enumerate(item.pose.bones):
        channel = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(bone.rotation_mode, "rotation_euler")
        path = bone.path_from_id(channel)
        width = 3 if path.endswith("euler") else 4
        curves.write(path, rng.normal(size=(frames, width)), at, bone.name, ("LINEAR", "BEZIER", "CONSTANT")[k % 3])
        if k % 2:
            curves.write(bone.path_from_id("location"), rng.normal(size=(frames, 3)), at, bone.name, "BEZIER")
        if k in (2, 6):
            curves.write(bone.path_from_id("scale"), np.repeat(rng.uniform(0.5, 2, size=(frames, 1)), 3, axis=1), at, bone.name)
    return action


def evaluated(item: object, motion: RigMotion) -> tuple[np.ndarray, np.ndarray]:
    """Heads and directions of the bones as Blender has them, seen from where the object stood when the shape was read."""
    heads, along = np.empty(motion.heads.shape), np.empty(motion.heads.shape)
    home = np.linalg.inv(motion.shape.to_world)
    for f, frame in enumerate(motion.frames):
        bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        seen = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world = home @ np.array(seen.matrix_world)
        for j, name in enumerate(motion.shape.names):
            matrix = world @ np.array(seen.pose.bones[name].matrix)
            heads[f, j], along[f, j] = matrix[:3, 3], matrix[:3, 1] / np.linalg.norm(matrix[:3, 1])
    return heads, along


def check(item: object, motion: RigMotion) -> None:
    heads, along = evaluated(item, motion)
    np.testing.assert_allclose(motion.heads, heads, atol=2e-4)
    np.testing.assert_allclose(motion.rotations[..., 1], along, atol=2e-4)
    np.testing.assert_allclose(np.swapaxes(motion.rotations, -1, -2) @ motion.rotations, np.broadcast_to(np.eye(3), motion.rotations.shape),
                               atol=1e-9)


def test_curves_are_read_as_blender_plays_them(rig: object) -> None:
    motion = read_motion(rig, read_shape(rig))
    assert motion.frames[0] == -3 and motion.frames[-1] == 25 and motion.fps == 24
    check(rig, motion)


def test_frames_between_frames_and_another_rate(rig: object) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, 1.001
    motion = read_motion(rig, read_shape(rig), frames=np.arange(0.0, 20.0, 0.8))
    assert motion.fps == pytest.approx(30 / 1.001 / 0.8)
    check(rig, motion)


def test_constraints_and_drivers_are_asked_of_blender_and_the_scene_stays(rig: object) -> None:
    limit = rig.pose.bones["bone 0"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_y = True
    scene, other = bpy.context.scene, bpy.data.actions.new("other")
    played = rig.animation_data.action
    compat.play(rig, other)
    scene.frame_set(11, subframe=0.25)
    motion = read_motion(rig, read_shape(rig), played)
    assert scene.frame_current == 11 and scene.frame_subframe == pytest.approx(0.25) and rig.animation_data.action == other
    compat.play(rig, played, compat.own_slot(played, rig))
    check(rig, motion)


def test_what_the_object_does_is_part_of_the_motion(rig: object) -> None:
    curves = compat.Curves(rig.animation_data.action, rig)
    curves.write("location", np.array([[0.0, 0, 0], [4, 5, 6]]), np.array([0.0, 20.0]), "Object Transforms")
    check(rig, read_motion(rig, read_shape(rig)))


def test_a_skeleton_may_be_a_part_of_the_rig(rig: object) -> None:
    rig.data.bones["bone 3"].use_deform = False
    shape = skeleton_of(read_shape(rig))
    check(rig, read_motion(rig, shape))


def test_keys_between_frames_are_the_samples(rig: object) -> None:
    action = bpy.data.actions.new("game")
    rig.animation_data_clear()
    curves = compat.Curves(action, rig)
    at = np.arange(31) * 0.8
    turns = np.random.default_rng(0).normal(size=(31, 4))
    curves.write('pose.bones["bone 0"].rotation_quaternion', turns, at, "bone 0")
    motion = read_motion(rig, read_shape(rig))
    np.testing.assert_allclose(motion.frames, at, atol=1e-5)
    assert motion.fps == pytest.approx(30.0)


def test_nothing_to_read_is_said(rig: object) -> None:
    shape = read_shape(rig)
    played = rig.animation_data.action
    with pytest.raises(RigError, match="between 1 and"):
        read_motion(rig, shape, frames=())
    with pytest.raises(RigError, match="rise"):
        read_motion(rig, shape, frames=(3.0, 2.0))
    empty = bpy.data.actions.new("empty")
    with pytest.raises(RigError, match="no key"):
        read_motion(rig, shape, empty)
    rig.animation_data.action = None
    with pytest.raises(RigError, match="no action"):
        read_motion(rig, shape)
    compat.push_strip(rig, played, "strip", 1)
    with pytest.raises(RigError, match="NLA"):
        read_motion(rig, shape)


def test_euler_orders_are_blenders() -> None:
    from mathutils import Euler

    angles = np.random.default_rng(0).normal(size=(5, 3))
    for mode in ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"):
        expected = [np.array(Euler(row, mode).to_matrix()) for row in angles]
        np.testing.assert_allclose(from_euler(angles, mode), expected, atol=1e-6)


def test_lifted_skeletons_tell_which_feet_stand() -> None:
    from bestiary.animal.motion import Motion
    from bestiary.animal.skeleton import Skeleton
    from bestiary.scene.skeleton_rig import build_motion

    places = np.zeros((6, 3, 3))
    places[:, :, 0] = [0.0, 0.3, 0.35]
    places[:, :, 2] = [1.0, 0.5, 0.0]
    stands = np.zeros((6, 3), dtype=bool)
    stands[2:5, 2] = True
    made = build_motion(Motion(places, Skeleton(("hip", "knee", "paw"), (-1, 0, 1)), 24.0, contacts=stands), "told")
    rig = next(item for item in made.all_objects if item.type == "ARMATURE")
    shape = read_shape(rig)
    motion = read_motion(rig, shape)
    assert motion.standing is not None
    assert motion.standing.any(axis=1).tolist() == stands.any(axis=1).tolist()
