"""Motions on disk: what is written comes back, and damaged files are told as such."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.cameras import Camera
from bestiary.animal.motion import Motion, MotionError, load_motion, save_motion
from bestiary.animal.npz import read_npz, write_npz
from bestiary.animal.skeleton import Skeleton

SKELETON = Skeleton(("hip", "knee", "paw"), (-1, 0, 1))


def motion(frames: int = 4, **more: object) -> Motion:
    positions = np.random.default_rng(frames).normal(size=(frames, 3, 3))
    return Motion(positions, SKELETON, **{"fps": 29.97, **more})


@given(st.integers(1, 5), st.booleans(), st.sampled_from([0, 1, None]))
def test_there_and_back(
    tmp_path_factory: pytest.TempPathFactory, frames: int, unsure: bool, cameras: int | None
) -> None:
    path = tmp_path_factory.mktemp("motion") / "walk.npz"
    count = frames if cameras is None else cameras
    made = motion(
        frames,
        uncertainty=np.full((frames, 3), 0.01) if unsure else None,
        label="Ä",
        species="dog",
        contacts=np.arange(3 * frames).reshape(frames, 3) % 2 if unsure else None,
        cameras=tuple(Camera.look_at((3.0 + i, 1, 1), (0, 0, 0), 900, 640, 480) for i in range(count)),
        frame_numbers=10 + 3 * np.arange(frames),
        details={"network": "x"},
    )
    made.positions[0, 1] = np.nan
    save_motion(path, made)
    for name in (path, path.with_suffix(".json")):
        again = load_motion(name)
        np.testing.assert_allclose(again.positions, made.positions, atol=1e-6)
        assert (
            again.skeleton == SKELETON and again.fps == 29.97 and again.label == "Ä" and again.details["network"] == "x"
        )
        np.testing.assert_array_equal(np.asarray(again.frame_numbers), np.asarray(made.frame_numbers))
        assert (again.contacts is None) != unsure
        if unsure:
            np.testing.assert_array_equal(again.contacts, made.contacts)
        assert (again.uncertainty is None) != unsure and len(again.cameras) == count
        if count:
            np.testing.assert_allclose(
                again.camera(frames - 1).project([0.0, 0, 0]), made.camera(frames - 1).project([0.0, 0, 0])
            )


def test_a_joint_is_known_wholly_or_not() -> None:
    positions = np.zeros((2, 3, 3))
    positions[1, 2, 0] = np.nan
    assert np.isnan(Motion(positions, SKELETON, 30).positions[1, 2]).all()
    assert motion().camera(0) is None


def test_bone_lengths() -> None:
    positions = np.zeros((1, 3, 3))
    positions[0, 1], positions[0, 2] = (0, 3, 4), (0, 3, 5)
    assert Motion(positions, SKELETON, 30).bone_lengths().tolist() == [[5.0, 1.0]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"positions": np.zeros((2, 4, 3))}, "positions"),
        ({"positions": np.zeros((0, 3, 3))}, "1 to"),
        ({"positions": np.full((1, 3, 3), np.inf)}, "finite"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"frame_numbers": [3, 3, 4, 5]}, "frame_numbers"),
        ({"frame_numbers": [1]}, "frame_numbers"),
        ({"uncertainty": np.zeros((4, 2))}, "uncertainty"),
        ({"cameras": (Camera.at_origin(4, 4),) * 2}, "cameras"),
    ],
)
def test_what_does_not_fit_is_named(change: dict, words: str) -> None:
    good = {"positions": np.zeros((4, 3, 3)), "skeleton": SKELETON, "fps": 30}
    with pytest.raises(MotionError, match=words):
        Motion(**{**good, **change})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "other"),
        ("joint_names", "abc"),
        ("joint_names", ["hip", "knee"]),
        ("joint_names", ["a", "a", "b"]),
        ("parents", [0, 1, 2]),
        ("parents", [-1, -1, 0]),
        ("parents", ["hip", 0, 1]),
        ("parents", None),
    ],
)
def test_a_damaged_description(tmp_path: Path, key: str, value: object) -> None:
    save_motion(tmp_path / "walk.npz", motion())
    about = json.loads((tmp_path / "walk.json").read_text(encoding="utf-8"))
    (tmp_path / "walk.json").write_text(json.dumps({**about, key: value}), encoding="utf-8")
    with pytest.raises(MotionError):
        load_motion(tmp_path / "walk.npz")


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("uncertainty", np.array(["a"])),
        ("contacts", np.zeros((2, 2))),
        ("frame_numbers", np.array([True])),
        ("fps", np.zeros(0)),
        ("positions", np.zeros((2, 3))),
        ("frame_numbers", np.zeros((2, 2))),
        ("camera_K", np.zeros((1, 3, 3))),
        ("fps", np.array(["x"])),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, name: str, array: np.ndarray) -> None:
    save_motion(tmp_path / "walk.npz", motion())
    arrays = {**read_npz(tmp_path / "walk.npz"), name: array}
    write_npz(tmp_path / "walk.npz", arrays)
    with pytest.raises(MotionError):
        load_motion(tmp_path / "walk.npz")


@given(st.integers(0, 10**6))
def test_damaged_bytes(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    save_motion(folder / "walk.npz", motion(2, uncertainty=np.zeros((2, 3))))
    rng = np.random.default_rng(seed)
    path = folder / str(rng.choice(["walk.npz", "walk.json"]))
    data = bytearray(path.read_bytes())
    data[int(rng.integers(len(data)))] = int(rng.integers(256))
    path.write_bytes(bytes(data[: len(data) if rng.random() < 0.5 else int(rng.integers(len(data)))]))
    with contextlib.suppress(MotionError):
        load_motion(path)
