"""Motion on an animator's bones: exact on Rigify rigs and plain ones, and nothing else of the file is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.blender

from rig_motions import random_motion  # noqa: E402
from scene_snapshot import snapshot  # noqa: E402

from bestiary.scene.retarget.eulers import continuous_euler, euler_from_matrix, matrix_from_euler  # noqa: E402
from bestiary.scene.retarget.rig_shape import RigError  # noqa: E402

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


@pytest.fixture(scope="session")
def rigify_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Files of generated Rigify rigs by animal, each made once."""
    import bpy

    from bestiary.benchmarks import rigify_rigs

    folder, made = tmp_path_factory.mktemp("rigify"), {}

    def file(kind: str) -> Path:
        if kind not in made:
            bpy.ops.wm.read_factory_settings(use_empty=True)
            rigify_rigs.generated(kind)
            made[kind] = folder / f"{kind}.blend"
            bpy.ops.wm.save_as_mainfile(filepath=str(made[kind]))
        return made[kind]

    return file


@pytest.fixture
def opened(rigify_files: Callable[[str], Path]) -> Callable[[str], Any]:
    """The rig of a generated file, opened."""
    import bpy

    def rig(kind: str) -> Any:
        bpy.ops.wm.open_mainfile(filepath=str(rigify_files(kind)))
        (item,) = (item for item in bpy.data.objects if item.type == "ARMATURE")
        return item

    return rig


@pytest.fixture
def plain(blender: Any) -> Any:
    """A rig without controls: Rigify's wolf before anything was generated from it."""
    from bestiary.benchmarks import rigify_rigs

    blender.ops.wm.read_factory_settings(use_empty=True)
    return rigify_rigs.metarig("wolf")


def _skeleton(rig: Any) -> tuple[Any, Any]:
    from bestiary.scene.retarget.matching import match_body
    from bestiary.scene.retarget.reading import read_shape, skeleton_of

    whole = read_shape(rig)
    shape = skeleton_of(whole)
    return shape, match_body(whole).on(shape)


