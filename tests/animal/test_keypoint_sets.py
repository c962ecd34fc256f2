"""Tables of public keypoint sets: sizes, mirrors, the published conversions, and what the annotations themselves show."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.keypoint_sets import (
    KEYPOINT_SETS,
    KeypointSet,
    from_names,
    keypoint_set,
    other_side,
    set_of,
)
from bestiary.animal.keypoints import MIRROR, SUPERSET, KeypointError

SETS = list(KEYPOINT_SETS.values())
by_set = pytest.mark.parametrize("chosen", SETS, ids=list(KEYPOINT_SETS))


def test_sizes() -> None:
    sizes = {"animal3d": 26, "ap10k": 17, "apt36k": 17, "animalpose": 20, "stanford_extra": 24, "animal_kingdom": 23,
             "animal_world": 30, "awa": 39, "badja": 37}  # fmt: skip
    assert {name: len(KEYPOINT_SETS[name]) for name in sizes} == sizes


@by_set
def test_tables_are_sound(chosen: KeypointSet) -> None:
    assert len(set(chosen.points)) == len(chosen.points) == len(chosen.superset)
    mapped = [index for index in chosen.superset if index >= 0]
    assert len(set(mapped)) == len(mapped) and max(mapped) < len(SUPERSET)
    assert chosen.sigmas is None or len(chosen.sigmas) == len(chosen)
    assert len(chosen.unmapped) == list(chosen.superset).count(-1)


@by_set
def test_mirror_is_an_involution_and_agrees_with_ours(chosen: KeypointSet) -> None:
    mirror = chosen.mirror
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(chosen)))
    for row, other in enumerate(mirror):
        assert other_side(chosen.points[row]) == chosen.points[other]
        if chosen.superset[row] >= 0:
            assert MIRROR[chosen.superset[row]] == chosen.superset[other], chosen.points[row]
    sided = [p for p in chosen.points if other_side(p) != p]
    assert len(sided) == (mirror != np.arange(len(chosen))).sum()
    if chosen.sigmas:
        assert [chosen.sigmas[i] for i in mirror] == list(chosen.sigmas)


@given(st.sampled_from(SETS), st.integers(0, 10**6))
def test_there_and_back(chosen: KeypointSet, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(2, len(chosen), 3))
    there = chosen.to_superset(values)
    assert there.shape == (2, len(SUPERSET), 3)
    back = chosen.from_superset(there)
    mapped = np.array(chosen.superset) >= 0
    np.testing.assert_array_equal(back[:, mapped], values[:, mapped])
    assert np.isnan(back[:, ~mapped]).all()
    assert np.isfinite(there).all(axis=(0, 2)).sum() == mapped.sum()


def test_published_conversions_to_animal3d() -> None:
    """Rows of AP-10K and AnimalPose for Animal3D's 26 points, as other systems publish them; -1: none."""
    ap10k = [0, 1, -1, 7, 10, 13, 16, 4, 5, 8, 11, 14, -1, -1, 6, 9, 12, 15, 3, -1, -1, -1, -1, -1, 2, -1]
    animalpose = [0, 1, -1, 13, 14, 15, 16, 19, 5, 6, 7, 8, -1, -1, 9, 10, 11, 12, -1, -1, 3, 4, -1, -1, 2, -1]
    for name, rows in (("ap10k", ap10k), ("animalpose", animalpose)):
        table = KEYPOINT_SETS[name].superset
        assert [table.index(i) if i in table else -1 for i in range(26)] == rows


def test_animal3d_and_animal_world_begin_alike() -> None:
    assert KEYPOINT_SETS["animal3d"].superset == tuple(range(26))
    assert KEYPOINT_SETS["animal_world"].superset[:26] == tuple(range(26))
    assert KEYPOINT_SETS["animal_world"].unmapped == ()
    assert set(KEYPOINT_SETS["awa"].unmapped) == {f"{s}_antler_{e}" for s in ("left", "right") for e in ("base", "end")}


def test_names_and_indices() -> None:
    stanford = keypoint_set("Stanford-Extra")
    assert stanford.index("left front leg: top") == 2
    assert SUPERSET[stanford.superset[2]] == "left_elbow"
    assert stanford.index("left elbow") == 2  # our own name for it
    ap10k = keypoint_set("AP-10K")
    assert ap10k.name == "ap10k"
    assert SUPERSET[ap10k.superset[ap10k.index("L_Elbow")]] == "left_wrist"  # the set's own elbow, not ours
    for wrong in ("antler", "left hip"):
        with pytest.raises(KeypointError, match="stanford_extra has no point"):
            stanford.index(wrong)
    with pytest.raises(KeypointError, match="known sets are"):
        keypoint_set("coco")
    with pytest.raises(KeypointError, match="24 points"):
        stanford.to_superset(np.zeros((23, 2)))


