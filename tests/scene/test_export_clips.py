"""Animated rigs in other programs' formats and back: joints, skin, names, rate, length; and rigs that are not ours."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.animal.model import AnimalModel
from bestiary.animal.placing import AnimalPose

pytestmark = pytest.mark.blender
Make = Callable[[int], AnimalPose]
FORMATS = ("fbx", "glb", "bvh", "usda")


def _clip(item: Any, animal: AnimalPose, name: str, count: int, turn: float = 0.3) -> Any:
    """A swaying, walking action of an animal."""
    from bestiary.scene import action

    t = np.linspace(0, 1, count)[:, None]
    poses = 0.5 * animal.pose[None] * np.cos(6 * t)[:, :, None]
    poses[:, 0] = np.array([0.0, 0.0, turn]) * t
    trans = np.array([0.0, 0.0, 1.0]) + t * np.array([3.0, 0.5, 0.2])
    made = action.key_motion(item, poses, trans, 1.0 + np.arange(count), name)
    made.use_fake_user = True
    return made


@pytest.fixture
def animal(blender: Any, model: AnimalModel, random_animal: Make) -> Any:
    """An animal of the tests' model with two actions, the second playing, at 23.976 frames a second."""
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    blender.ops.wm.read_factory_settings(use_empty=True)
    scene = blender.context.scene
    scene.render.fps, scene.render.fps_base = 24, 24 / 23.976
    pose = random_animal(2)
    item = rig.rigs(build_animals([pose], None, None, model))[0]
    _clip(item, pose, "stand up", 5)
    _clip(item, pose, "walk on", 9)
    return item


def _heads(item: Any, names: list[str], frames: Any) -> np.ndarray:
    """(F, B, 3) where bones are in the world."""
    import bpy

    found = []
    for frame in frames:
        bpy.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
        found.append([evaluated.matrix_world @ evaluated.pose.bones[name].head for name in names])
    return np.array(found)


def _enable() -> None:
    import bpy

    for module in ("io_scene_fbx", "io_scene_gltf2", "io_anim_bvh"):
        bpy.ops.preferences.addon_enable(module=module)


def _read(path: Path) -> Any:
    """The armature of a file, in an empty scene of 24 frames a second."""
    import bpy

    bpy.ops.wm.read_factory_settings(use_empty=True)
    _enable()
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif path.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path), update_scene_fps=True)
    else:
        bpy.ops.wm.usd_import(filepath=str(path))
    return next(item for item in bpy.data.objects if item.type == "ARMATURE")


def _back(item: Any, names: list[str], count: int) -> np.ndarray:
    there = [bone.name for bone in item.data.bones]
    plain = ["".join(c if c.isalnum() else "_" for c in name) for name in names]
    first, last = item.animation_data.action.frame_range
    return _heads(item, [a if a in there else b for a, b in zip(names, plain, strict=True)], first + np.linspace(0, last - first, count))


def _needs(kind: str) -> None:
    import bpy

    from bestiary.scene import compat

    if kind.startswith("usd") and not compat.has_operator(bpy.ops.wm.usd_export):
        pytest.skip("this build of Blender has no USD")


@pytest.mark.parametrize("kind", FORMATS)
def test_joints_rate_and_length_come_back(blender: Any, animal: Any, tmp_path: Path, kind: str) -> None:
    from bestiary.scene.export_clip import export_clip

    _needs(kind)
    names = [bone.name for bone in animal.data.bones]
    expected = _heads(animal, names, range(1, 10))
    report = export_clip(tmp_path / f"a.{kind}", [animal])
    assert report.clips == (("walk on", 9),) and report.fps == pytest.approx(23.976)
    assert {path.name for path in tmp_path.iterdir()} == {f"a.{kind}"} | ({"textures"} if kind == "usda" else set())
    item = _read(tmp_path / f"a.{kind}")
    np.testing.assert_allclose(_back(item, names, 9), expected, atol=1e-4)
    assert np.allclose(item.matrix_world.to_scale(), 1.0, atol=1e-5) and len(item.data.bones) == len(names)
    scene = blender.context.scene
    if kind in ("fbx", "bvh"):
        assert scene.render.fps / scene.render.fps_base == pytest.approx(23.976, abs=1e-4)
    if kind == "bvh":
        assert "Frames: 9\nFrame Time: 0.0417083" in (tmp_path / "a.bvh").read_text(encoding="utf-8")
    if kind == "usda":
        text = (tmp_path / "a.usda").read_text(encoding="utf-8")
        rate = float(text.split("timeCodesPerSecond = ")[1].split()[0])
        name = "walk_on" if blender.app.version >= (4, 5) else "Anim"  # what older exporters call every animation
        assert rate == pytest.approx(23.976, abs=1e-5) and "endTimeCode = 9" in text and f'SkelAnimation "{name}"' in text


