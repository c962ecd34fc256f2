"""Lifting errors forgive what the paper forgives (place, size, turn) and nothing else: not a mirror image, not a drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.animal.skeleton import Skeleton
from bestiary.server.evaluate import lift_metrics as metrics

ANIMAL = Skeleton(("spine", "head", "left_hip", "right_hip", "left_paw", "right_paw"), (-1, 0, 0, 0, 2, 3))
REST = np.array([[0, 0, 0], [400, 0, 120], [-300, 90, -30], [-300, -90, -30], [-260, 110, -330], [-340, -110, -330.0]])
ERRORS = (metrics.sa_mpjpe, metrics.fa_mpjpe, metrics.sa_mpve)


def clip(seed: int, frames: int = 7) -> np.ndarray:
    """A walk-like motion in millimetres that also turns and travels, (F, 6, 3)."""
    rng = np.random.default_rng(seed)
    moved = REST + rng.normal(scale=40, size=(frames, 6, 3)).cumsum(axis=0)
    turns = matrix_from_axis_angle(np.linspace(0, 1, frames)[:, None] * rng.normal(size=3))
    return moved @ np.swapaxes(turns, -1, -2) + rng.normal(scale=300, size=(frames, 1, 3))


def noisy(truth: np.ndarray, seed: int, size: float = 25.0) -> np.ndarray:
    return truth + np.random.default_rng(seed + 1000).normal(scale=size, size=truth.shape)


seeds = st.integers(0, 2**31)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_the_truth_itself_has_no_error(seed: int):
    truth = clip(seed)
    assert all(error(truth, truth) == pytest.approx(0, abs=1e-6) for error in (*ERRORS, metrics.camera_mpjpe))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, size=st.floats(1e-3, 1e3))
def test_one_turn_one_size_and_any_path_are_forgiven(seed: int, size: float):
    truth, rng = clip(seed), np.random.default_rng(seed)
    predicted = noisy(truth, seed)
    turn = matrix_from_axis_angle(rng.normal(size=3))
    moved = size * predicted @ turn.T + rng.normal(scale=1000, size=(len(truth), 1, 3))
    for error in ERRORS:
        assert error(moved, truth) == pytest.approx(float(error(predicted, truth)), rel=1e-6)
    camera = metrics.camera_mpjpe(predicted, truth)
    assert metrics.camera_mpjpe(size * predicted + rng.normal(scale=1000, size=(len(truth), 1, 3)), truth) == pytest.approx(float(camera))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, axis=st.sampled_from([0, 1, 2]))
def test_a_mirror_image_is_not_forgiven(seed: int, axis: int):
    truth = clip(seed)
    mirrored = truth * np.where(np.arange(3) == axis, -1, 1)
    assert min(error(mirrored, truth) for error in (metrics.sa_mpjpe, metrics.fa_mpjpe)) > 10


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_fewer_freedoms_never_fit_better(seed: int):
    """In the squared error that the alignments minimise; a mean distance could differ by little."""
    truth = clip(seed)
    predicted = noisy(truth, seed, 80)
    squares = []
    for align in (metrics.frame_aligned, metrics.sequence_aligned, metrics.camera_aligned):
        both = align(predicted, truth)
        squares.append(float(((both.predicted - both.truth) ** 2).sum()))
    assert squares[0] <= squares[1] * (1 + 1e-9) <= squares[2] * (1 + 2e-9)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_many_clips_at_once_are_as_one_by_one(seed: int):
    truth = np.stack([clip(seed + k) for k in range(4)]).reshape(2, 2, 7, 6, 3)
    predicted = noisy(truth, seed)
    predicted[0, 1, 2:4, 3] = np.nan
    for error in (*ERRORS, metrics.camera_mpjpe):
        whole = error(predicted, truth)
        assert whole.shape == (2, 2)
        assert whole == pytest.approx(np.array([[error(predicted[i, j], truth[i, j]) for j in (0, 1)] for i in (0, 1)]))


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_what_is_masked_or_missing_does_not_count(seed: int):
    truth, rng = clip(seed), np.random.default_rng(seed)
    predicted = noisy(truth, seed)
    hidden = rng.random(truth.shape[:2]) < 0.2
    spoilt, lost, unknown = predicted.copy(), predicted.copy(), truth.copy()
    spoilt[hidden] = 1e6
    lost[hidden] = np.nan
    unknown[hidden] = np.nan
    for error in ERRORS:
        values = [float(v) for v in (error(spoilt, truth, ~hidden), error(lost, truth), error(predicted, unknown))]
        assert values[1:] == pytest.approx(values[:1] * 2)


def test_values_worked_out_by_hand():
    square = np.array([[1, 1, 0], [1, -1, 0], [-1, -1, 0], [-1, 1, 0.0]])
    truth = np.stack([square, square])
    wider = np.stack([square, 2 * square])
    # One scale s for both frames: s (1·8 + 2·8) = s² (8 + 32), so s = 0.6; errors 0.4 √2 and 0.2 √2.
    assert metrics.sa_mpjpe(wider, truth) == pytest.approx(0.3 * np.sqrt(2))
    assert metrics.fa_mpjpe(wider, truth) == pytest.approx(0, abs=1e-9)
    # The aligned corners move by 0.6 √2 from frame to frame, the true ones not at all.
    assert metrics.sa_mpve(wider, truth) == pytest.approx(0.6 * np.sqrt(2))
    # A quarter turn of every frame is found by the rotation, and is all that camera_mpjpe sees.
    turned = truth[..., [1, 0, 2]] * [-1, 1, 1]
    assert metrics.sa_mpjpe(turned, truth) == pytest.approx(0, abs=1e-9)
    assert metrics.camera_mpjpe(turned, truth) == pytest.approx(np.sqrt(2))  # nothing in common: the scale is 0
    # Half a turn between the frames: no one rotation fits both, so the best scale is 0. A quarter: 45 degrees off in each.
    assert metrics.sa_mpjpe(np.stack([square, -square]), truth) == pytest.approx(np.sqrt(2))
    quarter = np.stack([square, square[[1, 2, 3, 0]]])
    assert metrics.sa_mpjpe(quarter, truth) == pytest.approx(1)
    assert metrics.fa_mpjpe(quarter, truth) == pytest.approx(0, abs=1e-9)


def test_a_rotating_frame_of_reference_is_seen_by_the_sequence_and_not_by_the_frame():
    truth = np.repeat(REST[None], 20, axis=0)
    turns = matrix_from_axis_angle(np.linspace(0, 2, 20)[:, None] * [0.0, 0.0, 1.0])
    spinning = truth @ np.swapaxes(turns, -1, -2)
    assert metrics.fa_mpjpe(spinning, truth) == pytest.approx(0, abs=1e-6)
    assert metrics.sa_mpjpe(spinning, truth) > 50 and metrics.sa_mpve(spinning, truth) > 5


def test_joint_errors_name_the_joint_that_is_off():
    truth = np.repeat(REST[None], 5, axis=0)
    predicted = truth.copy()
    predicted[:, 4, 2] += 60
    predicted[:, 1] = np.nan
    errors = metrics.joint_errors(metrics.sequence_aligned(predicted, truth))
    assert np.nanargmax(errors) == 4 and np.isnan(errors[1])


def test_bones_that_breathe_and_joints_that_shake_are_measured():
    still = np.repeat(REST[None], 9, axis=0)
    assert metrics.bone_variation(still, ANIMAL.bones) == 0 and metrics.jitter(still) == 0
    breathing = still * np.where(np.arange(9) % 2, 1.1, 0.9)[:, None, None]
    assert metrics.bone_variation(breathing, ANIMAL.bones) == pytest.approx(0.1, rel=0.02)
    gliding = still + np.linspace(0, 500, 9)[:, None, None]
    assert metrics.jitter(gliding) == pytest.approx(0, abs=1e-9)  # where the animal is does not count
    shaking = still.copy()
    shaking[::2, 4, 2] += 6
    # Joint 4 alternates by 6: it turns by 12 a frame², a sixth of which the mean of the six joints takes along.
    assert metrics.jitter(shaking) == pytest.approx((12 * 5 / 6 + 5 * 2) / 6)


def test_an_animal_that_turns_into_its_mirror_image_is_counted():
    truth = clip(3, 40)
    mirrored = truth[:, ANIMAL.mirror]
    assert metrics.swapped_share(truth, truth, ANIMAL.mirror) == 0
    assert metrics.swapped_share(mirrored, truth, ANIMAL.mirror) == 1
    steady = np.repeat(REST[None], 40, axis=0) + np.random.default_rng(0).normal(scale=3, size=(40, 6, 3))
    assert metrics.side_flips(steady, ANIMAL.mirror) == 0
    flipping = steady.copy()
    flipping[10:20] = steady[10:20][:, ANIMAL.mirror]
    assert metrics.side_flips(flipping, ANIMAL.mirror) == pytest.approx(100 * 2 / 39)
    inside_out = steady.copy()
    inside_out[25:] *= [1, -1, 1]  # a depth read the wrong way round
    assert metrics.side_flips(inside_out, ANIMAL.mirror) == pytest.approx(100 / 39)


def test_what_cannot_be_measured_is_nan():
    one = clip(0, 1)
    assert np.isnan(metrics.sa_mpve(one, one)) and metrics.sa_mpjpe(one, one) == pytest.approx(0, abs=1e-6)
    nothing = np.full((4, 6, 3), np.nan)
    assert all(np.isnan(value) for value in metrics.score(nothing, nothing, ANIMAL).values())
    assert np.isnan(metrics.side_flips(clip(0), np.arange(6)))
    with pytest.raises(ValueError, match="frames, joints, 3"):
        metrics.sa_mpjpe(np.zeros((4, 6, 2)), np.zeros((4, 6, 2)))


def test_the_score_of_a_clip_has_every_number():
    truth = clip(5)
    found = metrics.score(noisy(truth, 5), truth, ANIMAL)
    assert all(np.isfinite(value) for value in found.values())
    assert 0 < found["fa_mpjpe"] <= found["sa_mpjpe"] * 1.05 and found["sa_percent"] < 20
