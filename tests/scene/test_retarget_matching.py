"""The parts of the body are found in any four-legged rig, whatever it is called, wherever it looks; what is none says so."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quadruped_rigs import ANIMALS, HandRig, anonymous, german_horse, mixamo_dog

from bestiary.benchmarks import rigify_rigs, zeroad_rigs
from bestiary.benchmarks.retarget_truth import load_truths, mistakes, score, table
from bestiary.scene.retarget.body_map import LEGS, BodyMap
from bestiary.scene.retarget.map_files import FORMAT, load_map, mirrored, preset_for, presets, save_map
from bestiary.scene.retarget.matching import match_body, missing
from bestiary.scene.retarget.reading import read_shape, skeleton_of
from bestiary.scene.retarget.rig_shape import RigError, RigShape

Y_UP = np.array([[0.01, 0, 0, 0], [0, 0, -0.01, 0], [0, 0.01, 0, 0], [0, 0, 0, 1.0]])
"""The matrix of the object that FBX and glTF importers put around a skeleton in centimetres with y up."""


def share(body: BodyMap, truth: dict[str, str]) -> float:
    return float(np.mean([body.part_of(bone) == part for bone, part in truth.items()]))


def renamed(body: BodyMap, names: dict[str, str]) -> BodyMap:
    return BodyMap({part: tuple(names[bone] for bone in chain) for part, chain in body.bones.items()})


def without(rig: HandRig, *words: str) -> RigShape:
    """The rig without bones whose names, or the names of what they hang on, hold one of these words."""
    gone: set[str] = set()
    for name, parent, _ in rig.rows:
        if parent in gone or any(word in name for word in words):
            gone.add(name)
    return HandRig(tuple(row for row in rig.rows if row[0] not in gone), {}).shape()


@pytest.mark.parametrize("animal", ANIMALS)
def test_parts_of_an_unseen_rig(animal: str) -> None:
    rig = ANIMALS[animal]()
    body = match_body(rig.shape())
    assert share(body, rig.truth) >= 0.97
    assert missing(body) == ()
    assert all(0 <= body.confidence[bone] <= 1 for chain in body.bones.values() for bone in chain)


@pytest.mark.parametrize("animal", ANIMALS)
def test_parts_without_names(animal: str) -> None:
    rig = ANIMALS[animal]()
    shape, names = anonymous(rig.shape())
    assert share(renamed(match_body(shape), names), rig.truth) >= 0.97


@given(st.floats(0, 6.28), st.floats(-3, 3), st.booleans())
def test_turned_and_scaled(turn: float, power: float, astray: bool) -> None:
    rig = german_horse()
    assert share(match_body(rig.shape(turn, 10.0**power, astray=astray)), rig.truth) >= 0.97


@pytest.mark.parametrize("animal", ANIMALS)
def test_under_a_rotated_object_with_tails_that_point_anywhere(animal: str) -> None:
    rig = ANIMALS[animal]()
    assert share(match_body(rig.shape(-1.57, 1.0, Y_UP, astray=True)), rig.truth) >= 0.97


def test_a_rig_that_an_importer_left_lying() -> None:
    rig = mixamo_dog()
    lying = HandRig(tuple((name, parent, (x, -z, y)) for name, parent, (x, y, z) in rig.rows), rig.truth)
    assert share(match_body(lying.shape()), rig.truth) >= 0.97


def test_extras_are_no_part() -> None:
    body = match_body(german_horse().shape())
    for bone in ("Maehne1", "Maehne2", "Sattel", "Steigbuegel_links", "Steigbuegel_rechts"):
        assert body.part_of(bone) is None
    assert body["left_ear"] == ("Ohr_links",) and body["jaw"] == ("Unterkiefer",)
    assert body["root"] == ("Wurzel",)


def test_a_rig_without_a_head_or_tail_is_matched_and_says_so() -> None:
    headless = match_body(without(mixamo_dog(), "Neck"))
    assert "head" in missing(headless) and all(len(headless.leg(leg)) >= 4 for leg in LEGS)
    assert missing(match_body(without(mixamo_dog(), "Tail"))) == ("tail",)


def test_what_is_not_four_legged() -> None:
    with pytest.raises(RigError, match="four"):
        match_body(without(mixamo_dog(), "Shoulder"))
    with pytest.raises(RigError, match="snake"):
        match_body(HandRig(tuple((f"b{i}", f"b{i - 1}" if i else "", (0.1 * i, 0, 0)) for i in range(30)), {}).shape())
    fish = [(f"b{i}", f"b{i - 1}" if i else "", (0.1 * i, 0, 0)) for i in range(10)]
    fish += [("finL", "b3", (0.3, 0.05, 0)), ("finR", "b3", (0.3, -0.05, 0))]
    with pytest.raises(RigError, match="set its parts by hand"):
        match_body(HandRig(tuple(fish), {}).shape())
    empty = replace(mixamo_dog().shape(), names=(), parents=np.zeros(0, int), heads=np.zeros((0, 3)), tails=np.zeros((0, 3)),
                    axes=np.zeros((0, 3, 3)), deform=np.zeros(0, bool))
    with pytest.raises(RigError, match="no bones"):
        match_body(empty)
    with pytest.raises(RigError, match="too few"):
        match_body(HandRig((("Bone", "", (0, 0, 0)),), {}).shape())
    flat = HandRig(tuple((name, parent, (0.0, 0.0, 0.0)) for name, parent, _ in mixamo_dog().rows), {})
    with pytest.raises(RigError, match="one place"):
        match_body(flat.shape())


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_any_tree_is_matched_or_refused_with_a_sentence(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(f"b{i}", f"b{rng.integers(-1, i)}" if i else "", tuple(rng.normal(size=3))) for i in range(count)]
    rows = [(name, "" if parent == "b-1" else parent, place) for name, parent, place in rows]
    try:
        assert isinstance(match_body(HandRig(tuple(rows), {}).shape()), BodyMap)
    except RigError as error:
        assert len(str(error)) > 20


def test_three_hundred_bones_in_a_blink() -> None:
    rig = german_horse()
    hair = [(f"hair{i}_{k}", f"hair{i}_{k - 1}" if k else "Kopf", (0.8 + 0.01 * i, 0, 1.7 + 0.01 * k))
            for i in range(26) for k in range(10)]
    shape = HandRig((*rig.rows, *hair), {}).shape()
    assert len(shape) > 300
    took = []
    for _ in range(5):
        start = time.process_time()
        match_body(shape)
        took.append(time.process_time() - start)
    assert min(took) < 0.1


def test_a_preset_goes_through_a_file(tmp_path: Path) -> None:
    rig = german_horse()
    body = replace(match_body(rig.shape()), label="Pferd")
    path = save_map(tmp_path / "pferd.json", body)
    again = load_map(path)
    assert dict(again.bones) == dict(body.bones) and again.label == "Pferd" and again.source == "pferd"
    assert [item.name for item in tmp_path.iterdir()] == ["pferd.json"]
    found = preset_for(rig.shape(), [tmp_path])
    assert found is not None and found.source == "pferd"
    assert preset_for(mixamo_dog().shape(), [tmp_path]) is None


@pytest.mark.parametrize(("change", "field"), [
    ({"format": "other"}, "format"), ({"more": 1}, "more"), ({"label": 3}, "label"), ({"bones": []}, "bones"),
    ({"bones": {"wing": []}}, "bones.wing"), ({"bones": {"spine": "a"}}, "bones.spine"), ({"bones": {"spine": [1]}}, "bones.spine"),
    ({"bones": {"spine": ["a"], "neck": ["a"]}}, "'a'"), ({"bones": {"spine": [f"{i}" for i in range(5000)]}}, "bones"),
])  # fmt: skip
def test_a_wrong_preset_names_file_and_field(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"format": FORMAT, "label": "", "bones": {}} | change))
    with pytest.raises(RigError) as caught:
        load_map(path)
    assert "bad.json" in str(caught.value) and field in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[", b"\xff\xfe", b'{"format": 1, "format": 2}', b"[" * 100_000, b" " * (2 << 20)])
def test_what_is_no_preset_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    with pytest.raises(RigError, match=r"bad\.json"):
        load_map(path)
    assert preset_for(german_horse().shape(), [tmp_path]) is None


def test_a_preset_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "here.json").mkdir()
    with pytest.raises(RigError, match=r"here\.json"):
        save_map(tmp_path / "here.json", match_body(german_horse().shape()))
    assert [item.name for item in tmp_path.iterdir()] == ["here.json"]
    with pytest.raises(RigError, match="another folder"):
        save_map(tmp_path / "nowhere" / "x.json", match_body(german_horse().shape()))


def test_shipped_presets_are_what_is_true() -> None:
    names = {path.stem for path in presets()}
    assert {"rigify_horse", "rigify_wolf", "rigify_cat", "rigify_basic_quadruped", "quaternius", "mesh2motion_fox",
            "mesh2motion_horse",
            "bestiary"} <= names and sum(name.startswith("zeroad") for name in names) >= 10
    loaded = {path.stem: load_map(path) for path in presets()}
    for rig, truth in load_truths().items():
        assert max(score(body, truth) for body in loaded.values()) == 1.0, rig


@pytest.mark.parametrize("named", [True, False])
def test_the_other_side_is_filled(named: bool) -> None:
    rig = german_horse()
    shape = rig.shape() if named else anonymous(rig.shape())[0]
    whole = match_body(shape)
    half = BodyMap({part: chain for part, chain in whole.bones.items() if "right" not in part})
    filled = mirrored(half, shape)
    assert dict(filled.bones) == dict(whole.bones)
    assert mirrored(BodyMap({}), shape).bones == {}


def test_score_and_table() -> None:
    truth = load_truths()["khronos_fox_Fox"]
    right = BodyMap({part: tuple(b for b, p in truth.parts.items() if p == part) for part in set(truth.parts.values())})
    assert score(right, truth) == 1.0 and mistakes(right, truth) == []
    assert score(BodyMap({}), truth) == 0.0 and "b_Head_05: nothing, truly head" in mistakes(BodyMap({}), truth)
    assert "| a | 50.0 |" in table({"a": 0.5, "b": 1.0}) and "75.0" in table({"a": 0.5, "b": 1.0})


# -- in Blender -------------------------------------------------------------------------------------------------------


@pytest.mark.blender
def test_reading_says_what_blender_says(blender: Any) -> None:
    armature = rigify_rigs.metarig("horse")
    armature.rotation_euler, armature.scale = (0.3, 0.2, 1.0), (2.0, 2.0, 2.0)
    blender.context.view_layer.update()
    shape = read_shape(armature)
    assert len(shape) == len(armature.data.bones)
    for bone in armature.data.bones:
        i = shape.index[bone.name]
        assert np.allclose(shape.heads[i], bone.head_local, atol=1e-6) and np.allclose(shape.tails[i], bone.tail_local, atol=1e-6)
        assert np.allclose(shape.axes[i], np.array(bone.matrix_local)[:3, :3], atol=1e-6)
        assert shape.names[shape.parents[i]] == bone.parent.name if bone.parent else shape.parents[i] == -1
    assert np.allclose(shape.to_world, np.array(armature.matrix_world))
    truth = load_truths()["metarig_horse"]
    assert score(match_body(shape), truth) == 1.0
    with pytest.raises(RigError, match="Cube"):
        read_shape(blender.data.objects["Cube"])
    with pytest.raises(RigError, match="nothing"):
        read_shape(None)


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["horse", "basic_quadruped"])
def test_generated_rigify(blender: Any, kind: str) -> None:
    metarig = skeleton_of(read_shape(rigify_rigs.metarig(kind)))
    rig = read_shape(rigify_rigs.generated(kind))
    skeleton = skeleton_of(rig)
    assert set(skeleton.names) == {f"ORG-{name}" for name in metarig.names}
    for name, parent in zip(skeleton.names, skeleton.parents, strict=True):
        true = metarig.parents[metarig.index[name[4:]]]
        assert (skeleton.names[parent][4:] if parent >= 0 else None) == (metarig.names[true] if true >= 0 else None)
    truth = load_truths()[f"rigify_{kind}"]
    assert score(match_body(rig), truth) == 1.0
    shape, names = anonymous(skeleton)
    assert score(renamed(match_body(shape), names), truth) >= 0.95
    preset = preset_for(rig)
    assert preset is not None and preset.source == f"rigify_{kind}"


@pytest.mark.blender
@pytest.mark.parametrize("kind", ["human", "bird", "shark"])
def test_rigify_rigs_that_have_not_four_legs(blender: Any, kind: str) -> None:
    with pytest.raises(RigError, match="four"):
        match_body(read_shape(rigify_rigs.metarig(kind)))


@pytest.mark.blender
def test_our_own_animal(blender: Any) -> None:
    from bestiary.animal.default import default_model
    from bestiary.animal.placing import AnimalPose
    from bestiary.scene.animals import build_animals

    model = default_model()
    pose = AnimalPose(np.zeros(model.n_betas), np.zeros((model.n_joints, 3)), np.zeros(3), 1.0, "fox", "red_fox")
    (armature,) = (item for item in build_animals([pose], None, None, model).objects if item.type == "ARMATURE")
    assert score(match_body(read_shape(armature)), load_truths()["bestiary"]) == 1.0


@pytest.mark.blender
@pytest.mark.data
@pytest.mark.parametrize("name", ["horse", "fox", "tiger", "wolf", "sheep", "zebra", "bull_a", "mastiff_no_spikes", "pig",
                                  "animal_lion"])
def test_zeroad(blender: Any, shared_data: Path, name: str) -> None:
    shape = read_shape(zeroad_rigs.build_rig(shared_data / "rigs" / "zeroad", name))
    body, truth = match_body(shape), load_truths()[f"zeroad_{name}"].of(shape.names)
    assert score(body, truth) >= 0.95, mistakes(body, truth)


@pytest.mark.blender
@pytest.mark.data
@pytest.mark.parametrize("name", ["goat", "goat_male", "pig", "animal_boar", "horse"])
def test_which_end_is_the_front_without_names(blender: Any, shared_data: Path, name: str) -> None:
    """Of animals with short tails, whose trees of bones grow from the hips or from the chest."""
    shape = skeleton_of(read_shape(zeroad_rigs.build_rig(shared_data / "rigs" / "zeroad", name)))
    hidden, names = anonymous(shape)
    body, truth = renamed(match_body(hidden), names), load_truths()[f"zeroad_{name}"].of(shape.names)
    legs = {bone: part for bone, part in truth.parts.items() if part.startswith(("front", "hind"))}
    assert all((body.part_of(bone) or part).split("_")[0] == part.split("_")[0] for bone, part in legs.items())


@pytest.mark.blender
@pytest.mark.data
@pytest.mark.parametrize(("file", "rig"), [
    ("khronos_fox/Fox", "khronos_fox_Fox"), ("quaternius/wolf", "quaternius_wolf"), ("quaternius/horse", "quaternius_horse"),
    ("mesh2motion/rigs_rig-fox", "mesh2motion_rig-fox"), ("mesh2motion/rigs_rig-horse", "mesh2motion_rig-horse")])  # fmt: skip
def test_imported_gltf(blender: Any, shared_data: Path, file: str, rig: str) -> None:
    from bestiary.scene.compat import enable_gltf

    enable_gltf()
    blender.ops.import_scene.gltf(filepath=str(shared_data / "rigs" / f"{file}.glb"))
    armature = next(item for item in blender.data.objects if item.type == "ARMATURE")
    shape = read_shape(armature)
    body, truth = match_body(shape), load_truths()[rig].of(shape.names)
    assert score(body, truth) >= 0.94, mistakes(body, truth)
    preset = preset_for(shape)
    assert preset is not None and score(preset, truth) == 1.0


@pytest.mark.blender
@pytest.mark.data
def test_zeroad_clips_play(blender: Any, shared_data: Path) -> None:
    folder = shared_data / "rigs" / "zeroad"
    armature = zeroad_rigs.build_rig(folder, "horse")
    zeroad_rigs.play_clip(armature, folder, "horse_walk")
    clip = zeroad_rigs.read_clip(folder, "horse_walk")
    world = zeroad_rigs.world_matrices(clip.translations, clip.rotations)
    blender.context.scene.frame_set(6)
    for i, bone in enumerate(zeroad_rigs.name_order(armature, folder)):
        assert np.allclose(np.array(armature.pose.bones[bone.name].matrix), world[5, i], atol=1e-3)


def test_lifted_skeletons_are_named_after_joints() -> None:
    """A bone goes from its joint to the next; links go to the joint that they are named after."""
    from bestiary.scene.retarget.bone_words import joint_segment

    names = ("left_shoulder_link", "left_shoulder", "left_elbow", "left_front_paw", "right_knee_link", "right_knee", "right_ankle", "nose")
    assert [joint_segment(name) for name in names] == ["girdle", "upper", "lower", "toes", "upper", "lower", "cannon", ""]
