"""What is done with clips as a whole, and the pieces of the solver: rates, loops, smoothing, fewer keys, contacts, legs that reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import walking_rigs
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.rotations import angle_between, matrix_from_axis_angle, quaternion_from_matrix
from bestiary.scene.retarget.contacts import find_contacts, ground_velocity
from bestiary.scene.retarget.cycles import cut_cycle, find_cycle
from bestiary.scene.retarget.feet import pinned, weights
from bestiary.scene.retarget.ik import reach_goals
from bestiary.scene.retarget.rates import at_rate, exact, samples
from bestiary.scene.retarget.reduction import keys_of_turns, keys_of_values
from bestiary.scene.retarget.rig_shape import RigError, RigMotion
from bestiary.scene.retarget.smoothing import smooth, smooth_motion, smooth_turns
from bestiary.scene.retarget.turns import continuous, mean_turn, unit, yaw_of


def made_up(frames: int = 41) -> RigMotion:
    return walking_rigs.shaking(walking_rigs.animal()[0], np.random.default_rng(4), frames)


# -- rates ----------------------------------------------------------------------------------------------------------


def test_thirty_to_twenty_four_is_exact() -> None:
    at, share = samples(31, 30.0, 24.0)
    np.testing.assert_array_equal(at[:6], [0, 1, 2, 3, 5, 6])
    np.testing.assert_allclose(share[:6], [0, 0.25, 0.5, 0.75, 0, 0.25], atol=0)
    assert at[-1] == 30 and share[-1] == 0 and len(at) == 25


@given(st.integers(1, 2000), st.sampled_from([12, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 120]),
       st.sampled_from([12, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60, 120]))
def test_new_frames_lie_within_the_clip(count: int, source: float, wanted: float) -> None:
    at, share = samples(count, source, wanted)
    times = (at + share) / float(exact(source))
    np.testing.assert_allclose(times, np.arange(len(at)) / float(exact(wanted)), atol=1e-9)
    assert (share >= 0).all() and (share < 1).all() and (at + share)[-1] <= count - 1
    assert (count - 1) / float(exact(source)) - times[-1] < 1 / float(exact(wanted)) + 1e-9


def test_there_and_back_is_the_same_motion() -> None:
    motion = made_up()
    back = at_rate(at_rate(motion, 60.0), 30.0)
    np.testing.assert_allclose(back.heads, motion.heads, atol=1e-9)
    np.testing.assert_allclose(back.frames, motion.frames)
    assert at_rate(motion, 30.0) is motion
    slow = at_rate(motion, 24.0)
    assert slow.fps == 24 and slow.frames[1] - slow.frames[0] == pytest.approx(1.25)
    neck, head = (motion.shape.index[name] for name in ("neck_0", "neck_1"))
    lengths = np.linalg.norm(slow.heads[:, head] - slow.heads[:, neck], axis=-1)
    np.testing.assert_allclose(lengths, lengths[0])


def test_rates_as_people_mean_them() -> None:
    assert exact(29.97002997) == exact(30000 / 1001) and exact(30000 / 1001).denominator == 1001
    assert exact(23.9999995) == 24
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(RigError, match="positive"):
            exact(bad)


# -- loops ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stay", [True, False])
def test_a_stride_is_found_and_cut(stay: bool) -> None:
    shape, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(shape, frames=100, stay=stay)
    cycle = find_cycle(motion, parts)
    assert cycle.end - cycle.start == 30 and cycle.apart < 1.0
    loop = cut_cycle(motion, cycle, parts)
    assert loop.cyclic and len(loop.frames) == 31
    np.testing.assert_allclose(loop.rotations[0], loop.rotations[-1], atol=1e-9)
    assert (loop.heads[-1] - loop.heads[0])[shape.index["spine_0"], 0] == pytest.approx(0.0 if stay else 1.0, abs=0.01)


def test_a_sloppy_stride_is_made_to_close() -> None:
    shape, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(shape, frames=70, stay=True)
    drift = matrix_from_axis_angle(np.linspace(0, 0.2, 70)[:, None, None] * np.random.default_rng(0).normal(size=(len(shape), 3)))
    sloppy = replace(motion, rotations=drift @ motion.rotations)
    loop = cut_cycle(sloppy, find_cycle(sloppy, parts), parts)
    np.testing.assert_allclose(loop.rotations[0], loop.rotations[-1], atol=1e-9)
    steps = np.degrees(angle_between(loop.rotations[1:], loop.rotations[:-1]))
    before = np.degrees(angle_between(sloppy.rotations[1:], sloppy.rotations[:-1]))
    assert steps.max() < before.max() + 3.0


def test_what_does_not_come_round_is_said() -> None:
    shape, parts = walking_rigs.animal()
    still, _ = walking_rigs.walk(shape, frames=5)
    with pytest.raises(RigError, match="frames"):
        find_cycle(still, parts)
    stands = replace(made_up(), rotations=np.broadcast_to(shape.axes, (41, *shape.axes.shape)))
    with pytest.raises(RigError, match="hardly moves"):
        find_cycle(stands, parts)
    half, _ = walking_rigs.walk(shape, frames=14)
    with pytest.raises(RigError, match="comes round"):
        find_cycle(half, parts)


# -- smoothing and keys -----------------------------------------------------------------------------------------------


def test_smoothing_moves_nothing_in_time_and_keeps_ends() -> None:
    values = np.sin(np.linspace(0, 3, 50))
    np.testing.assert_allclose(smooth(values[::-1], 3.0)[::-1], smooth(values, 3.0), atol=1e-12)
    np.testing.assert_allclose(smooth(np.arange(20.0), 4.0), np.arange(20.0), atol=1e-9)
    np.testing.assert_allclose(smooth(np.ones((3, 2)), 50.0), 1.0)
    wave = np.cos(2 * np.pi * np.arange(24) / 24)
    rounded = smooth(wave, 2.0, cyclic=True)
    np.testing.assert_allclose(np.roll(rounded, 5), smooth(np.roll(wave, 5), 2.0, cyclic=True), atol=1e-12)


def test_noise_goes_and_bones_keep_their_lengths() -> None:
    motion = made_up(60)
    rng = np.random.default_rng(0)
    noisy_turns = motion.rotations @ matrix_from_axis_angle(0.05 * rng.normal(size=motion.heads.shape))
    calm = smooth_turns(noisy_turns, 1.5)
    assert angle_between(calm, motion.rotations).mean() < 0.6 * angle_between(noisy_turns, motion.rotations).mean()
    done = smooth_motion(replace(motion, rotations=noisy_turns), 0.2)
    neck, head = (motion.shape.index[name] for name in ("spine_1", "spine_2"))
    lengths = np.linalg.norm(done.heads[:, head] - done.heads[:, neck], axis=-1)
    assert np.ptp(lengths) < 0.02 * lengths.mean()
    assert smooth_motion(motion, 0.0) is motion


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 10.0))
def test_fewer_keys_are_within_their_bound(seed: int, degrees: float) -> None:
    rng = np.random.default_rng(seed)
    time = np.arange(80.0)
    vectors = (rng.normal(size=(3, 1, 3)) * np.sin(time[None, :, None] * rng.uniform(0.02, 0.4, size=(3, 1, 1)))).sum(axis=0)
    turns = continuous(quaternion_from_matrix(matrix_from_axis_angle(vectors)))
    kept = keys_of_turns(turns, time, degrees)
    drawn = np.stack([np.interp(time, time[kept], turns[kept, i]) for i in range(4)], axis=1)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    off = 2 * np.degrees(np.arccos(np.clip(np.abs((drawn * turns).sum(axis=1)), 0, 1)))
    assert off.max() <= degrees + 1e-3 and kept[0] == 0 and kept[-1] == 79
    places = keys_of_values(vectors, time, 0.01)
    line = np.stack([np.interp(time, time[places], vectors[places, i]) for i in range(3)], axis=1)
    assert np.linalg.norm(line - vectors, axis=1).max() <= 0.01 + 1e-9


def test_what_stands_needs_two_keys() -> None:
    assert len(keys_of_values(np.ones((500, 3)), np.arange(500.0), 1e-6)) == 2
    assert list(keys_of_values(np.ones((1, 3)), np.zeros(1), 1e-6)) == [0]


# -- the solver's pieces ------------------------------------------------------------------------------------------------


def test_contacts_of_feet_on_ground_that_lies_and_ground_that_slides() -> None:
    shape, _ = walking_rigs.animal()
    for stay in (False, True):
        motion, stands = walking_rigs.walk(shape, frames=91, stay=stay)
        feet = motion.heads[:, [shape.index[f"{leg}_toes"] for leg in ("front_left", "front_right", "hind_left", "hind_right")]]
        found = find_contacts(feet, np.full(4, 0.05), 1.0, 30.0, motion.heads[:, 1])
        assert (found.feet == stands).mean() > 0.93
        np.testing.assert_allclose(found.velocity, [-1.0 if stay else 0.0, 0, 0], atol=0.05)
        assert found.ground == pytest.approx(0.0, abs=0.01)


def test_one_foot_that_scrapes_is_no_ground() -> None:
    speed = np.zeros((40, 4, 3))
    speed[:, 0, 0] = -2.0
    np.testing.assert_array_equal(ground_velocity(speed, np.ones((40, 4), dtype=bool)), 0.0)


def test_a_foot_is_pinned_and_let_go_smoothly() -> None:
    time = np.arange(60)
    path = np.stack([0.002 * time, 0 * time, 0.05 + 0 * time], axis=1)
    stands = (time >= 20) & (time < 35)
    goal, held = pinned(path, stands, 0.05, np.zeros(3), 30.0)
    assert np.ptp(goal[20:35, 0]) < 1e-12 and held[20:35].min() == 1
    assert np.abs(np.diff(goal[:, 0], n=2)).max() < 0.004
    np.testing.assert_allclose(goal[[0, -1]], path[[0, -1]], atol=1e-9)
    assert (np.abs(np.diff(weights(stands, 3.0))) < 0.5).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_legs_reach_what_they_can(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.2, 1.0, size=4)
    start = unit(np.array([0, 0, -1.0]) + 0.5 * rng.normal(size=(6, 4, 3)))
    end = np.einsum("n,fni->fi", lengths, start)
    goals = end + 0.15 * lengths.sum() * unit(rng.normal(size=(6, 3)))
    length = np.linalg.norm(goals, axis=1, keepdims=True)
    goals *= np.clip(length, 0.35 * lengths.sum(), 0.97 * lengths.sum()) / length
    done = reach_goals(start, lengths, goals, start, np.tile([0, 1.0, 0], (6, 1)))
    np.testing.assert_allclose(np.linalg.norm(done, axis=-1), 1.0)
    reachable = np.linalg.norm(goals, axis=1) > 2 * lengths.max() - lengths.sum() + 0.05
    np.testing.assert_allclose(np.einsum("n,fni->fi", lengths, done)[reachable], goals[reachable], atol=2e-3 * lengths.sum())


def test_a_straight_leg_bends_as_it_does_at_rest() -> None:
    straight = np.tile([0.0, 0, -1], (3, 2, 1))
    bent = unit(np.tile([[0.3, 0, -1], [-0.3, 0, -1]], (3, 1, 1)))
    goals = np.tile([0.0, 0, -1.7], (3, 1))
    done = reach_goals(straight, np.ones(2), goals, bent, np.tile([0, 1.0, 0], (3, 1)))
    np.testing.assert_allclose(done.sum(axis=1), goals, atol=1e-3)
    assert (done[:, 0, 0] > 0.2).all() and np.abs(done[..., 1]).max() < 1e-6


def test_turns_are_averaged_on_the_short_way() -> None:
    angles = np.array([[0, 0, 3.0], [0, 0, -3.0]])
    middle = mean_turn(matrix_from_axis_angle(angles), [1.0, 1.0])
    assert np.abs(yaw_of(middle)) == pytest.approx(np.pi)
