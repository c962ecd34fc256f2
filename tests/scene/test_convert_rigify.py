"""Convert to Rigify: the same joints, skin and motion on a generated rig, and the motion back; nothing else of the file changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bestiary.animal.clips import load_shipped_clip

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def open_model() -> Any:
    from bestiary.animal.default import DEFAULT_MODEL_PATH
    from bestiary.animal.model_file import load_model

    return load_model(DEFAULT_MODEL_PATH)


@pytest.fixture
def rigify(blender: Any) -> Any:
    from bestiary.scene.controls.generating import turn_rigify_on

    turn_rigify_on()
    return blender


def make(blender: Any, model: Any, species: str, clip: str = "") -> Any:
    from bestiary.animal.individual import Individual
    from bestiary.scene import action, creature

    item = creature.create(model, Individual(species))
    if clip:
        action.key_clip(item, load_shipped_clip(clip), blender.context.scene)
    return item


def shown(blender: Any, body: Any, read: Any, frames: Any) -> np.ndarray:
    """Vertices (F, V, 3) of a body at frames."""
    found = []
    for frame in frames:
        blender.context.scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        found.append(read(body))
    return np.array(found)


@pytest.mark.parametrize("species", ["wolf", "horse", "elephant"])
def test_the_skin_stands_as_it_did_and_moves_as_it_did(rigify: Any, open_model: Any, world_vertices: Any, species: str) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.convert import animal_of, bones_of, from_rigify, to_rigify

    item = make(rigify, open_model, species)
    body = rig.body_of(item)
    rest = world_vertices(body)
    clip = {"wolf": "wolf_walk"}.get(species, "horse_walk")
    from bestiary.scene import action

    action.key_clip(item, load_shipped_clip(clip), rigify.context.scene)
    frames = np.arange(1, 20, 5)
    want = shown(rigify, body, world_vertices, frames)
    made = to_rigify(item)
    height = np.ptp(rest[:, 2])
    got = shown(rigify, made.meshes[0], world_vertices, frames)
    away = np.linalg.norm(got - want, axis=-1) / height
    assert away.max() < 0.02 and away.mean() < 0.002, (away.max(), away.mean())
    assert item.hide_viewport and body.hide_viewport and animal_of(made.rig) is item
    item.name = "as the user likes"
    assert animal_of(made.rig) is item
    assert {"DEF-head", "torso", "front_foot_ik.L", "foot_ik.R", "tail_master", "jaw", "ear.L"} <= set(made.rig.data.bones.keys())
    assert all(group.name.startswith("DEF-") for group in made.meshes[0].vertex_groups if group.name not in item.data.bones)
    for ours, theirs in bones_of(made.rig).items():
        place = np.array(made.rig.data.bones[f"DEF-{theirs}"].head_local)
        np.testing.assert_allclose(place, np.array(item.data.bones[ours].head_local), atol=1e-4)
    # At rest
    kept = made.rig.animation_data.action
    made.rig.animation_data.action = None
    for bone in made.rig.pose.bones:
        bone.matrix_basis.identity()
    np.testing.assert_allclose(world_vertices(made.meshes[0]), rest, atol=2e-3 * height)
    made.rig.animation_data.action = kept
    # And back
    item.animation_data.action = None
    report = from_rigify(made.rig)
    assert report.frames > 10 and not item.hide_viewport
    back = shown(rigify, body, world_vertices, frames)
    assert np.linalg.norm(back - got, axis=-1).max() < 0.005 * height


@pytest.mark.parametrize(("species", "clip"), [
    ("dachshund", "dog_sit"), ("horse", "horse_lie"), ("cat", "cat_pounce"), ("giraffe", "horse_lie"), ("rabbit", "dog_sit")])
def test_hips_and_all_else_follow_exactly(rigify: Any, open_model: Any, world_vertices: Any, species: str, clip: str) -> None:
    """However far the clip bends the animal: the skin is nowhere off by more than 0.3 % of a leg."""
    from bestiary.scene import rig
    from bestiary.scene.controls import build
    from bestiary.scene.controls.convert import to_rigify

    item = make(rigify, open_model, species, clip)
    leg = build.plan_of(item).legs["hind_left"].length
    frames = np.arange(1, 40, 3)
    want = shown(rigify, rig.body_of(item), world_vertices, frames)
    made = to_rigify(item)
    assert not made.messages
    got = shown(rigify, made.meshes[0], world_vertices, frames)
    assert np.linalg.norm(got - want, axis=-1).max() < 0.003 * leg


def test_correctives_see_the_same_turns(rigify: Any, open_model: Any) -> None:
    """A shape key that a bone's turn drives stands at the same value on both rigs."""
    from bestiary.scene import correctives, rig
    from bestiary.scene.controls.convert import to_rigify

    item = make(rigify, open_model, "dog", "dog_trot")
    body = rig.body_of(item)
    for bone in ("leg_front_1.L", "leg_hind_2.R", "neck"):
        block = body.shape_key_add(name=f"{correctives.KEY_PREFIX}{bone} 0", from_mix=False)
        block.slider_min, block.slider_max = -10.0, 10.0
        correctives._drive(block, item, bone, "2*x*w+y*z")
    names, frames = [block.name for block in correctives.corrective_keys(body)], (1, 6, 9)

    def values(mesh: Any) -> np.ndarray:
        found = []
        for frame in frames:
            rigify.context.scene.frame_set(frame)
            keys = mesh.data.shape_keys.evaluated_get(rigify.context.evaluated_depsgraph_get()).key_blocks
            found.append([keys[name].value for name in names])
        return np.array(found)

    want = values(body)
    assert np.ptp(want, axis=0).max() > 0.05
    np.testing.assert_allclose(values(to_rigify(item).meshes[0]), want, atol=0.02)


