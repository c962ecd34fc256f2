"""Test views are exact where they claim to be, noisy by as much as they say, and the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bestiary.server.data.motions.folder import Entry
from bestiary.server.evaluate import lift_clips as clips
from motion_folder import walk, write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "motions")


def one(frames: int = 40) -> clips.SeenClip:
    (clip,) = clips.see([Entry("walk", "zoo_dog", "zoo/walk", walk(1, frames))])
    return clip


def test_only_test_clips_are_seen_whole_and_in_the_picture(folder: Path):
    found = clips.read_clips(folder)
    assert [clip.name for clip in found] == ["dog_4", "cow_4", "fox_4"]
    for clip in found:
        assert clip.tracks.seen.all() and (clip.tracks.points >= 0).all() and (clip.tracks.points <= clips.PICTURE).all()
        assert len(clip.truth) == len(clip.tracks) == 36
    assert {clip.category for clip in clips.read_clips(folder, only=["*_dog", "*_fox"], leave_out=["*_fox"])} == {"zoo_dog"}
    assert len(clips.read_clips(folder, split=None)) == 15


def test_truth_and_tracks_are_one_animal_in_millimetres():
    clip, motion = one(), walk(1, 40)
    K = clip.cameras[0].K
    seen = clip.truth @ K.T
    assert clip.tracks.points == pytest.approx(seen[..., :2] / seen[..., 2:])
    bones = [np.linalg.norm(p[:, motion.skeleton.bones[:, 0]] - p[:, motion.skeleton.bones[:, 1]], axis=-1)
             for p in (clip.truth, 1000 * motion.positions)]  # fmt: skip
    assert bones[0] == pytest.approx(bones[1])
    assert (clip.truth[..., 2] > 0).all()


def test_noise_is_as_far_off_as_it_says_and_the_same_every_time():
    clip = one(400)
    noisy = clips.with_noise(clip, 3.0, seed=4)
    off = np.linalg.norm(noisy.tracks.points - clip.tracks.points, axis=-1)
    assert off.mean() == pytest.approx(3.0, rel=0.03)
    assert np.array_equal(noisy.tracks.points, clips.with_noise(clip, 3.0, seed=4).tracks.points)
    assert not np.array_equal(noisy.tracks.points, clips.with_noise(clip, 3.0, seed=5).tracks.points)
    assert np.array_equal(noisy.truth, clip.truth)


def test_more_missing_points_are_the_same_and_others():
    clip = one()
    before = clip.tracks.seen
    for share in (0.1, 0.3, 0.6, 1.0):
        seen = clips.with_missing(clip, share).tracks.seen
        assert not (seen & ~before).any()
        assert (~seen).sum(axis=1) == pytest.approx(round(share * seen.shape[1]))  # of every frame
        before = seen
    with pytest.raises(ValueError, match="between 0 and 1"):
        clips.with_missing(clip, 1.5)


def test_a_clip_more_changes_no_other_view(folder: Path, tmp_path: Path):
    more = write_folder(tmp_path / "more", clips=6)
    few = {clip.name: clip for clip in clips.read_clips(folder, seed=3, split=None)}
    many = {clip.name: clip for clip in clips.read_clips(more, seed=3, split=None)}
    assert len(many) > len(few)
    assert all(np.array_equal(few[name].tracks.points, many[name].tracks.points) for name in few)
    views = clips.read_clips(folder, seed=3, views=2)
    assert len(views) == 6 and not np.array_equal(views[0].tracks.points, views[1].tracks.points)


@pytest.mark.parametrize(("category", "animal"), [
    ("quaternius_husky_bones", "dog"), ("open_dog", "dog"), ("khronos_fox_fox_bones", "fox"), ("mesh2motion_horse", "horse"),
    ("zeroad_polar_bear", "bear"), ("zeroad_sanga_cattle", "cattle"), ("zeroad_zebra", "zebra"), ("foxZED", "foxZED"),
])  # fmt: skip
def test_an_animal_is_one_whatever_its_source_and_rig(category: str, animal: str):
    assert clips.animal_of(category) == animal
