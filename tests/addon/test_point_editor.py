"""Placing points: order, skipping, undo, sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.addon.point_editor import PointEditor
from bestiary.addon.point_names import asking_order, shown_name
from bestiary.animal.keypoints import SUGGESTED_ORDER, SUPERSET, mirror_keypoint

pytestmark = pytest.mark.blender  # importing the add-on's package imports bpy


def test_asks_for_the_suggested_points_first_and_for_every_point_once():
    order = asking_order()
    assert order[: len(SUGGESTED_ORDER)] == SUGGESTED_ORDER
    assert sorted(order) == sorted(SUPERSET)
    assert asking_order(["chin", "nose"]) == ("nose", "chin")
    assert shown_name("left_front_paw") == "Left Front Paw"


def test_places_in_order_and_skips():
    editor = PointEditor(["nose", "chin", "belly"])
    assert editor.place(1, 2) == "nose"
    assert editor.skip() == "chin" and editor.is_skipped("chin")
    assert editor.place(3, 4) == "belly"
    assert editor.next_name is None and editor.place(5, 6) is None and editor.skip() is None
    editor.choose("chin")
    assert editor.place(7, 8) == "chin" and not editor.is_skipped("chin")
    assert editor.points == {"nose": (1, 2), "belly": (3, 4), "chin": (7, 8)}


def test_a_drag_is_one_step_of_undo():
    editor = PointEditor(["nose"], [("nose", (0.0, 0.0))])
    editor.begin_move()
    for x in range(5):
        editor.move("nose", x, x)
    assert editor.undo() and editor.points == {"nose": (0.0, 0.0)}
    assert editor.redo() and editor.points == {"nose": (4, 4)}
    assert not editor.redo()


def test_swapping_sides_keeps_the_midline():
    editor = PointEditor(SUPERSET, [("left_eye", (1, 1)), ("nose", (2, 2)), ("right_knee", (3, 3))])
    assert editor.swap_sides()
    assert editor.points == {"right_eye": (1, 1), "nose": (2, 2), "left_knee": (3, 3)}
    assert not PointEditor(SUPERSET, [("nose", (2, 2))]).swap_sides()


def test_nearest_stays_within_reach():
    editor = PointEditor(SUPERSET, [("nose", (10.0, 10.0)), ("chin", (14.0, 10.0))])
    assert editor.nearest(13, 10, 5) == "chin"
    assert editor.nearest(30, 30, 5) is None


def test_stepping_goes_round_the_points_that_are_left():
    editor = PointEditor(["nose", "chin", "belly"], [("chin", (0.0, 0.0))])
    editor.step(1)
    assert editor.next_name == "belly"
    editor.step(1)
    assert editor.next_name == "nose"
    full = PointEditor(["nose"], [("nose", (0.0, 0.0))])
    full.step(1)
    assert full.next_name is None


_ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.floats(0, 100), st.floats(0, 100)),
        st.tuples(st.just("skip")),
        st.tuples(st.just("swap_sides")),
        st.tuples(st.just("choose"), st.sampled_from(SUPERSET)),
        st.tuples(st.just("remove"), st.sampled_from(SUPERSET)),
    ),
    max_size=20,
)


@given(_ACTIONS)
def test_undo_takes_everything_back_and_redo_brings_it_again(actions):
    editor = PointEditor(asking_order())
    for name, *arguments in actions:
        getattr(editor, name)(*arguments)
    after, next_name = dict(editor.points), editor.next_name
    while editor.undo():
        pass
    assert not editor.points and editor.next_name == asking_order()[0]
    while editor.redo():
        pass
    assert editor.points == after and editor.next_name == next_name
    assert all(mirror_keypoint(name) in SUPERSET for name in editor.points)
