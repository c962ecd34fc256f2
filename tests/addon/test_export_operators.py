"""Export, clips from files and the baked shape as an animator has them: operators, in Blender without a window."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not installed")
pytestmark = pytest.mark.blender


def add(**settings):
    """An animal from the menu; gives its armature."""
    assert bpy.ops.bestiary.create_animal("EXEC_DEFAULT", True, **settings) == {"FINISHED"}
    return bpy.context.active_object


def walk(item, name="walk", count=6):
    """Give an animal a short motion that goes forward and bends the legs."""
    from bestiary.scene import action

    poses = np.zeros((count, 35, 3))
    poses[:, 7:20, 1] = np.linspace(0, 0.5, count)[:, None]
    trans = np.zeros((count, 3))
    trans[:, 0] = np.linspace(0, 1, count)
    return action.key_motion(item, poses, trans, 1.0 + np.arange(count), name)


def body_points(item):
    """(V, 3) where the skin is now."""
    from bestiary.scene import rig

    bpy.context.view_layer.update()
    evaluated = rig.body_of(item).evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    evaluated.to_mesh_clear()
    return flat.reshape(-1, 3)


def heads(item):
    return np.array([item.matrix_world @ bone.head for bone in item.pose.bones])


@pytest.mark.parametrize("suffix", [".fbx", ".glb", ".gltf", ".bvh", ".npz"])
def test_the_selected_animal_is_exported_and_the_scene_stays(addon, tmp_path, suffix):
    dog = add(species="dog")
    walk(dog)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.context.scene.frame_set(3)
    before = (sorted(item.name for item in bpy.data.objects), sorted(item.name for item in bpy.data.actions), len(bpy.data.meshes))
    path = tmp_path / f"dog{suffix}"
    assert bpy.ops.bestiary.export_clip(filepath=str(path)) == {"FINISHED"}
    assert path.is_file() and not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
    after = (sorted(item.name for item in bpy.data.objects), sorted(item.name for item in bpy.data.actions), len(bpy.data.meshes))
    assert after == before and len(bpy.data.scenes) == 1 and bpy.context.scene.frame_current == 3
    assert bpy.context.mode == "POSE" and dog.animation_data.action.name == "walk"


def test_a_name_without_a_suffix_gets_the_formats(addon, tmp_path):
    walk(add(species="cat"))
    assert bpy.ops.bestiary.export_clip(filepath=str(tmp_path / "cat"), format=".bvh") == {"FINISHED"}
    assert (tmp_path / "cat.bvh").read_text(encoding="utf-8").startswith("HIERARCHY")


def test_nothing_selected_no_action_and_no_folder_are_told(addon, tmp_path):
    assert not bpy.ops.bestiary.export_clip.poll()
    add(species="fox")
    with pytest.raises(RuntimeError, match="no action"):
        bpy.ops.bestiary.export_clip(filepath=str(tmp_path / "fox.fbx"))
    with pytest.raises(RuntimeError, match="folder"):
        bpy.ops.bestiary.export_clip(filepath=str(tmp_path / "absent" / "fox.fbx"))
    assert bpy.ops.bestiary.export_clip(filepath=str(tmp_path / "fox.glb"), frames="FRAME") == {"FINISHED"}


def test_a_clip_of_ours_comes_back_onto_the_animal_and_as_a_new_one(addon, tmp_path):
    horse = add(species="horse")
    walk(horse, "trot over")
    bpy.context.scene.frame_set(4)
    expected = heads(horse)
    bpy.ops.bestiary.export_clip(filepath=str(tmp_path / "trot.npz"))
    horse.animation_data_clear()
    for bone in horse.pose.bones:
        bone.matrix_basis.identity()
    assert bpy.ops.bestiary.open_clip(filepath=str(tmp_path / "trot.npz")) == {"FINISHED"}
    assert horse.animation_data.action.name.startswith("trot over")
    bpy.context.scene.frame_set(4)
    np.testing.assert_allclose(heads(horse), expected, atol=1e-3)
    assert bpy.ops.bestiary.open_clip("EXEC_DEFAULT", True, filepath=str(tmp_path / "trot.json"), new_animal=True) == {"FINISHED"}
    new = next(item for item in bpy.data.objects if item.type == "ARMATURE" and item != horse)
    bpy.context.scene.frame_set(4)
    np.testing.assert_allclose(heads(new), expected, atol=1e-3)


def test_clips_that_do_not_fit_are_told_and_change_nothing(addon, tmp_path):
    dog = add(species="dog")
    made = walk(dog)
    good = {"poses": np.zeros((4, 35, 3)), "trans": np.zeros((4, 3)), "betas": np.zeros(5), "fps": np.array(30.0)}
    cases = {
        "frames a second": {k: v for k, v in good.items() if k != "fps"},
        "another model": {**good, "poses": np.zeros((4, 24, 3))},
        "none of its 4 frames": {**good, "trans": np.full((4, 3), np.nan)},
        "only numbers": {**good, "poses": np.array([[{"a": 1}]], dtype=object)},
    }
    for number, (words, arrays) in enumerate(cases.items()):
        path = tmp_path / f"bad{number}.npz"
        np.savez(path, **arrays)
        with pytest.raises(RuntimeError, match=words):
            bpy.ops.bestiary.open_clip(filepath=str(path))
    assert dog.animation_data.action == made and len(bpy.data.actions) == 1
    assert bpy.ops.bestiary.open_clip(filepath=str(tmp_path / "bad0.npz"), fps=25.0, match_scene=True) == {"FINISHED"}
    assert (bpy.context.scene.render.fps, bpy.context.scene.frame_end) == (25, 4) and made.users


def test_a_clip_of_smilify_puts_the_root_where_it_says(addon, tmp_path):
    from bestiary.animal.model import SMAL_JOINTS
    from bestiary.scene.rig import read_record

    cow = add(species="cow")
    unit = read_record(cow).unit
    trans = np.array([[0.0, 0.0, 0.5], [2.0, 1.0, 0.5]])
    np.savez(tmp_path / "smil.npz", poses=np.zeros((2, 35, 3)), trans=2.0 * trans, betas=np.zeros(20), fps=np.float32(24),
             mesh_scale=np.full(2, 2.0))
    about = {"schema_version": "1.1", "model_id": "smal.pkl", "n_frames": 2, "joint_names": list(SMAL_JOINTS)[::-1],
             "rotation_representation": "axis_angle", "root_joint_index": 0, "fps": 24.0,
             "cameras": [{"view_name": "a", "R": [], "t": [], "fov": 60}]}
    (tmp_path / "smil.json").write_text(json.dumps(about), encoding="utf-8")
    assert bpy.ops.bestiary.open_clip(filepath=str(tmp_path / "smil.npz")) == {"FINISHED"}
    for frame, place in zip((1, 2), trans, strict=True):
        bpy.context.scene.frame_set(frame)
        np.testing.assert_allclose(np.array(cow.matrix_world @ cow.pose.bones[0].head), unit * place, atol=1e-4)


def test_a_motion_of_a_skeleton_opens_by_the_same_door(addon, tmp_path):
    from bestiary.animal.motion import Motion, save_motion
    from bestiary.animal.skeleton import Skeleton

    places = np.cumsum(np.ones((3, 3, 3)) * 0.1, axis=1)
    save_motion(tmp_path / "m.npz", Motion(places, Skeleton(("a", "b", "c"), (-1, 0, 1)), 24.0))
    assert bpy.ops.bestiary.open_clip(filepath=str(tmp_path / "m.npz")) == {"FINISHED"}
    assert any(item.type == "ARMATURE" for item in bpy.data.objects)


def test_the_shape_is_baked_and_undone(addon):
    horse = add(species="horse", sliders=[{"name": "leg_length", "value": 0.6}])
    walk(horse)
    bpy.ops.ed.undo_push(message="walk")
    bpy.context.scene.frame_set(5)
    before = body_points(horse)
    assert bpy.ops.bestiary.bake_shape("EXEC_DEFAULT", True) == {"FINISHED"}
    np.testing.assert_allclose(body_points(horse), before, atol=2e-4)
    keys = bpy.data.objects["Horse body"].data.shape_keys
    assert all(block.name.startswith(("Basis", "pose ")) for block in keys.key_blocks)
    assert not horse.bestiary.ready()
    with pytest.raises(RuntimeError, match="baked"):
        bpy.ops.bestiary.shape_animal()
    with pytest.raises(RuntimeError, match="no mesh of it has shape keys"):
        bpy.ops.bestiary.bake_shape()
    bpy.ops.ed.undo()
    horse = bpy.data.objects["Horse"]
    assert len(bpy.data.objects["Horse body"].data.shape_keys.key_blocks) > 145 and horse.bestiary.ready()


def test_hair_stays_on_the_skin_when_the_shape_is_baked(addon):
    from bestiary.animal.default import default_model
    from bestiary.scene import hair

    def points():
        bpy.context.view_layer.update()
        found = grown.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.points
        flat = np.empty(3 * len(found), dtype=np.float32)
        found.foreach_get("position", flat)
        return flat.reshape(-1, 3)

    horse = add(species="horse")
    walk(horse)
    grown = hair.grow_species_hair(horse, default_model(), "horse", 60)
    bpy.context.scene.frame_set(5)
    before = points()
    assert bpy.ops.bestiary.bake_shape() == {"FINISHED"}
    bpy.context.scene.frame_set(5)
    np.testing.assert_allclose(points(), before, atol=1e-3)


def test_the_entries_are_in_the_file_menu(addon):
    from bestiary.addon import export_panel

    assert export_panel._export_entry in bpy.types.TOPBAR_MT_file_export.draw._draw_funcs
    assert export_panel._import_entry in bpy.types.TOPBAR_MT_file_import.draw._draw_funcs
    assert hasattr(bpy.types, "BESTIARY_PT_export") and hasattr(bpy.types, "BESTIARY_FH_clip")