@pytest.mark.parametrize("kind", ("fbx", "glb", "usda"))
def test_the_skin_comes_back_with_its_shape_baked(
        blender: Any, animal: Any, tmp_path: Path, world_vertices: Callable[[Any], np.ndarray], kind: str) -> None:
    from bestiary.scene import rig
    from bestiary.scene.export_clip import ExportOptions, export_clip

    _needs(kind)
    blender.context.scene.frame_set(9)
    expected = world_vertices(rig.body_of(animal))
    export_clip(tmp_path / f"a.{kind}", [animal], ExportOptions())
    assert rig.body_of(animal).data.shape_keys is not None
    item = _read(tmp_path / f"a.{kind}")
    last = item.animation_data.action.frame_range[1]
    blender.context.scene.frame_set(int(last), subframe=float(last % 1))
    body = next(other for other in blender.data.objects if other.type == "MESH" and other.vertex_groups)
    assert body.data.shape_keys is None
    distance = np.linalg.norm(expected[:, None] - world_vertices(body)[None], axis=2).min(axis=1)
    assert distance.max() < 1e-3


def test_all_clips_by_name_and_exact_seconds(animal: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import ExportOptions, export_clip

    report = export_clip(tmp_path / "a.glb", [animal], ExportOptions(clips="ALL"))
    assert dict(report.clips) == {"walk on": 9, "stand up": 5}
    data = (tmp_path / "a.glb").read_bytes()
    document = json.loads(data[20:20 + struct.unpack_from("<I", data, 12)[0]])
    ends = {clip["name"]: [document["accessors"][s["input"]]["max"][0] for s in clip["samplers"]] for clip in document["animations"]}
    assert set(ends) == {"walk on", "stand up"}
    np.testing.assert_allclose(ends["walk on"], 8 / 23.976, atol=1e-6)
    np.testing.assert_allclose(ends["stand up"], 4 / 23.976, atol=1e-6)
    assert b"walk on" in (export_clip(tmp_path / "a.fbx", [animal], ExportOptions(clips="ALL")).path.read_bytes())


def test_the_coat_is_a_texture(animal: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import export_clip

    export_clip(tmp_path / "a.glb", [animal])
    data = (tmp_path / "a.glb").read_bytes()
    document = json.loads(data[20:20 + struct.unpack_from("<I", data, 12)[0]])
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    assert len(document["images"]) == 1 and "TEXCOORD_0" in attributes and not any(name.startswith(("COLOR", "_")) for name in attributes)
    assert document["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] is not None


def test_pictures_of_usd_lie_where_it_says(blender: Any, animal: Any, tmp_path: Path) -> None:
    """Also where an image of the same name is in the file, as after the import of another export."""
    from bestiary.scene.export_clip import export_clip

    _needs("usd")
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        export_clip(folder / "a.usda", [animal])
        named = [part for part in (folder / "a.usda").read_text(encoding="utf-8").split("@") if part.endswith(".png")]
        assert named and all((folder / name).is_file() for name in named)
        for name in named:
            blender.data.images.new(Path(name).stem, 8, 8)


def test_colours_of_faces_lie_in_squares_of_the_texture(blender: Any) -> None:
    from bestiary.scene import export_coats

    mesh = blender.data.meshes.new("two")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0)], [], [(0, 1, 2, 3), (1, 4, 2)])
    rgb = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [1.0, 1, 1], [0, 0, 0]])
    pixels = export_coats._squares(mesh, rgb)
    size = len(pixels)
    for loop in mesh.loops:
        u, v = mesh.uv_layers[0].data[loop.index].uv
        near = pixels[int(np.clip(v * size, 0, size - 1)), int(np.clip(u * size, 0, size - 1))]
        np.testing.assert_allclose(near, rgb[loop.vertex_index], atol=0.02)