def test_projects_of_other_tools() -> None:
    project = from_names(["Nose", "leftEar", "left_ear_base", "tailbase", "implant", "Paw_FL"])
    assert [SUPERSET[i] if i >= 0 else None for i in project.superset] == [
        "nose", None, "left_ear_base", "tail_base", None, None
    ]  # fmt: skip
    assert project.unmapped == ("leftEar", "implant", "Paw_FL")
    with pytest.raises(KeypointError, match="twice"):
        from_names(["nose", "nose"])


@given(st.sampled_from([s for s in SETS if s.name not in ("apt36k", "aptv2", "superanimal_quadruped")]), st.randoms())
def test_a_list_of_names_is_recognised_in_any_order(chosen: KeypointSet, random) -> None:
    names = list(chosen.points)
    random.shuffle(names)
    found = set_of(names)
    assert found.name == chosen.name and found.points == tuple(names)
    assert all(found.superset[i] == chosen.superset[chosen.points.index(n)] for i, n in enumerate(names))


# -- what real annotations show -----------------------------------------------------------------------------


@pytest.mark.data
def test_names_are_those_of_the_data(shared_data: Path) -> None:
    awa = json.loads((shared_data / "keypoints2d/awa_pose/dataset.json").read_text())
    assert tuple(awa["categories"][0]["keypoints"]) == KEYPOINT_SETS["awa"].points
    ap10k = json.loads((shared_data / "photos/ap10k/test_ap10k.json").read_text())
    assert tuple(ap10k["categories"][0]["keypoints"]) == KEYPOINT_SETS["ap10k"].points
    with (shared_data / "photos/stanford_extra/keypoint_definitions.csv").open() as stream:
        names = tuple(row["Name"] for row in csv.DictReader(stream))
    assert names == KEYPOINT_SETS["stanford_extra"].points


@pytest.mark.data
def test_awa_ends_lie_where_the_table_says(shared_data: Path) -> None:
    awa = json.loads((shared_data / "keypoints2d/awa_pose/dataset.json").read_text())
    rows = np.array([a["keypoints"] for a in awa["annotations"]], float).reshape(-1, 39, 3)
    points = KEYPOINT_SETS["awa"].to_superset(np.where(rows[..., 2:] > 0, rows[..., :2], np.nan))
    place = {name: i for i, name in enumerate(SUPERSET)}

    def share_nearer(to: str, near: str, far: str) -> float:
        first = np.linalg.norm(points[:, place[to]] - points[:, place[near]], axis=1)
        second = np.linalg.norm(points[:, place[to]] - points[:, place[far]], axis=1)
        known = np.isfinite(first + second)
        return float((first < second)[known].mean())

    for to, near, far in (
        ("nose", "nape", "neck_base"), ("left_ear_base", "nape", "neck_base"), ("chin", "throat_top", "throat_base"),
        ("nose", "withers", "back_end"), ("tail_base", "back_end", "withers"), ("left_front_paw", "left_wrist", "left_elbow"),
        ("right_hind_paw", "right_ankle", "right_knee"), ("left_eye", "left_ear_base", "left_ear_tip"),
    ):  # fmt: skip
        assert share_nearer(to, near, far) > 0.9, (to, near, far)


@pytest.mark.data
@pytest.mark.parametrize("clip", ["rs_dog", "cows", "camel", "bear"])
def test_badja_sides(shared_data: Path, clip: str) -> None:
    """An animal whose nose points to the left of the picture shows its left side: those legs are hidden less often."""
    frames = json.loads((shared_data / f"keypoints2d/badja/{clip}.json").read_text())
    joints = np.array([f["joints"] for f in frames], float)[..., ::-1]
    visible = np.array([f["visibility"] for f in frames])
    xy = np.where(visible[..., None], joints, np.nan)
    badja = KEYPOINT_SETS["badja"]
    to_left = np.nanmean(xy[:, badja.index("nose"), 0]) < np.nanmean(xy[:, badja.index("tail_base"), 0])
    seen = {
        side: visible[:, [i for i, p in enumerate(badja.points) if p.startswith(f"{side}_") and "ear" not in p]].mean()
        for side in ("left", "right")
    }
    assert (seen["left"] > seen["right"]) == to_left
