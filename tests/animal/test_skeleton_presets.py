"""Skeletons of the public sets, guesses for other names, and skeleton files that users write."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.anatomy import PARTS, TREE, connect, part_of, side_of
from bestiary.animal.keypoint_sets import KEYPOINT_SETS
from bestiary.animal.skeleton import MAX_JOINTS, Skeleton
from bestiary.animal.skeleton_presets import (
    PRESETS,
    RAT23,
    guess_skeleton,
    load_skeleton,
    preset,
    preset_of,
    skeleton_of,
)
from bestiary.animal.tracks import TracksError

SIZES = {
    "ap10k": 17,
    "animalpose": 20,
    "stanford_extra": 24,
    "animal3d": 26,
    "animal_kingdom": 23,
    "animal_world": 30,
    "awa": 39,
    "superset": 44,
    "badja": 20,
    "rat23": 23,
    "superanimal_quadruped": 39,
    "superanimal_topviewmouse": 27,
}


def parent(skeleton: Skeleton, name: str) -> str:
    above = skeleton.parents[skeleton.names.index(name)]
    return "" if above < 0 else skeleton.names[above]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_trees_that_are_the_same_on_both_sides(name: str) -> None:
    skeleton = preset(name)
    assert len(skeleton) == SIZES.get(name, len(skeleton))
    for joint, other in enumerate(skeleton.mirror):
        above, beyond = skeleton.parents[joint], skeleton.parents[other]
        if above >= 0:
            assert skeleton.mirror[above] == beyond, (skeleton.names[joint], skeleton.names[other])
    assert skeleton.sides[skeleton.root] == 0
    crossing = [
        (skeleton.names[a], skeleton.names[b]) for a, b in skeleton.bones if skeleton.sides[a] * skeleton.sides[b] < 0
    ]
    assert not crossing


@pytest.mark.parametrize("name", [name for name in SIZES if name in KEYPOINT_SETS and name != "badja"])
def test_presets_have_every_point_of_their_set(name: str) -> None:
    assert preset(name).names == KEYPOINT_SETS[name].points


def test_the_bones_are_those_of_an_animal() -> None:
    ap10k = preset("AP-10K")
    for joint, above in {
        "left_back_paw": "left_knee",
        "left_knee": "left_hip",
        "left_hip": "root_of_tail",
        "left_front_paw": "left_elbow",
        "left_elbow": "left_shoulder",
        "left_shoulder": "neck",
        "nose": "neck",
        "left_eye": "nose",
        "neck": "root_of_tail",
        "root_of_tail": "",
    }.items():
        assert parent(ap10k, joint) == above
    awa = preset("awa")
    for joint, above in {
        "right_antler_end": "right_antler_base",
        "back_left_paw": "back_left_knee",
        "back_left_knee": "back_left_thai",
        "tail_end": "tail_base",
        "neck_base": "neck_end",
        "neck_end": "back_base",
        "back_base": "back_middle",
    }.items():
        assert parent(awa, joint) == above
    rat = preset("rat23")
    for joint, above in {
        "HandL": "WristL",
        "FootR": "AnkleR",
        "SpineF": "SpineM",
        "SpineM": "SpineL",
        "TailBase": "SpineL",
        "EarL": "Snout",
        "SpineL": "",
        "HipL": "SpineL",
        "ShoulderR": "SpineF",
    }.items():
        assert parent(rat, joint) == above
    assert rat.names == RAT23 and rat.sides[rat.names.index("SpineL")] == 0
    mouse = preset("superanimal_topviewmouse")
    assert parent(mouse, "tail_end") == "tail5" and parent(mouse, "mid_backend") == "mid_backend2"


def test_badja_has_what_was_annotated() -> None:
    badja = preset("badja")
    assert "row_0" not in badja.names
    assert parent(badja, "left_hind_paw") == "left_ankle" and parent(badja, "tail_tip") == "tail_middle"


def test_names_of_a_set_are_known_in_any_order_and_spelling() -> None:
    found = preset_of([name.upper().replace("_", " ") for name in reversed(preset("ap10k").names)])
    assert found is not None and found[0] in ("ap10k", "apt36k", "aptv2")
    assert found[1].names[0] == "RIGHT BACK PAW" and parent(found[1], "LEFT EYE") == "NOSE"
    assert preset_of(["a", "b"]) is None
    with pytest.raises(TracksError, match="No skeleton is called 'ap11k'"):
        preset("ap11k")


@given(st.lists(st.sampled_from(PARTS), min_size=1, unique=True))
def test_any_parts_hang_together(parts: list[str]) -> None:
    bones, root = connect(parts)
    assert root in parts and len(bones) == len(parts) - 1
    skeleton = Skeleton.from_edges(parts, [(parts.index(a), parts.index(b)) for a, b in bones], parts.index(root))
    assert len(skeleton.bones) == len(bones)
    if any(side_of(part) == 0 for part in parts):
        for a, b in bones:
            assert side_of(a) * side_of(b) >= 0, (a, b)


def test_the_tree_of_parts_is_whole() -> None:
    bones, _ = connect(PARTS)
    assert {frozenset(bone) for bone in bones} == {frozenset((part, above)) for part, (above, _) in TREE.items()}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("L_F_Paw", "left_front_paw"),
        ("leftbackpaw", "left_hind_paw"),
        ("earR", "right_ear_base"),
        ("LFpaw", "left_front_paw"),
        ("Nearhindhock", "left_ankle"),
        ("offfrontfetlock", "right_front_fetlock"),
        ("spine_mid", "back_middle"),
        ("tailbase", "tail_base"),
        ("Tail end", "tail_tip"),
        ("SpineL", "back_end"),
        ("HandL", "left_front_paw"),
        ("FootR", "right_hind_paw"),
        ("snout", "nose"),
        ("mouse_center", "back_middle"),
        ("head_midpoint", "forehead"),
        ("front_left_thai", "left_shoulder"),
        ("thorax", "chest"),
        ("all", None),
        ("paw", None),
        ("elbow", None),
        ("tail3", None),
        ("left_spine", None),
        ("", None),
        ("???", None),
    ],
)
def test_what_names_mean(name: str, part: str | None) -> None:
    assert part_of(name) == part


def test_horse_people_call_the_wrist_a_knee() -> None:
    guessed = guess_skeleton(["withers", "left_knee", "left_front_hoof", "left_stifle", "left_hock", "croup"])
    assert parent(guessed, "left_knee") == "withers" and parent(guessed, "left_front_hoof") == "left_knee"
    assert parent(guessed, "left_hock") == "left_stifle"


def test_counted_joints_stand_in_a_row() -> None:
    guessed = guess_skeleton(["snout", "spine1", "spine2", "spine3", "tailbase", "tail2", "tail1", "tailend"])
    chain = ["tailend", "tail2", "tail1", "tailbase", "spine3"]
    assert [parent(guessed, a) for a in chain[:-1]] == chain[1:]
    assert parent(guessed, "snout") == "spine1" and parent(guessed, "spine1") == "spine2"


def test_a_row_counted_from_the_tail_is_turned_round() -> None:
    names = ["snout", "spine1", "spine2", "spine3", "tailbase"]
    places = np.array([0.0, 30, 20, 10, 40])
    points = np.stack([places, np.zeros(5)], axis=-1)[None] + np.arange(4)[:, None, None]
    guessed = guess_skeleton(names, points)
    assert parent(guessed, "snout") == "spine3" and parent(guessed, "tailbase") == "spine1"


def test_unknown_names_are_joined_by_bones_that_keep_their_length() -> None:
    """A two-link arm that swings past another point, which is nearer at times but never at one distance."""
    time = np.linspace(0, 6, 60)
    upper = np.stack([np.cos(time), np.sin(time)], axis=-1) * 10
    lower = upper + np.stack([np.cos(2 * time), np.sin(2 * time)], axis=-1) * 8
    points = np.stack([np.zeros((60, 2)), upper, lower], axis=1)
    guessed = guess_skeleton(["qa", "qb", "qc"], points)
    assert guessed.adjacency[0, 1] and guessed.adjacency[1, 2] and not guessed.adjacency[0, 2]
    points[::2, 1] = np.nan
    assert guess_skeleton(["qa", "qb", "qc"], points).adjacency[1, 2]


def test_known_bones_go_first() -> None:
    assert guess_skeleton(["nose", "withers", "tail_base"], bones=[(0, 2)]).adjacency[0, 2]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True), st.integers(0, 3))
def test_a_guess_is_always_a_tree(names: list[str], frames: int) -> None:
    points = np.random.default_rng(frames).normal(size=(frames, len(names), 2)) if frames else None
    if points is not None:
        points[:, 0] = np.nan
    guessed = guess_skeleton(names, points)
    assert guessed.names == tuple(names) and len(guessed.bones) == len(names) - 1


# --- files ------------------------------------------------------------------------------------------------------------

GOOD = {"names": ["hip", "knee", "paw"], "bones": [["hip", "knee"], ["knee", "paw"]], "root": "hip"}


def test_a_skeleton_file(tmp_path: Path) -> None:
    path = tmp_path / "leg.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    assert load_skeleton(path).parents == (-1, 0, 1)
    for other in (
        {"names": ["hip", "knee", "paw"], "edges": [[2, 1], [0, 1]], "root": 0},
        {"names": ["hip", "knee", "paw"], "parents": [None, "hip", 1]},
        {"names": ["hip", "knee", "paw"], "parents": [-1, 0, 1], "root": "hip"},
    ):
        assert skeleton_of(other).parents == (-1, 0, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bones": [["hip", "knee"], ["knee", "paw"], ["paw", "hip"]]}, "from 'paw' to 'hip' closes a circle"),
        ({"bones": [["hip", "hip"], ["knee", "paw"]]}, "closes a circle"),
        ({"bones": [["hip", "knee"], ["knee", "hip"], ["knee", "paw"]]}, "occurs twice"),
        ({"bones": [["hip", "knee"]]}, "no bone leads from 'hip' to paw: these joints have no parent"),
        ({"bones": [["hip", "elbow"]]}, "'elbow', which is not among the names"),
        ({"bones": [["hip", 3]]}, "joint 3, of 3"),
        ({"bones": [["hip", True]]}, "not a name or a number"),
        ({"bones": [["hip"]]}, "bone 1 is no pair"),
        ({"bones": None}, "'bones' must be a list"),
        ({"root": "tail"}, "the root is 'tail'"),
        ({"parents": [None, None, 1]}, "one root, this one has 2: hip, knee"),
        ({"parents": ["paw", "hip", "knee"]}, "in a circle"),
        ({"parents": ["tail", "hip", "knee"]}, "the parent of 'hip' is 'tail'"),
        ({"parents": [None, "hip"]}, "one entry for each of 3"),
        ({"parents": [None, "hip", "knee"], "root": "paw"}, "'hip' is the joint without a parent"),
        ({"names": ["hip", "hip", "paw"]}, "two joints are called 'hip'"),
        ({"names": []}, "joints, not 0"),
        ({"names": [1, 2, 3]}, "list of joint names"),
        ({"names": [str(i) for i in range(MAX_JOINTS + 1)]}, f"not {MAX_JOINTS + 1}"),
    ],
)
def test_a_skeleton_file_that_is_none(change: dict, words: str) -> None:
    with pytest.raises(TracksError, match=words) as caught:
        skeleton_of({**GOOD, **change})
    assert '"bones"' in caught.value.advice


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["names", "bones", "parents", "root"]), inner)
        ),
    )
)
def test_any_json_is_a_skeleton_or_a_message(value: object) -> None:
    try:
        skeleton_of(value)
    except TracksError as error:
        assert error.message.endswith(".") and error.advice


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff\xfe\x00", b"[" * 100_000, b"1" * (1 << 21)])
def test_a_file_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "skeleton.json"
    path.write_bytes(content)
    with pytest.raises(TracksError):
        load_skeleton(path)
