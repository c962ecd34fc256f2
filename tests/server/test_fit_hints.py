"""Hints that cannot be used are refused in words; odd ones are dropped with a warning; nothing slips through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.keypoints import INDEX, SUPERSET
from bestiary.server.engine import JobFailure
from bestiary.server.fit.hints import FitHints, check_hints, mask_box


def points(**named: tuple[float, float]) -> np.ndarray:
    array = np.full((len(SUPERSET), 3), np.nan)
    for name, (x, y) in named.items():
        array[INDEX[name]] = x, y, 1.0
    return array


def refusal(hints: FitHints) -> JobFailure:
    with pytest.raises(JobFailure) as caught:
        check_hints(hints, 100, 80, "the dog")
    assert caught.value.advice and "the dog" in caught.value.message
    return caught.value


def test_nothing_is_not_enough() -> None:
    assert refusal(FitHints()).code == "no_hints"
    assert refusal(FitHints(points(nose=(5, 5)))).code == "too_few_hints"
    assert refusal(FitHints(points(nose=(5, 5), chin=(5, 5), left_eye=(5.5, 5)))).code == "points_coincide"


def test_masks_that_do_not_fit() -> None:
    assert refusal(FitHints(mask=np.zeros((80, 100), bool))).code == "mask_empty"
    assert refusal(FitHints(mask=np.ones((100, 80), bool))).code == "mask_size"
    assert refusal(FitHints(mask=np.ones((80, 100, 3), bool))).code == "mask_size"


@pytest.mark.parametrize("box", [(5, 5, 5, 50), (200, 5, 300, 50), (np.nan, 0, 1, 1), (1, 2, 3)])
def test_boxes_that_hold_nothing(box: tuple[float, ...]) -> None:
    assert refusal(FitHints(box=np.array(box, dtype=float))).code in {"box", "box_empty"}


def test_a_box_drawn_from_any_corner_is_the_same() -> None:
    np.testing.assert_array_equal(check_hints(FitHints(box=np.array([60.0, 50, 10, 20])), 100, 80, "it").box, [10, 20, 60, 50])


def test_points_outside_are_left_out_with_a_warning_and_nan_is_missing() -> None:
    given_points = points(nose=(20, 20), chin=(40, 60), left_eye=(5000, 10))
    given_points[INDEX["right_eye"]] = np.nan, 3.0, 1.0
    evidence = check_hints(FitHints(given_points), 100, 80, "it")
    assert [SUPERSET[i] for i in np.flatnonzero(evidence.points[:, 2])] == ["chin", "nose"]
    assert len(evidence.warnings) == 1 and "left_eye" in evidence.warnings[0]


def test_mask_box_is_tight() -> None:
    mask = np.zeros((80, 100), bool)
    mask[10:20, 30:55] = True
    np.testing.assert_array_equal(mask_box(mask), [30, 10, 55, 20])


@given(st.lists(st.tuples(st.integers(0, 43), *[st.floats(allow_nan=True, allow_infinity=True)] * 3), max_size=20),
       st.one_of(st.none(), st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 4)))
def test_any_numbers_are_either_refused_or_made_finite(entries: list, box: tuple | None) -> None:
    array = np.full((len(SUPERSET), 3), np.nan)
    for i, *values in entries:
        array[i] = values
    try:
        evidence = check_hints(FitHints(array, None if box is None else np.array(box)), 100, 80, "it")
    except JobFailure:
        return
    assert np.isfinite(evidence.points).all() and np.isfinite(evidence.box).all() and evidence.size > 0