def test_replacing_the_animal_leaves_no_trace_of_it(rigify: Any, open_model: Any) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.convert import from_rigify, to_rigify
    from bestiary.scene.retarget.rig_shape import RigError

    item = make(rigify, open_model, "cat")
    body, name = rig.body_of(item), item.name
    made = to_rigify(item, keep=False)
    assert made.meshes[0] is body and body.parent is made.rig and name not in rigify.data.objects
    assert made.action is None
    with pytest.raises(RigError, match="not in this file"):
        from_rigify(made.rig)


def test_replacing_one_animal_leaves_another_that_shares_its_mesh(rigify: Any, open_model: Any) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.convert import to_rigify

    item = make(rigify, open_model, "cat")
    body = rig.body_of(item)
    other, twin = item.copy(), body.copy()
    for made in (other, twin):
        rigify.context.scene.collection.objects.link(made)
    twin.modifiers[next(one.name for one in twin.modifiers if one.type == "ARMATURE")].object = other
    groups = [group.name for group in twin.vertex_groups]
    to_rigify(item, keep=False)
    assert [group.name for group in twin.vertex_groups] == groups
    assert any(group.name.startswith("DEF-") for group in body.vertex_groups)


def test_only_a_script_of_ours_runs_after_generate(rigify: Any, open_model: Any) -> None:
    """A text of the same name that came with the file is left alone, and a rig that lost its record stops no panel."""
    from bestiary.scene.controls import mending
    from bestiary.scene.controls.convert import to_rigify

    strange = rigify.data.texts.new(mending.SCRIPT)
    strange.write("raise SystemExit")
    made = to_rigify(make(rigify, open_model, "cat"))
    script = made.metarig.data.rigify_finalize_script
    assert script != strange and "mend_rigify" in script.as_string()
    mending.mend_after_generate(made.metarig)
    assert made.metarig.data.rigify_finalize_script == script
    assert not mending.lacks(made.rig)
    made.rig[mending.KEY] = "?"
    assert not mending.lacks(made.rig)


def test_an_animal_with_controls_is_converted_as_it_shows(rigify: Any, open_model: Any, world_vertices: Any) -> None:
    from bestiary.scene import rig
    from bestiary.scene.controls.convert import to_rigify
    from bestiary.scene.controls.keeping import add_controls

    item = make(rigify, open_model, "wolf", "wolf_walk")
    add_controls(item)
    frames = [1, 8]
    want = shown(rigify, rig.body_of(item), world_vertices, frames)
    made = to_rigify(item)
    got = shown(rigify, made.meshes[0], world_vertices, frames)
    assert np.linalg.norm(got - want, axis=-1).max() < 0.02 * np.ptp(want[0][:, 2])


def test_nothing_else_of_the_file_changes(rigify: Any, open_model: Any) -> None:
    from bestiary.scene.controls.convert import to_rigify

    cube = rigify.context.object
    item = make(rigify, open_model, "fox", "fox_walk")
    rigify.context.scene.frame_set(5)
    scenes = [scene.name for scene in rigify.data.scenes]
    to_rigify(item)
    assert rigify.context.object is cube and cube.select_get() and rigify.context.mode == "OBJECT"
    assert rigify.context.scene.frame_current == 5 and [scene.name for scene in rigify.data.scenes] == scenes
    assert list(rigify.context.selected_objects) == [cube]


def test_rigs_that_cannot_be_converted_are_left_as_they_were(rigify: Any, open_model: Any) -> None:
    from bestiary.scene import compat
    from bestiary.scene.controls.convert import bones_of, to_rigify
    from bestiary.scene.retarget.rig_shape import RigError

    item = make(rigify, open_model, "dog")
    with compat.edit_mode([item]):
        item.data.edit_bones.remove(item.data.edit_bones["paw_front.L"])
    counts = {kind: len(getattr(rigify.data, kind)) for kind in ("objects", "armatures", "meshes", "texts", "collections", "scenes")}
    with pytest.raises(RigError, match="left front leg"):
        to_rigify(item)
    with pytest.raises(RigError, match="not made by"):
        bones_of(item)
    assert {kind: len(getattr(rigify.data, kind)) for kind in counts} == counts
    assert not item.hide_viewport


def test_without_rigify_the_message_says_so(blender: Any, open_model: Any) -> None:
    from bestiary.scene.controls.convert import to_rigify
    from bestiary.scene.controls.generating import rigify_is_on
    from bestiary.scene.retarget.rig_shape import RigError

    assert "rigify" not in blender.context.preferences.addons
    if rigify_is_on():
        pytest.skip("Rigify stays registered in this Blender")
    with pytest.raises(RigError, match="Add-ons"):
        to_rigify(make(blender, open_model, "dog"))
