"""Skeletons: one tree or a message, whatever is handed in; parts of them; sides by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.skeleton import MAX_JOINTS, Skeleton, SkeletonError

LEG = Skeleton(("hip", "knee", "ankle", "paw"), (-1, 0, 1, 2))


def check_tree(skeleton: Skeleton) -> None:
    """Every joint leads to the root in fewer steps than there are joints."""
    assert sorted(skeleton.order) == list(range(len(skeleton)))
    for joint in range(len(skeleton)):
        for _ in range(len(skeleton)):
            if joint == skeleton.root:
                break
            joint = skeleton.parents[joint]
        assert joint == skeleton.root
    assert skeleton.bones.shape == (len(skeleton) - 1, 2)
    assert (skeleton.adjacency == skeleton.adjacency.T).all()
    assert skeleton.adjacency.sum() == len(skeleton) + 2 * (len(skeleton) - 1)


@pytest.mark.parametrize(
    ("names", "parents", "words"),
    [
        (("a", "b", "c"), (1, 2, 0), "circle"),
        (("a", "b", "c"), (-1, 2, 1), "circle: b, c"),
        (("a", "b"), (-1, -1), "one root, this one has 2: a, b"),
        (("a", "b"), (-1, 7), "parent of 'b' is joint 7"),
        (("a", "b"), (-1, -2), "parent of 'b'"),
        (("a", "b"), (-1,), "1 parents for 2 joints"),
        (("a", "a"), (-1, 0), "two joints are called 'a'"),
        ((), (), "not 0"),
        (tuple(map(str, range(MAX_JOINTS + 1))), (-1, *[0] * MAX_JOINTS), str(MAX_JOINTS + 1)),
    ],
)
def test_what_is_no_tree_is_named(names: tuple[str, ...], parents: tuple[int, ...], words: str) -> None:
    with pytest.raises(SkeletonError, match=words):
        Skeleton(names, parents)


@given(st.lists(st.integers(-3, 12), min_size=1, max_size=10))
def test_any_parents_are_a_tree_or_an_error(parents: list[int]) -> None:
    try:
        skeleton = Skeleton(tuple(map(str, range(len(parents)))), tuple(parents))
    except SkeletonError:
        return
    check_tree(skeleton)


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(-1, 12), st.integers(-1, 12)), max_size=30),
    st.none() | st.integers(-1, 12),
    st.none() | st.integers(0, 3),
)
def test_any_bones_make_a_tree_or_an_error(count: int, bones: list, root: int | None, missing: int | None) -> None:
    positions = None
    if missing is not None:
        positions = np.random.default_rng(count).normal(size=(count, 2))
        positions[:missing] = np.nan
    try:
        skeleton = Skeleton.from_edges([str(i) for i in range(count)], bones, root, positions)
    except SkeletonError:
        assert not all(0 <= end < count for bone in bones for end in bone) or (
            root is not None and not 0 <= root < count
        )
        return
    check_tree(skeleton)
    assert root is None or skeleton.root == root
    loose = {(a, b) for a, b in bones if a != b}
    if count == 1 or not loose:
        return
    first = bones[[bone in loose for bone in bones].index(True)]
    assert skeleton.adjacency[first[0], first[1]], "the first bone closes no circle and is kept"


def test_the_root_is_the_middle_of_the_tree_unless_given() -> None:
    chain = [(i, i + 1) for i in range(4)]
    assert Skeleton.from_edges("abcde", chain).root == 2
    assert Skeleton.from_edges("abcde", chain, root=4).parents == (1, 2, 3, 4, -1)


def test_joints_without_a_bone_are_joined_to_their_nearest() -> None:
    positions = np.array([[0.0, 0], [10, 0], [11, 0], [0, 1]])
    skeleton = Skeleton.from_edges("abcd", [(0, 1)], 0, positions)
    assert skeleton.parents == (-1, 0, 1, 0)
    assert Skeleton.from_edges("abcd", [(0, 1)], 0).parents == (-1, 0, 0, 0)


@given(st.integers(0, 10**6), st.integers(2, 20))
def test_part_of_a_skeleton_keeps_who_hangs_on_whom(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    whole = Skeleton(
        tuple(map(str, range(count))),
        tuple(int(rng.integers(-1 if i == 0 else 0, max(i, 0))) if i else -1 for i in range(count)),
    )
    joints = rng.permutation(count)[: rng.integers(1, count + 1)].tolist()
    part = whole.keep(joints)
    check_tree(part)
    assert part.names == tuple(whole.names[j] for j in joints)

    def above(joint: int) -> set[int]:
        found = set()
        while whole.parents[joint] >= 0:
            joint = whole.parents[joint]
            found.add(joint)
        return found

    for new, joint in enumerate(joints):
        kept = above(joint) & set(joints)
        if kept:
            assert joints[part.parents[new]] in kept


def test_keeping_both_ends_of_a_leg() -> None:
    assert LEG.keep([3, 0]).parents == (1, -1)
    assert LEG.keep([0, 1, 2, 3]) == LEG


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left_paw", "right_paw"),
        ("Left front leg: paw", "Right front leg: paw"),
        ("Paw.L", "Paw.R"),
        ("EarL", "EarR"),
        ("LLeg1", "RLeg1"),
        ("leftear", "rightear"),
        ("l_ear", "r_ear"),
        ("Eye_Left", "Eye_Right"),
        ("front_left_thai", "front_right_thai"),
    ],
)
def test_sides_are_read_from_names(left: str, right: str) -> None:
    skeleton = Skeleton(("spine", right, left), (-1, 0, 0))
    assert skeleton.sides.tolist() == [0, -1, 1]
    assert skeleton.mirror.tolist() == [0, 2, 1]


def test_a_side_without_its_counterpart_is_none() -> None:
    assert Skeleton(("spine", "left_ear", "tail"), (-1, 0, 0)).sides.tolist() == [0, 0, 0]
    assert Skeleton(("SpineL", "SpineM", "SpineF"), (-1, 0, 1)).sides.tolist() == [0, 0, 0]
