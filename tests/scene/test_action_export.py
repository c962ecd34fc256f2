"""Motion as keys, and files that others open: what comes back is what was built."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bestiary.animal.cameras import Camera
from bestiary.animal.model import AnimalModel
from bestiary.animal.placing import AnimalPose

pytestmark = pytest.mark.blender

Make = Callable[[int], AnimalPose]
Read = Callable[[Any], np.ndarray]


def _motion(animal: AnimalPose, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A swaying, walking, turning animal: poses (F, J, 3) and trans (F, 3)."""
    t = np.linspace(0, 1, frames)[:, None]
    poses = animal.pose[None] * np.cos(6 * t)[:, :, None]
    poses[:, 0] = np.array([0.1, 0.2, 0.0]) + t * np.array([0, 0, 9.0])
    return poses, animal.trans + t * np.array([3.0, 0.5, 0.2])


def test_keys_play_the_motion_at_the_clips_own_rate(
        blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import action, compat, rig
    from bestiary.scene.animals import build_animals

    animal, scene = random_animal(1), blender.context.scene
    poses, trans = _motion(animal, 25)
    item = rig.rigs(build_animals([animal], None, None, model))[0]
    before = (scene.render.fps, scene.frame_start, scene.frame_end, scene.frame_current)
    frames = 10 + np.arange(25) * 24 / 29.97
    made = action.key_motion(item, poses, trans, frames, "walk")
    assert (scene.render.fps, scene.frame_start, scene.frame_end, scene.frame_current) == before
    assert item.animation_data.action == made and len(compat.action_curves(made)) == 35 * 4 + 3
    body = rig.body_of(item)
    for k in (0, 7, 24):
        scene.frame_set(int(frames[k]), subframe=float(frames[k] % 1))
        expected = model.forward(animal.betas, poses[k], trans[k]).vertices * animal.metres_per_unit
        np.testing.assert_allclose(world_vertices(body), expected, atol=2e-3)
    for curve in compat.action_curves(made):
        if curve.data_path.endswith("rotation_quaternion"):
            values = np.array([point.co[1] for point in curve.keyframe_points])
            assert np.abs(np.diff(values)).max() < 0.5, "a jump between signs of one rotation"


def test_keying_the_fitted_pose(blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import BuildOptions, build_animals

    scene, animals = blender.context.scene, [random_animal(0), random_animal(1)]
    scene.frame_set(12)
    collection = build_animals(animals, None, None, model, options=BuildOptions(key_pose=True))
    scene.frame_set(40)
    for animal, item in zip(animals, rig.rigs(collection), strict=True):
        assert tuple(item.animation_data.action.frame_range) == (12.0, 12.0)
        np.testing.assert_allclose(world_vertices(rig.body_of(item)), animal.posed(model).vertices, atol=1e-4)


def test_motion_that_does_not_fit_is_refused(blender: Any, model: AnimalModel, random_animal: Make) -> None:
    from bestiary.scene import action, rig
    from bestiary.scene.animals import build_animals

    item = rig.rigs(build_animals([random_animal(0)], None, None, model))[0]
    for poses, trans, frames in (((2, 34, 3), (2, 3), 2), ((2, 35, 3), (1, 3), 2), ((0, 35, 3), (0, 3), 0)):
        with pytest.raises(ValueError, match="do not fit"):
            action.key_motion(item, np.zeros(poses), np.zeros(trans), np.arange(frames), "bad")
    assert len(blender.data.actions) == 0


@pytest.mark.parametrize("morphs", [False, True])
def test_glb_comes_back_posed_and_skinned(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, tmp_path: Path, world_vertices: Read,
        morphs: bool) -> None:
    from bestiary.scene.animals import build_animals
    from bestiary.scene.export import export_glb

    gentle = dataclasses.replace(random_animal(2), betas=random_animal(2).betas * 0.5)
    animals = [gentle, random_animal(3)]
    collection = build_animals(animals, photo_camera, None, model)
    names = [(s.name, len(s.objects)) for s in blender.data.scenes]
    export_glb(tmp_path / "herd.glb", collection, morphs=morphs)
    assert [(s.name, len(s.objects)) for s in blender.data.scenes] == names
    assert sorted(p.name for p in tmp_path.iterdir()) == ["herd.glb"]

    blender.ops.wm.read_factory_settings(use_empty=True)
    blender.ops.preferences.addon_enable(module="io_scene_gltf2")
    blender.ops.import_scene.gltf(filepath=str(tmp_path / "herd.glb"))
    bodies = sorted((o for o in blender.data.objects if o.type == "MESH" and o.vertex_groups), key=lambda o: o.name)
    assert len(bodies) == 2 and any(o.type == "CAMERA" for o in blender.data.objects)
    for animal, body in zip(animals, bodies, strict=True):
        assert (body.data.shape_keys is not None) == morphs
        got, expected = world_vertices(body), animal.posed(model).vertices
        # Blender's exporter may split and reorder vertices: the points are compared, not their numbers.
        used = np.unique(model.faces)
        distance = np.linalg.norm(expected[used][:, None] - got[None], axis=2).min(axis=1)
        assert distance.max() < 1e-3 * max(1.0, animal.metres_per_unit)
    armatures = [o for o in blender.data.objects if o.type == "ARMATURE"]
    assert {len(o.data.bones) for o in armatures} == {35} and "leg_front_1.L" in armatures[0].data.bones


def test_a_folder_that_is_not_there_is_named(blender: Any, model: AnimalModel, random_animal: Make, tmp_path: Path) -> None:
    from bestiary.scene.animals import build_animals
    from bestiary.scene.export import ExportError, export_glb, save_blend

    collection = build_animals([random_animal(0)], None, None, model)
    with pytest.raises(ExportError, match="folder"):
        export_glb(tmp_path / "absent" / "a.glb", collection)
    with pytest.raises(ExportError, match="folder"):
        save_blend(tmp_path / "absent" / "a.blend")
