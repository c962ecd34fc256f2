"""Clips on disk: what is saved comes back, in SMILify's and AMASS's terms, and what does not fit is named."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera, intrinsics
from bestiary.animal.clips import AnimalClip, ClipError, clip_of_pose, load_clip, save_clip
from bestiary.animal.default import default_model
from bestiary.animal.npz import write_npz
from bestiary.animal.placing import AnimalPose


def clip(seed: int = 0, frames: int = 4, joints: int = 3, betas: int = 2, full: bool = True) -> AnimalClip:
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(frames, joints, 3))
    if frames and seed % 2:
        poses[rng.integers(frames)] = np.nan  # a frame where the animal was not found
    basic = AnimalClip(poses, rng.normal(size=(frames, 3)), rng.normal(size=betas), fps=29.97)
    if not full:
        return basic
    camera = Camera(intrinsics(500, 640, 480), np.eye(3), rng.normal(size=3), 640, 480)
    return replace(
        basic,
        model_id="0123456789abcdef", model_name="wolf", joint_names=[f"bone{i}" for i in range(joints)],
        parents=[-1, *range(joints - 1)], metres_per_unit=0.37, label="Wölfin", species="wolf", family="canids",
        track_id=7, betas_per_frame=rng.normal(size=(frames, betas)), confidences=rng.random(frames),
        keypoint_names=("nose", "tail_tip"), keypoints_2d=rng.normal(size=(frames, 2, 3)), cameras={"photo": camera},
        source="clip.mp4", scores={"iou": 0.9, "keypoint_error_px": float("nan")}, warnings=("far away",),
        details={"engine": "fit", "seeds": [0, 1]},
    )  # fmt: skip


def assert_same(first: AnimalClip, second: AnimalClip) -> None:
    for entry in fields(AnimalClip):
        before, after = getattr(first, entry.name), getattr(second, entry.name)
        if entry.name == "cameras":
            assert list(before) == list(after)
            for name, camera in before.items():
                for part in ("K", "R", "t", "width", "height"):
                    np.testing.assert_array_equal(getattr(after[name], part), getattr(camera, part))
        elif entry.name == "scores":
            assert {k: repr(v) for k, v in before.items()} == {k: repr(v) for k, v in after.items()}
        elif isinstance(before, np.ndarray):
            np.testing.assert_array_equal(after, before)
        else:
            assert after == before, entry.name


@given(st.integers(0, 1000), st.integers(0, 5), st.integers(1, 4), st.integers(0, 3), st.booleans())
def test_what_is_saved_comes_back(
    tmp_path_factory: Any, seed: int, frames: int, joints: int, betas: int, full: bool
) -> None:
    path = tmp_path_factory.mktemp("clip") / "a.npz"
    first = clip(seed, frames, joints, betas, full)
    assert save_clip(first, path) == path.with_suffix(".json")
    assert_same(first, load_clip(path))
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.json", "a.npz"]


def test_the_json_is_a_superset_of_smilifys(tmp_path: Path) -> None:
    about = json.loads(save_clip(clip(1), tmp_path / "a.npz").read_text())  # strict JSON: nan would not be
    wanted = {"schema_version", "model_id", "source_file", "n_frames", "n_joints", "n_betas", "joint_names", "parents",
              "rotation_representation", "root_joint_index", "fps", "cameras"}  # fmt: skip
    assert wanted <= about.keys() and about["schema_version"] == "1.0"
    assert {"view_name", "R", "t", "fov"} <= about["cameras"][0].keys()
    assert about["scores"] == {"iou": 0.9, "keypoint_error_px": None}
    assert about["fps"] == 29.97  # never rounded


def test_amass_files_without_json(tmp_path: Path) -> None:
    poses = np.random.default_rng(0).normal(size=(5, 12))
    arrays = {"poses": poses, "trans": np.zeros((5, 3)), "betas": np.zeros(10), "mocap_framerate": np.array(120.0)}
    write_npz(tmp_path / "a.npz", arrays | {"gender": np.array("neutral")})
    loaded = load_clip(tmp_path / "a.npz")
    assert loaded.poses.shape == (5, 4, 3) and loaded.fps == 120.0 and loaded.joint_names == ()
    np.testing.assert_array_equal(loaded.poses.reshape(5, 12), poses)


def test_a_photos_result() -> None:
    model = default_model()
    pose = AnimalPose(np.zeros(3), np.zeros((35, 3)), np.ones(3), 0.3, "Rex", "dog", ("far away",))
    made = clip_of_pose(model, pose, scores={"iou": 0.5})
    made.check_model(model)
    again = made.frame(0)
    assert (again.metres_per_unit, again.label, again.species, again.warnings) == (0.3, "Rex", "dog", ("far away",))
    np.testing.assert_array_equal(again.posed(model).vertices, pose.posed(model).vertices)
    assert len(made) == 1 and made.duration == 0.0
    with pytest.raises(ClipError, match="model_id: the clip was made with"):
        replace(made, model_id="0" * 16).check_model(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poses": np.zeros((4, 3))}, "poses"),
        ({"trans": np.zeros((3, 3))}, "trans"),
        ({"trans": np.full((4, 3), np.inf)}, "trans"),
        ({"betas": "many"}, "betas"),
        ({"betas_per_frame": np.zeros((4, 9))}, "betas_per_frame"),
        ({"confidences": np.zeros(3)}, "confidences"),
        ({"keypoints_2d": np.zeros((4, 1, 3))}, "keypoints_2d"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"metres_per_unit": -1}, "metres_per_unit"),
        ({"joint_names": ["a"]}, "joint_names"),
        ({"parents": [0]}, "parents"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ClipError, match=message):
        replace(clip(0), **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_frames": 9}, "says 9"),
        ({"schema_version": "2.0"}, "newer"),
        ({"format": "other"}, "newer"),
        ({"cameras": 5}, "cameras"),
        ({"cameras": [5]}, "cameras"),
        ({"cameras": [{"K": 1, "R": 2, "t": 3, "width": 4, "height": 5}]}, "camera 0"),
        ({"cameras": [{"K": []}]}, "camera 0"),
        ({"joint_names": [1, 2, 3]}, "joint_names"),
        ({"parents": ["a"]}, "parents"),
        ({"track_id": "x"}, "track_id"),
        ({"scores": []}, None),
        ({"scores": {"iou": "high"}}, "scores"),
        ({"metres_per_unit": "tall"}, "metres_per_unit"),
    ],
)
def test_damaged_json_is_named(tmp_path: Path, changes: dict[str, Any], message: str | None) -> None:
    beside = save_clip(clip(0), tmp_path / "a.npz")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))
    if message is None:
        load_clip(tmp_path / "a.npz")
        return
    with pytest.raises(ClipError, match=message):
        load_clip(tmp_path / "a.npz")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="ends in"):
        save_clip(clip(0), tmp_path / "a.json")
    write_npz(tmp_path / "a.npz", {"poses": np.zeros((1, 1, 3)), "trans": np.zeros((1, 3))})
    with pytest.raises(ClipError, match="betas: missing"):
        load_clip(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"not a zip")
    with pytest.raises(ClipError, match="not an"):
        load_clip(tmp_path / "b.npz")
    with pytest.raises(FileNotFoundError):
        load_clip(tmp_path / "none.npz")