def test_strips_of_the_nla_are_clips(blender: Any, animal: Any) -> None:
    from bestiary.scene.export_clips import clips_of

    data = animal.animation_data
    for name, start in (("stand up", 1), ("walk on", 40)):
        data.nla_tracks.new().strips.new(name, start, blender.data.actions[name])
    data.action = None
    found = clips_of(animal, "NLA", "CLIP", blender.context.scene)
    assert [(clip.first, clip.last) for clip in found] == [(1.0, 48.0), (1.0, 5.0), (1.0, 9.0)]
    assert [clip.name for clip in found][1:] == ["stand up", "walk on"]


def test_another_frame_rate_is_exact(animal: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import ExportOptions, export_clip

    names = [bone.name for bone in animal.data.bones]
    expected = _heads(animal, names, 1 + np.arange(5) * 2.0)
    report = export_clip(tmp_path / "a.bvh", [animal], ExportOptions(fps=23.976 / 2))
    assert report.clips == (("walk on", 5),)
    np.testing.assert_allclose(_back(_read(tmp_path / "a.bvh"), names, 5), expected, atol=1e-4)


def test_clips_of_the_model_come_back_as_they_were(
        animal: Any, model: AnimalModel, tmp_path: Path, random_animal: Make) -> None:
    from bestiary.animal.clips import load_clip
    from bestiary.scene.export_clip import export_clip
    from bestiary.scene.rig import read_record

    animal.scale = (2.0, 2.0, 2.0)
    names = list(read_record(animal).bones)
    expected = _heads(animal, names, range(1, 10))
    export_clip(tmp_path / "a.npz", [animal])
    clip = load_clip(tmp_path / "a.npz")
    clip.check_model(model)
    assert len(clip) == 9 and clip.fps == pytest.approx(23.976)
    assert clip.metres_per_unit == pytest.approx(2 * random_animal(2).metres_per_unit)
    for f in (0, 4, 8):
        joints = clip.metres_per_unit * model.forward(clip.betas, clip.poses[f], clip.trans[f]).joints
        np.testing.assert_allclose(joints, expected[f], atol=1e-3)


def _stick(scale: float = 1.0, helpers: bool = False) -> Any:
    """A chain of four bones that bend, with a control bone between where asked for."""
    import bpy

    from bestiary.scene import compat

    data = bpy.data.armatures.new("Stick man")
    item = bpy.data.objects.new("Stick man", data)
    bpy.context.scene.collection.objects.link(item)
    with compat.edit_mode([item]):
        above = None
        for number in range(4):
            for kind in ("ORG", "DEF") if helpers else ("",):
                bone = data.edit_bones.new(f"{kind}-bone {number}" if kind else f"bone {number}")
                bone.head, bone.tail = (0, number / scale, 0), (0, (number + 1) / scale, 0.2 / scale)
                bone.parent = data.edit_bones.get(f"ORG-bone {number - 1}") if helpers and kind == "ORG" else (
                    data.edit_bones[f"ORG-bone {number}"] if helpers else above)
                bone.use_deform = kind != "ORG"
                above = bone
    item.scale = (scale,) * 3
    for bone in item.pose.bones:
        if bone.name.startswith("DEF"):
            continue
        bone.rotation_mode = "XYZ"
        for frame in (1, 6):
            bone.rotation_euler = (0.1 * frame, 0.05 * frame, 0.0)
            bone.keyframe_insert("rotation_euler", frame=frame)
    return item


@pytest.mark.parametrize("kind", FORMATS)
def test_scaled_parented_rigs_with_constraints(blender: Any, tmp_path: Path, kind: str) -> None:
    from bestiary.scene.export_clip import export_clip

    _needs(kind)
    blender.ops.wm.read_factory_settings(use_empty=True)
    item = _stick(0.01)
    empty = blender.data.objects.new("Carrier", None)
    blender.context.scene.collection.objects.link(empty)
    item.parent, item.rotation_euler = empty, (1.5, 0.2, 0.0)
    for frame in (1, 6):
        empty.location, empty.rotation_euler = (0.2 * frame, 0.0, 0.1), (0.0, 0.0, 0.1 * frame)
        empty.keyframe_insert("location", frame=frame)
        empty.keyframe_insert("rotation_euler", frame=frame)
    constraint = item.pose.bones["bone 3"].constraints.new("COPY_ROTATION")
    constraint.target, constraint.subtarget = item, "bone 1"
    names = [bone.name for bone in item.data.bones]
    expected = _heads(item, names, range(1, 7))
    matrix = item.matrix_basis.copy()
    export_clip(tmp_path / f"a.{kind}", [item])
    assert item.parent == empty and item.matrix_basis == matrix and constraint.target == item
    found = _read(tmp_path / f"a.{kind}")
    if kind == "bvh":
        names = [name.replace(" ", "_") for name in names]
    np.testing.assert_allclose(_back(found, names, 6), expected, atol=2e-4)
    assert np.allclose(found.matrix_world.to_scale(), 1.0, atol=1e-5)


def test_control_bones_stay_behind_and_the_rest_hangs_together(blender: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import ExportOptions, export_clip

    blender.ops.wm.read_factory_settings(use_empty=True)
    item = _stick(helpers=True)
    names = [f"DEF-bone {number}" for number in range(4)]
    expected = _heads(item, names, range(1, 7))
    export_clip(tmp_path / "all.glb", [item], ExportOptions(deform_only=False))
    export_clip(tmp_path / "a.glb", [item])
    found = _read(tmp_path / "a.glb")
    assert [bone.name for bone in found.data.bones] == names
    assert [bone.parent.name if bone.parent else "" for bone in found.data.bones] == ["", *names[:-1]]
    np.testing.assert_allclose(_back(found, names, 6), expected, atol=2e-4)
    assert len(_read(tmp_path / "all.glb").data.bones) == 8


def test_a_skeleton_of_another_kind_becomes_a_motion(blender: Any, tmp_path: Path) -> None:
    from bestiary.animal.motion import load_motion
    from bestiary.scene.export_clip import export_clip

    blender.ops.wm.read_factory_settings(use_empty=True)
    item = _stick()
    names = [bone.name for bone in item.data.bones]
    expected = _heads(item, names, range(1, 7))
    export_clip(tmp_path / "a.npz", [item])
    motion = load_motion(tmp_path / "a.npz")
    assert motion.skeleton.names == tuple(names) and motion.fps == 24.0
    np.testing.assert_allclose(motion.positions, expected, atol=1e-4)


def test_what_cannot_be_exported_is_told_and_leaves_nothing(blender: Any, animal: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import ExportError, ExportOptions, export_clip

    stick = _stick()
    empty = blender.data.armatures.new("bare")
    bare = blender.data.objects.new("bare", empty)
    blender.context.scene.collection.objects.link(bare)
    mirrored = _stick()
    mirrored.scale = (-1.0, 1.0, 1.0)
    count = len(blender.data.objects), len(blender.data.actions)
    for items, name, words in (
            ([], "a.fbx", "No armature"), ([animal, stick], "a.bvh", "one skeleton"), ([bare], "a.glb", "no bones"),
            ([animal], "a.obj", "not written"), ([mirrored], "a.fbx", "negative scale")):
        with pytest.raises(ExportError, match=words):
            export_clip(tmp_path / name, items)
    stick.animation_data_clear()
    with pytest.raises(ExportError, match="no action"):
        export_clip(tmp_path / "a.fbx", [stick])
    assert export_clip(tmp_path / "a.glb", [stick], ExportOptions(frames="SCENE")).clips[0][1] == 250
    assert [path.name for path in tmp_path.iterdir()] == ["a.glb"]
    assert (len(blender.data.objects), len(blender.data.actions) + 1) == count or len(blender.data.objects) == count[0]
    assert [scene.name for scene in blender.data.scenes] == ["Scene"]


def test_two_animals_in_one_file_and_names_stay(blender: Any, animal: Any, tmp_path: Path) -> None:
    from bestiary.scene.export_clip import export_clip

    other = _stick()
    names = sorted(item.name for kind in ("objects", "meshes", "armatures", "actions") for item in getattr(blender.data, kind))
    export_clip(tmp_path / "two.glb", [animal, other])
    assert names == sorted(item.name for kind in ("objects", "meshes", "armatures", "actions") for item in getattr(blender.data, kind))
    _read(tmp_path / "two.glb")
    assert {item.name for item in blender.data.objects if item.type == "ARMATURE"} == {"animal 2", "Stick man"}