def _away(rig: Any, motion: Any, body: Any, action: Any = None) -> dict[str, np.ndarray]:
    """How far the rig in the scene is from a motion at its frames, as Blender evaluates the user's own object."""
    import bpy

    from bestiary.scene.retarget import checking

    scene, rows = bpy.context.scene, np.arange(0, len(motion.frames), max(1, len(motion.frames) // 6))
    axes, heads, before = [], [], scene.frame_current
    for row in rows:
        frame = float(motion.frames[row])
        scene.frame_set(int(np.floor(frame)), subframe=frame - np.floor(frame))
        bones = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        matrices = np.array([np.array(bones[name].matrix) for name in motion.shape.names])
        axes.append(matrices[:, :3, :3])
        heads.append(matrices[:, :3, 3])
    scene.frame_set(before)
    return checking.compare(motion, body, checking.leg_length(motion.shape, body), rows, np.stack(axes), np.stack(heads))


@pytest.mark.parametrize("order", ORDERS)
def test_eulers_are_blenders(order: str) -> None:
    import bpy  # noqa: F401 (mathutils comes with it)
    from mathutils import Euler

    rng = np.random.default_rng(0)
    angles = rng.uniform(-7, 7, size=(200, 3))
    angles[:20, "XYZ".index(order[1])] = np.pi / 2
    turns = matrix_from_euler(angles, order)
    assert np.abs(turns - [np.array(Euler(row, order).to_matrix()) for row in angles]).max() < 1e-5
    assert np.abs(matrix_from_euler(euler_from_matrix(turns, order), order) - turns).max() < 1e-6
    walk = np.cumsum(rng.normal(size=(300, 3)) * 0.05, axis=0)
    kept = continuous_euler(euler_from_matrix(matrix_from_euler(walk, order), order), order)
    assert np.abs(np.diff(kept, axis=0)).max() < 1.0
    assert np.abs(matrix_from_euler(kept, order) - matrix_from_euler(walk, order)).max() < 1e-9


@pytest.mark.parametrize("kind", ["horse", pytest.param("wolf", marks=pytest.mark.slow), pytest.param("cat", marks=pytest.mark.slow),
                                  pytest.param("basic_quadruped", marks=pytest.mark.slow)])
def test_a_rigify_rig_moves_as_wanted(opened: Callable[[str], Any], kind: str) -> None:
    """Bones that nothing turns on their own, and faces made of stretched points, are not asked to move."""
    from bestiary.scene.retarget import writing

    rig = opened(kind)
    shape, body = _skeleton(rig)
    with writing.prepared(rig, shape, body) as ready:
        parts = ready.able()
    motion = random_motion(shape, parts, 40, size=0.15)
    written = writing.write_motion(rig, motion, parts)
    errors, report = _away(rig, motion, parts), written.report
    assert errors["head_percent"].max() < 0.5, report
    assert errors["direction_degrees"].max() < 1.5, report
    assert report.errors["ik_head_percent_mean"] < 1.0 and report.errors["ik_head_percent_max"] < 8.0
    assert all(rig.pose.bones[name].name == name and not name.startswith(("ORG-", "DEF-", "MCH-")) for name in report.handles)
    assert any("IK_FK" in switch for switch in report.switches) and len(report.ik) >= 8
    assert [strip.action for strip in rig.animation_data.nla_tracks[-1].strips] == [written.action]


def test_rotation_modes_and_locks_are_the_users(plain: Any) -> None:
    from bestiary.scene.compat import action_curves
    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    names = [name for name in shape.names if body.part_of(name)]
    modes = ("XYZ", "ZXY", "YZX", "AXIS_ANGLE", "QUATERNION")
    for k, name in enumerate(names):
        plain.pose.bones[name].rotation_mode = modes[k % 5]
    hinge = body["hind_left_lower"][0]
    plain.pose.bones[hinge].rotation_mode = "XYZ"
    plain.pose.bones[hinge].lock_rotation = (False, True, True)
    motion = random_motion(shape, body, 30)
    locked = motion.shape.index[hinge]
    before = {name: plain.pose.bones[name].rotation_mode for name in names}
    written = writing.write_motion(plain, motion, body, writing.WriteOptions(ik=False))
    assert {name: plain.pose.bones[name].rotation_mode for name in names} == before
    assert hinge in written.report.locked
    channels = {curve.array_index for curve in action_curves(written.action) if f'"{hinge}"].rotation_euler' in curve.data_path}
    assert channels == {0}
    errors = _away(plain, motion, body)
    mapped = [name for name in shape.names if body.part_of(name)]
    hangs = {name for name in mapped if _hangs_on(shape, shape.index[name], locked)}
    exact = [i for i, name in enumerate(mapped) if name not in hangs]
    assert errors["head_percent"][:, exact].max() < 0.2 and errors["direction_degrees"][:, exact].max() < 0.3


def _hangs_on(shape: Any, bone: int, other: int) -> bool:
    while bone >= 0:
        if bone == other:
            return True
        bone = int(shape.parents[bone])
    return False


@pytest.mark.parametrize("stand", ["scaled", "mirrored", "parented"])
def test_the_object_may_stand_anyhow(plain: Any, stand: str) -> None:
    import bpy

    from bestiary.scene.retarget import writing

    plain.rotation_euler, plain.location = (0.3, -0.5, 2.0), (4.0, 1.0, -2.0)
    if stand == "scaled":
        plain.scale = (2.0, 0.5, 1.3)
    elif stand == "mirrored":
        plain.scale = (-1.0, 1.0, 1.0)
    else:
        empty = bpy.data.objects.new("mover", None)
        bpy.context.scene.collection.objects.link(empty)
        empty.scale, plain.parent = (0.1, 0.1, 0.1), empty
        empty.keyframe_insert("location", frame=1)
        empty.location = (5.0, 0.0, 0.0)
        empty.keyframe_insert("location", frame=20)
    bpy.context.view_layer.update()
    shape, body = _skeleton(plain)
    motion = random_motion(shape, body, 20)
    writing.write_motion(plain, motion, body)
    errors = _away(plain, motion, body)
    assert errors["head_percent"].max() < 0.2 and errors["direction_degrees"].max() < 0.3


def test_only_one_action_and_one_track_are_new(opened: Callable[[str], Any]) -> None:
    """The rig is hidden and posed, has an action and a muted track; another object is in edit mode, the scene between frames."""
    import bpy

    from bestiary.scene.retarget import writing

    rig = opened("horse")
    scene = bpy.context.scene
    old = bpy.data.actions.new("mine")
    rig.animation_data_create().action = old
    rig.pose.bones["chest"].rotation_mode = "XYZ"
    rig.pose.bones["chest"].rotation_euler = (0.1, 0.2, 0.3)
    rig.pose.bones["head"].keyframe_insert("rotation_quaternion", frame=3)
    track = rig.animation_data.nla_tracks.new()
    track.name, track.mute = "kept", True
    track.strips.new("kept", 5, old)
    scene.frame_start, scene.frame_end, scene.render.fps = 7, 77, 25
    scene.frame_set(13, subframe=0.25)
    other = bpy.data.objects.new("other", bpy.data.meshes.new("other"))
    scene.collection.objects.link(other)
    rig.select_set(False)
    rig.hide_set(True)
    bpy.context.view_layer.objects.active = other
    other.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    shape, body = _skeleton(rig)
    before = snapshot(bpy)
    written = writing.write_motion(rig, random_motion(shape, body, 12), body, writing.WriteOptions(name="new"))
    after = snapshot(bpy)
    assert after.pop(f"action {written.action.name}")
    after["actions"].remove("new")
    assert after[f"animation {rig.name}"][3].pop()[0] == "new"
    assert {key for key in before if before[key] != after.get(key)} == set()
    assert any("mine" in message for message in written.report.messages), "what plays over the new track is said"
    assert any("chest" in message for message in written.report.messages), "what is put to rest is said"


def test_the_new_action_may_become_the_active_one(plain: Any) -> None:
    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    written = writing.write_motion(plain, random_motion(shape, body, 5), body, writing.WriteOptions(nla=False, ik=False))
    assert plain.animation_data.action == written.action and written.strip is None
    assert not len(plain.animation_data.nla_tracks)


@pytest.mark.parametrize("frames", [1, 2, 20_000])
def test_any_length(plain: Any, frames: int) -> None:
    from bestiary.scene.compat import action_curves
    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    motion = random_motion(shape, body, frames)
    written = writing.write_motion(plain, motion, body, writing.WriteOptions(check=3))
    assert written.report.errors["head_percent_max"] < 0.2
    assert max(len(curve.keyframe_points) for curve in action_curves(written.action)) == frames


def test_keys_lie_at_exact_times(plain: Any) -> None:
    from dataclasses import replace

    from bestiary.scene.compat import action_curves
    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    motion = random_motion(shape, body, 25)
    motion = replace(motion, frames=3.5 + np.arange(25) * 0.8)
    written = writing.write_motion(plain, motion, body)
    times = [point.co[0] for point in action_curves(written.action)[0].keyframe_points]
    assert np.allclose(times, motion.frames, atol=1e-5)
    assert written.strip.frame_start == pytest.approx(3.5) and written.strip.frame_end == pytest.approx(3.5 + 24 * 0.8)
    assert _away(plain, motion, body)["head_percent"].max() < 0.2


def test_when_it_fails_nothing_is_left(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import bpy

    from bestiary.scene import compat
    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    before = snapshot(bpy)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no strip today")

    monkeypatch.setattr(compat, "add_strip", broken)
    with pytest.raises(RuntimeError, match="no strip"):
        writing.write_motion(plain, random_motion(shape, body, 5), body)
    assert snapshot(bpy) == before


def test_a_linked_rig_needs_an_override(opened: Callable[[str], Any], rigify_files: Callable[[str], Path]) -> None:
    import bpy

    from bestiary.scene.retarget import writing

    path = rigify_files("horse")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(path), link=True) as (there, here):
        here.objects = list(there.objects)
    (linked,) = (item for item in here.objects if item.type == "ARMATURE")
    bpy.context.scene.collection.objects.link(linked)
    shape, body = _skeleton(linked)
    motion = random_motion(shape, body, 10, size=0.1)
    with pytest.raises(RigError, match="override"):
        writing.write_motion(linked, motion, body)
    own = linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    assert own is not None and own.override_library is not None
    written = writing.write_motion(own, motion, body)
    assert written.report.errors["head_percent_max"] < 0.5
    assert own.animation_data.nla_tracks[-1].strips[0].action == written.action


def test_what_cannot_be_keyed_is_refused(plain: Any) -> None:
    import bpy

    from bestiary.scene.retarget import writing

    shape, body = _skeleton(plain)
    motion = random_motion(shape, body, 3)
    cube = bpy.data.objects.new("cube", None)
    with pytest.raises(RigError, match="armature"):
        writing.write_motion(cube, motion, body)
    for bone in plain.pose.bones:
        bone.lock_rotation = (True, True, True)
    with pytest.raises(RigError, match="unlock"):
        writing.write_motion(plain, motion, body)
    bpy.context.view_layer.objects.active = plain
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RigError, match="edit mode"):
        writing.write_motion(plain, motion, body)


def test_keys_in_bulk_are_those_of_keyframe_insert(blender: Any) -> None:
    """How much faster it is is measured elsewhere (benchmarks/retarget_writing.py)."""
    import bpy

    from bestiary.benchmarks.retarget_writing import key_speed

    before = snapshot(bpy)
    assert key_speed(bones=4, frames=30)["write_difference"] < 1e-6
    assert snapshot(bpy) == before
