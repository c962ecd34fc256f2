"""Metrics against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.server.evaluate import metrics

NAN = float("nan")
TRUTH = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [NAN, NAN]]
FOUND = [[3.0, 4.0], [10.0, 11.0], [NAN, NAN], [7.0, 7.0]]


def test_point_errors_by_hand() -> None:
    errors = metrics.point_errors(FOUND, TRUTH)
    assert errors[0] == 5.0 and errors[1] == 11.0 and math.isinf(errors[2]) and math.isnan(errors[3])


def test_pck_counts_a_missing_prediction_as_a_miss_and_a_missing_truth_not_at_all() -> None:
    assert metrics.pck(FOUND, TRUTH, 100.0, 0.1) == pytest.approx(1 / 3)
    assert metrics.pck(FOUND, TRUTH, 110.0, 0.1) == pytest.approx(2 / 3)  # exactly on the threshold counts
    assert math.isnan(metrics.pck([[0, 0]], [[NAN, NAN]], 1.0))


def test_pck_by_its_three_lengths() -> None:
    mask = np.zeros((100, 200), dtype=bool)
    mask[:40, :40] = True  # 40 px
    assert metrics.pck_mask([[4.1, 0]], [[0, 0]], mask) == 0.0
    assert metrics.pck_mask([[3.9, 0]], [[0, 0]], mask) == 1.0
    assert metrics.pck_image([[19.9, 0]], [[0, 0]], 200, 100) == 1.0
    assert metrics.pck_image([[20.1, 0]], [[0, 0]], 200, 100) == 0.0
    assert metrics.pck_box([[5.9, 0]], [[0, 0]], (10, 10, 40, 70)) == 1.0
    assert metrics.pck_box([[6.1, 0]], [[0, 0]], (10, 10, 40, 70)) == 0.0


def test_an_empty_mask_has_no_pck() -> None:
    with pytest.raises(ValueError, match="length"):
        metrics.pck_mask([[0, 0]], [[0, 0]], np.zeros((4, 4), dtype=bool))


def test_auc_of_a_step() -> None:
    # One point, 0.25 lengths off: found at 75 of the 100 thresholds 0, 1/99, …, 1 (those from 25/99 on).
    assert metrics.pck_auc([[25.0, 0.0]], [[0.0, 0.0]], 100.0) == pytest.approx(0.75)


def test_iou_by_hand() -> None:
    a, b = np.zeros((4, 4), dtype=bool), np.zeros((4, 4), dtype=bool)
    a[:2], b[1:3] = True, True
    assert metrics.mask_iou(a, b) == pytest.approx(4 / 12)
    assert math.isnan(metrics.mask_iou(a & ~a, b & ~b))
    with pytest.raises(ValueError, match="shapes"):
        metrics.mask_iou(a, b[:2])


@given(seed=st.integers(0, 10**6), n=st.integers(4, 20), scale=st.floats(0.1, 10.0))
def test_alignment_finds_the_similarity(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    source, t = rng.normal(size=(n, 3)), rng.normal(size=3)
    R = matrix_from_axis_angle(rng.normal(size=3))
    target = scale * source @ R.T + t
    source[0] = np.nan
    found_scale, found_R, found_t = metrics.similarity_alignment(source, target)
    if n > 4:  # three points leave no choice of rotation either, but may lie nearly on a line
        assert found_scale == pytest.approx(scale, rel=1e-6)
        np.testing.assert_allclose(found_R, R, atol=1e-6)
        np.testing.assert_allclose(found_t, t, atol=1e-6 * (1 + scale))
    assert metrics.pa_mpjpe(source, target) == pytest.approx(0.0, abs=1e-6)


def test_a_mirrored_animal_is_not_aligned_away() -> None:
    points = np.random.default_rng(0).normal(size=(12, 3))
    mirrored = points * [1, -1, 1]
    _, R, _ = metrics.similarity_alignment(mirrored, points)
    assert np.linalg.det(R) == pytest.approx(1.0)
    assert metrics.pa_mpjpe(mirrored, points) > 0.3


def test_pa_mpjpe_by_hand() -> None:
    # A square whose corners move outward alternately along z: no similarity can undo it, every corner is 0.1 off
    # but for the scale, which shrinks by 1 / (1 + 0.01) in the least-squares sense.
    truth = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]], dtype=float)
    found = truth + [[0, 0, 0.1], [0, 0, -0.1], [0, 0, 0.1], [0, 0, -0.1]]
    s = 1 / 1.01
    assert metrics.pa_mpjpe(found, truth) == pytest.approx(math.hypot(1 - s, 0.1 * s))
    assert metrics.s_mpjpe(found, truth) == pytest.approx(math.hypot(1 - s, 0.1 * s))
    assert math.isnan(metrics.pa_mpjpe(truth[:2], truth[:2]))


def test_s_mpjpe_keeps_a_wrong_orientation() -> None:
    truth = np.array([[1, 0, 0], [-1, 0, 0]], dtype=float)
    assert metrics.s_mpjpe(-truth, truth) == pytest.approx(1.0)  # the best non-negative scale is 0
    assert metrics.s_mpjpe(3 * truth + 5, truth) == pytest.approx(0.0)


def test_oks_by_hand() -> None:
    # d = 2σ·sqrt(area) gives exp(-1/2).
    assert metrics.oks([[1.0, 0.0]], [[0.0, 0.0]], 100.0, 0.05) == pytest.approx(math.exp(-0.5))
    assert metrics.oks(FOUND[2:3], TRUTH[2:3], 100.0, 0.05) == 0.0
    assert math.isnan(metrics.oks([[0, 0]], [[NAN, NAN]], 1.0, 0.05))
    assert len(metrics.AP10K_SIGMAS) == 17


def test_average_precision_by_hand() -> None:
    # Two truths; ranked detections: hit, miss, hit. Precision 1 up to recall 1/2, then 2/3.
    ap = metrics.average_precision([0.9, 0.8, 0.7], [[0.9, 0.1], [0.2, 0.3], [0.1, 0.8]], [0, 0, 0], {0: 2}, 0.5)
    assert ap == pytest.approx((51 * 1.0 + 50 * 2 / 3) / 101)
    # A second detection of one truth is a false one.
    twice = metrics.average_precision([0.9, 0.8], [[0.9], [0.95]], [3, 3], {3: 1, 4: 1}, 0.5)
    assert twice == pytest.approx(51 / 101)
    assert metrics.average_precision([], [], [], {0: 1}, 0.5) == 0.0
    assert math.isnan(metrics.average_precision([], [], [], {}, 0.5))
