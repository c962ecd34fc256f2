"""A folder of motions: read as written, split by clip, and refused with the reason when it is damaged."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.server.data.motions.alike import clip_of
from bestiary.server.data.motions.build import kept_for_tests
from bestiary.server.data.motions.folder import Entry, MotionsError, plain_name, read_motions, read_rows
from bestiary.server.data.motions.mend import grounded, mended, resampled
from bestiary.server.data.motions.split import split

from ..motion_folder import walk, write_folder


def test_a_folder_is_read_as_written(tmp_path: Path) -> None:
    write_folder(tmp_path, clips=3)
    every, train, test = (read_motions(tmp_path, side) for side in (None, "train", "test"))
    assert len(every) == 9 and len(train) == 6 and {entry.name for entry in test} == {"dog_2", "cow_2", "fox_2"}
    np.testing.assert_allclose(every[0].motion.positions, walk(0, 20, 0.6).positions, atol=1e-5)
    written = json.loads((tmp_path / "split.json").read_text())
    assert set(written["test"]) == {entry.name for entry in test} and set(written["train"]) == {entry.name for entry in train}


def test_a_missing_or_strange_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MotionsError, match="holds no dataset"):
        read_motions(tmp_path)
    write_folder(tmp_path, clips=2)
    (tmp_path / "motions" / "dog_0.npz").unlink()
    with pytest.raises(MotionsError, match="dog_0"):
        read_motions(tmp_path)
    about = json.loads((tmp_path / "dataset.json").read_text())
    for change in ({"name": "../../etc/passwd"}, {"split": "other"}, {"category": 3}, {"name": ".hidden"}):
        (tmp_path / "dataset.json").write_text(json.dumps({**about, "entries": [{**about["entries"][0], **change}]}))
        with pytest.raises(MotionsError, match="entry"):
            read_rows(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps({**about, "format": "else"}))
    with pytest.raises(MotionsError, match="bestiary-motions"):
        read_rows(tmp_path)


@given(st.text(max_size=300))
def test_any_text_becomes_a_files_name(text: str) -> None:
    name = plain_name(text)
    assert name and len(name) <= 200 and name[0].isalnum() and all(c.isascii() and (c.isalnum() or c in "_.-") for c in name)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), min_size=1, max_size=80), st.integers(0, 5))
def test_a_clip_is_on_one_side_only(kinds: list[tuple[str, int]], seed: int) -> None:
    entries = [(f"{n}", category, f"key{key}") for n, (category, key) in enumerate(kinds)]
    test = set(split(entries, seed))
    assert split(entries, seed) == split(entries, seed)
    sides: dict[str, set[bool]] = {}
    for name, _, key in entries:
        sides.setdefault(key, set()).add(name in test)
    assert all(len(side) == 1 for side in sides.values())
    for category in {category for _, category, _ in entries}:
        assert any(name not in test for name, kind, _ in entries if kind == category)


def test_a_fifth_of_each_category_is_for_tests() -> None:
    entries = [(f"{rig}{clip}", rig, f"family/{clip}") for rig in ("cow", "bull", "horse") for clip in range(13)]
    entries += [(f"bear{clip}", "bear", f"bear/{clip}") for clip in range(10)]
    entries += [("d0", "donkey", "d/0"), ("d1", "donkey", "d/1"), ("e", "eel", "e/0")]
    test = set(split(entries))
    counts = Counter(category for name, category, _ in entries if name in test)
    assert counts["cow"] == counts["bull"] == counts["horse"] == 3 and counts["bear"] == 2
    assert counts["donkey"] == 1 and counts["eel"] == 0  # of one clip alone nothing would be left to learn from
    assert set(split(entries, 1)) != test
    learned = {key for name, _, key in entries if name not in test}
    again = set(split(entries, 7, learned=learned))
    assert again and again <= test  # other draws, but nothing that was learned from


def test_copies_of_a_clip_are_one_clip() -> None:
    def entry(name: str, seed: int, **more: float) -> Entry:
        motion = walk(seed, 40)
        positions = more.get("size", 1.0) * motion.positions + more.get("away", 0.0)
        return Entry(name, "zoo", f"zoo/{name}", replace(motion, positions=positions))

    entries = [entry("walk", 0), entry("copy", 0, size=2.0, away=3.0), entry("stroll", 1), entry("run", 5)]
    stands = clip_of(entries)
    assert stands["zoo/walk"] == stands["zoo/copy"] and len(set(stands.values())) == 3
    for seed in range(20):
        assert len({"walk", "copy"} & kept_for_tests(entries, seed)) in (0, 2)
        assert not {"walk", "copy"} & kept_for_tests(entries, seed, {"zoo/copy"})


def test_other_frame_rates_keep_place_and_time() -> None:
    seconds = np.arange(49) / 24
    motion = np.stack([np.sin(3 * seconds), np.cos(3 * seconds), seconds], axis=-1)[:, None]
    new = resampled(motion, 24.0)
    assert len(new) == 61
    at = np.arange(61) / 30
    np.testing.assert_allclose(new[:, 0], np.stack([np.sin(3 * at), np.cos(3 * at), at], axis=-1), atol=1e-4)
    assert resampled(motion, 30.0) is motion


def test_feet_stand_on_the_ground_and_jumps_are_kept() -> None:
    motion = walk(0, 40).positions
    np.testing.assert_allclose(grounded(motion + [0, 0, 3.0])[..., 2].min(), 0, atol=0.02)
    np.testing.assert_allclose(grounded(motion - [0, 0, 0.5])[..., 2].min(), 0, atol=0.02)
    jump = motion.copy()
    jump[15:25, :, 2] += 0.6
    assert grounded(jump) is jump


def test_what_is_no_motion_is_refused_with_the_reason() -> None:
    motion = walk(0, 20)
    assert len(mended(motion)) == 20
    for positions, why in (
        (motion.positions[:7], "shorter"), (np.repeat(motion.positions[:1], 20, axis=0), "still"), (np.zeros((20, 12, 3)), "extent"),
        (np.where(np.arange(20)[:, None, None] == 3, np.nan, motion.positions), "not known"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=why):
            mended(type(motion)(positions, motion.skeleton, 30.0))
