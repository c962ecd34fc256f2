"""Animals built in Blender: the mesh is the model's own forward, the scene is left alone, undo and saving keep their word."""

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
from bestiary.animal.rotations import matrix_from_axis_angle

pytestmark = pytest.mark.blender

Make = Callable[[int], AnimalPose]
Read = Callable[[Any], np.ndarray]


def _bodies(collection: Any) -> list[Any]:
    from bestiary.scene import rig

    return [rig.body_of(item) for item in rig.rigs(collection)]


@pytest.mark.parametrize("seed", range(4))
def test_the_skinned_mesh_is_the_models_forward(
        blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read, seed: int) -> None:
    from bestiary.scene.animals import build_animals

    animals = [random_animal(seed), random_animal(seed + 100)]
    collection = build_animals(animals, None, None, model)
    for animal, body in zip(animals, _bodies(collection), strict=True):
        np.testing.assert_allclose(world_vertices(body), animal.posed(model).vertices, atol=1e-4)


def test_betas_beyond_blenders_sliders_and_fewer_betas_than_the_model_has(
        blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    wild = dataclasses.replace(random_animal(0), betas=np.array([25.0, -7.0, 0.5]))
    collection = build_animals([wild], None, None, model)
    body = _bodies(collection)[0]
    np.testing.assert_allclose(world_vertices(body), wild.posed(model).vertices, atol=1e-4)
    blocks = body.data.shape_keys.key_blocks
    assert len(blocks) == model.n_betas + 1
    assert blocks["beta_001"].slider_min <= -7.0 and blocks["beta_002"].slider_max == pytest.approx(5.0)
    assert all(block.slider_min <= block.value <= block.slider_max for block in blocks)
    read = rig.read_animal(rig.rigs(collection)[0])
    np.testing.assert_allclose(read.betas, [25.0, -7.0, 0.5] + [0.0] * (model.n_betas - 3), atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_animal_can_be_read_back_from_the_rig(blender: Any, model: AnimalModel, random_animal: Make, seed: int) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    animal = random_animal(seed)
    item = rig.rigs(build_animals([animal], None, None, model))[0]
    blender.context.view_layer.update()
    read = rig.read_animal(item)
    np.testing.assert_allclose(read.betas, animal.betas, atol=1e-5)
    np.testing.assert_allclose(read.trans, animal.trans, atol=1e-4)
    np.testing.assert_allclose(matrix_from_axis_angle(read.pose), matrix_from_axis_angle(animal.pose), atol=2e-4)
    assert (read.metres_per_unit, read.label, read.species) == (animal.metres_per_unit, animal.label, animal.species)


def test_the_rest_pose_is_clean_and_stands_on_the_ground(
        blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    animal = random_animal(5)
    item = rig.rigs(build_animals([animal], None, None, model))[0]
    for bone in item.pose.bones:
        bone.matrix_basis.identity()
    body = rig.body_of(item)
    standing = world_vertices(body)
    assert standing[:, 2].min() == pytest.approx(0.0, abs=1e-5)
    rest = model.rest(animal.betas).vertices * animal.metres_per_unit
    np.testing.assert_allclose(np.ptp(standing[:, 2]), np.ptp(rest[:, 2]), atol=1e-5)
    assert item.location.z == 0.0 and tuple(item.scale) == (1.0, 1.0, 1.0)
    assert item.rotation_euler.x == pytest.approx(0.0, abs=1e-6) and item.rotation_euler.y == pytest.approx(0.0, abs=1e-6)


def test_bones_mirror_in_blender(blender: Any, model: AnimalModel, random_animal: Make) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    item = rig.rigs(build_animals([random_animal(1)], None, None, model))[0]
    record = rig.read_record(item)
    assert record is not None and record.model_id == model.model_id
    for j, twin in enumerate(model.joint_mirror):
        assert blender.utils.flip_name(record.bones[j]) == record.bones[twin]
    axes = rig.rest_axes(item, record)
    assert (axes[:, 0, 0] > 0.3).all(), "local X of every bone is the animal's left, armature +X"
    assert {c.name for c in item.data.collections} == {"Trunk", "Head", "Tail", "Front legs", "Hind legs"}
    assert not any(item.pose.bones[record.bones[0]].lock_location) and all(item.pose.bones["neck"].lock_location)


def test_without_real_size_the_scene_is_scaled_and_the_view_is_the_same(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, world_vertices: Read) -> None:
    from bpy_extras.object_utils import world_to_camera_view

    from bestiary.scene.animals import BuildOptions, build_animals

    animals = [dataclasses.replace(random_animal(2), trans=np.zeros(3)), random_animal(3)]
    collection = build_animals(animals, photo_camera, None, model, False, options=BuildOptions(match_render=True))
    body = _bodies(collection)[0]
    vertices = world_vertices(body)
    np.testing.assert_allclose(vertices, animals[0].posed(model).vertices / animals[0].metres_per_unit, atol=3e-4)
    from mathutils import Vector

    scene = blender.context.scene
    seen = np.array([world_to_camera_view(scene, scene.camera, Vector(v)) for v in vertices[:20].tolist()])
    expected = photo_camera.project(animals[0].posed(model).vertices[:20])
    np.testing.assert_allclose(seen[:, 0] * 800, expected[:, 0], atol=0.5)
    np.testing.assert_allclose((1 - seen[:, 1]) * 600, expected[:, 1], atol=0.5)


@pytest.mark.parametrize("mode", ["OBJECT", "EDIT", "SCULPT"])
def test_the_users_scene_is_left_as_it_was(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, mode: str) -> None:
    from bestiary.scene.animals import build_animals

    context, scene = blender.context, blender.context.scene
    blender.ops.object.mode_set(mode=mode)

    def state() -> dict[str, Any]:
        render = scene.render
        return {"mode": context.mode, "active": context.view_layer.objects.active.name,
                "selected": sorted(o.name for o in context.view_layer.objects if o.select_get()),
                "frame": scene.frame_current, "range": (scene.frame_start, scene.frame_end), "camera": scene.camera.name,
                "size": (render.resolution_x, render.resolution_y, render.pixel_aspect_x), "scenes": len(blender.data.scenes),
                "fps": (render.fps, render.fps_base), "scene": context.scene.name,
                "layer": context.view_layer.active_layer_collection.name}

    before = state()
    collection = build_animals([random_animal(0), random_animal(1)], photo_camera, None, model, name="Herd")
    assert state() == before
    assert collection.name in scene.collection.children
    assert len(collection.objects) == 5
    assert not any(item.select_get() for item in collection.objects)


def test_animals_of_another_model_are_refused_before_anything_is_added(
        blender: Any, model: AnimalModel, random_animal: Make) -> None:
    from bestiary.scene.animals import SceneError, build_animals

    good, count = random_animal(0), _census(blender)
    for field, value, word in (
            ("betas", np.zeros(21), "betas"), ("pose", np.zeros((34, 3)), "pose"), ("trans", np.zeros(2), "trans"),
            ("pose", np.full((35, 3), np.nan), "finite"), ("metres_per_unit", 0.0, "metres_per_unit")):
        with pytest.raises(SceneError, match=word):
            build_animals([good, dataclasses.replace(good, **{field: value})], None, None, model)
    assert _census(blender) == count


def _census(bpy: Any) -> dict[str, list[str]]:
    """The names of all data-blocks, by kind."""
    kinds = (p.identifier for p in bpy.data.bl_rna.properties if p.type == "COLLECTION")
    return {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds}


@pytest.mark.parametrize("fails", ["the second animal's rig", "the camera, at the very end"])
def test_building_that_fails_half_way_leaves_nothing_behind(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, photo_file: Path, fails: str) -> None:
    from bestiary.scene.animals import BuildOptions, build_animals

    second, options = random_animal(1), BuildOptions(match_render=True, key_pose=True)
    if fails.startswith("the second"):
        second = dataclasses.replace(second, label=7)  # no name for an object
    else:
        options = dataclasses.replace(options, photo_opacity="much")
    scene = blender.context.scene
    before, camera, width = _census(blender), scene.camera, scene.render.resolution_x
    with pytest.raises(TypeError):
        build_animals([random_animal(0), second], photo_camera, photo_file, model, options=options)
    assert _census(blender) == before
    assert scene.camera == camera and scene.render.resolution_x == width
    opened = blender.data.images.load(str(photo_file))
    with pytest.raises(TypeError):
        build_animals([random_animal(0), second], photo_camera, opened, model, options=options)
    assert blender.data.images[opened.name] == opened, "an image that was open before stays"
    assert build_animals([random_animal(0)], photo_camera, opened, model).objects


def test_one_undo_leaves_nothing_behind_and_redo_brings_it_back(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, photo_file: Path) -> None:
    from bestiary.scene.animals import build_animals

    animals = [random_animal(k) for k in range(2)]

    class TEST_OT_build(blender.types.Operator):
        bl_idname, bl_label, bl_options = "test.build_animals", "Build", {"REGISTER", "UNDO"}

        def execute(self, context: Any) -> set[str]:
            build_animals(animals, photo_camera, photo_file, model)
            return {"FINISHED"}

    blender.utils.register_class(TEST_OT_build)
    try:
        blender.ops.ed.undo_push(message="before")
        before = _census(blender)
        blender.ops.test.build_animals("EXEC_DEFAULT", True)
        assert len(blender.data.armatures) == 2 and len(blender.data.images) == len(before["images"]) + 1
        blender.ops.ed.undo()
        assert _census(blender) == before
        blender.ops.ed.redo()
        assert len(blender.data.armatures) == 2 and len(blender.data.armatures[0].bones) == 35
    finally:
        blender.utils.unregister_class(TEST_OT_build)


@pytest.fixture
def photo_file(blender: Any, tmp_path: Path) -> Path:
    """An 800 x 600 picture."""
    image = blender.data.images.new("photo", 800, 600)
    image.filepath_raw, image.file_format = str(tmp_path / "photo.png"), "PNG"
    image.save()
    blender.data.images.remove(image)
    return tmp_path / "photo.png"


def test_saving_closing_and_reopening_keeps_the_rig(
        blender: Any, model: AnimalModel, random_animal: Make, photo_camera: Camera, photo_file: Path, tmp_path: Path,
        world_vertices: Read) -> None:
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals
    from bestiary.scene.export import save_blend

    animals = [random_animal(k) for k in range(2)]
    collection = build_animals(animals, photo_camera, photo_file, model, name="Kept")
    records = [rig.read_record(item) for item in rig.rigs(collection)]
    save_blend(tmp_path / "kept.blend")
    photo_file.unlink()

    blender.ops.wm.read_factory_settings(use_empty=True)
    blender.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    collection = blender.data.collections["Kept"]
    assert [rig.read_record(item) for item in rig.rigs(collection)] == records
    for animal, body in zip(animals, _bodies(collection), strict=True):
        np.testing.assert_allclose(world_vertices(body), animal.posed(model).vertices, atol=1e-4)
        assert "coat" in body.data.color_attributes
    camera = next(item for item in collection.objects if item.type == "CAMERA")
    image = camera.data.background_images[0].image
    assert camera.data.show_background_images and tuple(image.size) == (800, 600) and image.packed_file is not None


def test_bones_follow_a_shape_edited_later(blender: Any, model: AnimalModel, random_animal: Make, world_vertices: Read) -> None:
    from bestiary.scene import armature, rig
    from bestiary.scene.animals import build_animals

    animal = random_animal(4)
    item = rig.rigs(build_animals([animal], None, None, model))[0]
    body = rig.body_of(item)
    body.data.shape_keys.key_blocks["beta_000"].value = 4.0
    blender.context.view_layer.update()
    armature.fit_bones_to_shape(item, model)
    read = rig.read_animal(item)
    assert read.betas[0] == pytest.approx(4.0)
    np.testing.assert_allclose(matrix_from_axis_angle(read.pose), matrix_from_axis_angle(animal.pose), atol=3e-4)
    np.testing.assert_allclose(world_vertices(body), read.posed(model).vertices, atol=2e-4)
    other = dataclasses.replace(model, joint_names=tuple(f"j{k}" for k in range(35)))
    with pytest.raises(ValueError, match="was not made from"):
        armature.fit_bones_to_shape(item, other)


@pytest.mark.data
@pytest.mark.parametrize("file", ["bird/bird_eccv.json", "pig/PIG_full.pkl", "stick_insect/SMILy_STICK.pkl"])
def test_models_with_other_skeletons_become_rigs(blender: Any, shared_data: Path, file: str, world_vertices: Read) -> None:
    from bestiary.animal.model_file import open_model
    from bestiary.scene import rig
    from bestiary.scene.animals import build_animals

    other, rng = open_model(shared_data / "models" / file), np.random.default_rng(0)
    other = dataclasses.replace(other, posedirs=None)  # Blender skins linearly
    size = float(np.ptp(other.v_template))
    animal = AnimalPose(rng.normal(size=other.n_betas) * 0.5, rng.normal(size=(other.n_joints, 3)) * 0.2, np.zeros(3),
                        1.0 / size)
    item = rig.rigs(build_animals([animal], None, None, other))[0]
    np.testing.assert_allclose(world_vertices(rig.body_of(item)), animal.posed(other).vertices, atol=1e-4)
    record = rig.read_record(item)
    assert record is not None and len(item.data.bones) == other.n_joints
    for j, twin in enumerate(other.joint_mirror):
        assert twin == j or blender.utils.flip_name(record.bones[j]) == record.bones[twin]


def test_the_open_animal_in_every_blender(blender: Any, world_vertices: Read) -> None:
    from bestiary.animal.default import default_model
    from bestiary.scene.animals import BuildOptions, build_animals

    open_animal, rng = default_model(), np.random.default_rng(3)
    animals = [AnimalPose(rng.normal(size=open_animal.n_betas), rng.normal(size=(35, 3)) * 0.4, rng.normal(size=3), 0.5)
               for _ in range(2)]
    linear = dataclasses.replace(open_animal, posedirs=None)
    plain = build_animals(animals, None, None, open_animal, options=BuildOptions(correctives=False))
    for animal, body in zip(animals, _bodies(plain), strict=True):
        np.testing.assert_allclose(world_vertices(body), animal.posed(linear).vertices, atol=1e-4)


def test_driven_keys_bring_the_open_animal_nearer_to_its_own_forward(blender: Any, world_vertices: Read) -> None:
    from bestiary.animal.clips import load_shipped_clip
    from bestiary.animal.default import default_model
    from bestiary.scene.animals import build_animals

    model = default_model()
    gallop = load_shipped_clip("wolf_gallop")
    animals = [AnimalPose(model.species["wolf"].betas, gallop.poses[f], np.zeros(3), 0.4) for f in (2, 8, 14)]
    for animal, body in zip(animals, _bodies(build_animals(animals, None, None, model)), strict=True):
        truth, linear = animal.posed(model).vertices, animal.posed(dataclasses.replace(model, posedirs=None)).vertices
        left = np.linalg.norm(world_vertices(body) - truth, axis=1)
        without = np.linalg.norm(linear - truth, axis=1)
        assert left.mean() < 0.6 * without.mean() and left.max() < 0.9 * without.max()
