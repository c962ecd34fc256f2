"""A motion from one rig to another, without Blender: onto itself, between builds, in any axes, with its feet on the ground."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import walking_rigs
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.scene.retarget.body import Body
from bestiary.scene.retarget.body_map import LEGS, BodyMap
from bestiary.scene.retarget.rig_shape import RigError, RigMotion
from bestiary.scene.retarget.solve import RetargetOptions, retarget

FREE = RetargetOptions(contacts=False, ground=False, head_reach=False)
QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
LYING = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def toes(motion: RigMotion) -> np.ndarray:
    return motion.heads[:, [motion.shape.index[f"{leg}_toes"] for leg in LEGS]]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_onto_itself_nothing_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape, parts = walking_rigs.animal(rng, spine=int(rng.integers(1, 5)), neck=int(rng.integers(1, 4)), cannon=bool(rng.random() < 0.5))
    motion = walking_rigs.shaking(shape, rng)
    done = retarget(motion, parts, shape, parts, FREE).motion
    named = [i for i, name in enumerate(shape.names) if name not in ("root", "bell")]
    np.testing.assert_allclose(done.heads[:, named], motion.heads[:, named], atol=1e-3)
    np.testing.assert_allclose(done.rotations[:, named], motion.rotations[:, named], atol=2e-3)


def test_a_walk_onto_itself_is_the_walk() -> None:
    shape, parts = walking_rigs.animal()
    motion, stands = walking_rigs.walk(shape)
    done = retarget(motion, parts, shape, parts)
    assert (done.contacts == stands).mean() > 0.93
    np.testing.assert_allclose(done.ground_velocity, 0.0)
    hips = shape.index["spine_0"]
    assert np.abs(done.motion.heads[:, hips] - motion.heads[:, hips]).max() < 0.05
    assert np.abs(toes(done.motion) - toes(motion)).max() < 0.15


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 20.0))
def test_axes_and_size_of_armatures_do_not_matter(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    source, parts = walking_rigs.animal(np.random.default_rng(seed))
    plain, target_parts = walking_rigs.animal(np.random.default_rng(seed + 1), spine=4)
    frame = (np.eye(3), QUARTER, LYING, QUARTER @ LYING)[seed % 4]
    turned, _ = walking_rigs.animal(np.random.default_rng(seed + 1), spine=4, turn=frame, size=size)
    motion = walking_rigs.shaking(source, rng)
    one = retarget(motion, parts, plain, target_parts).motion
    two = retarget(motion, parts, turned, target_parts).motion
    np.testing.assert_allclose(two.heads / size, one.heads @ frame.T, atol=1e-6)


def test_the_target_objects_matrix_does_not_matter() -> None:
    source, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(source)
    plain, target_parts = walking_rigs.animal(np.random.default_rng(3))
    world = np.eye(4)
    world[:3, :3] = 3.0 * matrix_from_axis_angle([0.4, 1.0, 2.0])
    world[:3, 3] = [5, 6, 7]
    one, two = (retarget(motion, parts, shape, target_parts).motion for shape in (plain, replace(plain, to_world=world)))
    np.testing.assert_allclose(one.heads, two.heads)


@pytest.mark.parametrize("stay", [False, True])
@pytest.mark.parametrize("build", [{"spine": 5, "neck": 4, "tail": 1}, {"cannon": False}, {"loose_feet": True}, {"size": 12.0}])
def test_feet_stand_still_on_the_ground(stay: bool, build: dict) -> None:
    source, parts = walking_rigs.animal()
    motion, stands = walking_rigs.walk(source, stay=stay)
    shape, target_parts = walking_rigs.animal(np.random.default_rng(7), **build)
    done = retarget(motion, parts, shape, target_parts)
    body = Body(shape, target_parts)
    assert (done.contacts & stands).sum() > 0.9 * stands.sum()
    assert (np.linalg.norm(done.ground_velocity) > 0.5 * body.size) == stay
    feet = toes(done.motion)
    steps = np.linalg.norm((np.diff(feet, axis=0) - done.ground_velocity / 30)[..., :2], axis=-1)
    assert steps[done.contacts[1:] & done.contacts[:-1]].max() < 0.01 * body.size
    assert feet[..., 2].min() > body.heads[shape.index["front_left_toes"], 2] - 0.06 * body.size
    lengths = np.linalg.norm(done.motion.heads[:, shape.index["front_left_lower"]] - done.motion.heads[:, shape.index["front_left_upper"]],
                             axis=-1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-6)


def test_a_clip_that_tells_its_contacts_is_believed() -> None:
    source, parts = walking_rigs.animal()
    motion, stands = walking_rigs.walk(source)
    swaying = motion.heads + 0.15 * np.sin(np.arange(len(motion.frames)) / 4.0)[:, None, None]  # as footage that rises and falls
    told = np.zeros((len(motion.frames), len(source)), dtype=bool)
    told[:, [source.index[f"{leg}_toes"] for leg in LEGS]] = stands
    shape, target_parts = walking_rigs.animal(np.random.default_rng(7))
    lost = retarget(replace(motion, heads=swaying), parts, shape, target_parts)
    kept = retarget(replace(motion, heads=swaying, standing=told), parts, shape, target_parts)
    assert (lost.contacts & stands).sum() < 0.7 * stands.sum()
    np.testing.assert_array_equal(kept.contacts, stands)
    np.testing.assert_array_equal(kept.ground_velocity, 0.0)
    held = stands[1:] & stands[:-1]
    steps = np.linalg.norm(np.diff(toes(kept.motion), axis=0)[..., :2], axis=-1)
    assert np.median(steps[held]) < 0.002 < np.median(np.linalg.norm(np.diff(toes(lost.motion), axis=0)[..., :2], axis=-1)[held])


def test_nothing_pops() -> None:
    source, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(source, frames=91)
    shape, target_parts = walking_rigs.animal(np.random.default_rng(11), spine=2)
    done = retarget(motion, parts, shape, target_parts).motion
    jerk = np.linalg.norm(np.diff(toes(done), n=2, axis=0), axis=-1).max()
    assert jerk < 2.5 * np.linalg.norm(np.diff(toes(motion), n=2, axis=0), axis=-1).max() + 0.01


def test_a_long_walk_goes_as_far_as_its_legs_say() -> None:
    source, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(source)
    shape, target_parts = walking_rigs.animal(size=2.5)
    way = retarget(motion, parts, shape, target_parts).motion.heads[:, shape.index["spine_0"]]
    assert (way[-1] - way[0])[0] == pytest.approx(2.5 * 2.0, rel=0.03)
    half = retarget(motion, parts, shape, target_parts, RetargetOptions(path_scale=1.0)).motion.heads[:, shape.index["spine_0"]]
    assert (half[-1] - half[0])[0] == pytest.approx(2.0, rel=0.1)


def test_in_place_and_travel_are_opposites() -> None:
    shape, parts = walking_rigs.animal()
    moving, _ = walking_rigs.walk(shape)
    spot, _ = walking_rigs.walk(shape, stay=True)
    hips = shape.index["spine_0"]
    stays = retarget(moving, parts, shape, parts, RetargetOptions(path="in_place"))
    goes = retarget(spot, parts, shape, parts, RetargetOptions(path="travel"))
    assert np.ptp(stays.motion.heads[:, hips, 0]) < 0.15 and stays.ground_velocity[0] == pytest.approx(-1.0, rel=0.05)
    way = goes.motion.heads[:, hips, 0]
    assert way[-1] - way[0] == pytest.approx(2.0, rel=0.1) and not goes.ground_velocity.any()


def test_bones_of_no_part_ride_along() -> None:
    source, parts = walking_rigs.animal()
    motion = walking_rigs.shaking(source, np.random.default_rng(1))
    shape, target_parts = walking_rigs.animal(np.random.default_rng(2))
    done = retarget(motion, parts, shape, target_parts).motion
    bell, neck = shape.index["bell"], shape.index["neck_1"]
    turned = done.rotations[:, neck] @ shape.axes[neck].T
    np.testing.assert_allclose(done.heads[:, bell] - done.heads[:, neck], turned @ (shape.heads[bell] - shape.heads[neck]), atol=1e-9)


def test_one_frame_and_a_map_with_holes() -> None:
    shape, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(shape, frames=1)
    assert np.isfinite(retarget(motion, parts, shape, parts).motion.heads).all()
    bare = BodyMap({part: bones for part, bones in parts.bones.items() if part not in ("tail", "head", "neck", "root")})
    assert np.isfinite(retarget(motion, bare, shape, parts).motion.heads).all()
    assert np.isfinite(retarget(motion, parts, shape, bare).motion.heads).all()
    with pytest.raises(RigError, match="hind left leg"):
        retarget(motion, BodyMap({p: b for p, b in parts.bones.items() if not p.startswith("hind_left")}), shape, parts)
    with pytest.raises(RigError, match="spine"):
        retarget(motion, BodyMap({p: b for p, b in parts.bones.items() if p != "spine"}), shape, parts)


def test_a_lying_rest_pose_is_not_taken_for_standing() -> None:
    shape, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(shape)
    fallen = matrix_from_axis_angle([0.0, -1.3, 0.0])  # the same rig with a rest pose that rears
    centre = shape.heads[0]
    odd = replace(shape, heads=(shape.heads - centre) @ fallen.T + centre, tails=(shape.tails - centre) @ fallen.T + centre,
                  axes=fallen @ shape.axes)
    seen = replace(motion, shape=odd)
    done = retarget(seen, parts, shape, parts)
    assert done.warnings
    spine = done.motion.rotations[:, shape.index["spine_0"]] @ shape.axes[shape.index["spine_0"]].T
    assert np.abs(spine - np.eye(3)).max() < 0.3


def test_a_loop_stays_a_loop() -> None:
    source, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(source, frames=31, stay=True)
    shape, target_parts = walking_rigs.animal(np.random.default_rng(5))
    done = retarget(replace(motion, cyclic=True), parts, shape, target_parts)
    assert len(done.motion.frames) == 31 and len(done.contacts) == 31
    np.testing.assert_allclose(done.motion.heads[0], done.motion.heads[-1], atol=2e-3)


def test_speed_and_twenty_thousand_frames() -> None:
    source, parts = walking_rigs.animal(spine=8, neck=8, tail=20)
    shape, target_parts = walking_rigs.animal(spine=10, neck=10, tail=24)
    motion, _ = walking_rigs.walk(source, frames=1000)
    assert len(shape) > 60
    begun = time.perf_counter()
    retarget(motion, parts, shape, target_parts)
    assert time.perf_counter() - begun < 6.0  # some 1.2 s on an idle machine
    long, _ = walking_rigs.walk(walking_rigs.animal()[0], frames=20_000)
    small, small_parts = walking_rigs.animal(np.random.default_rng(1))
    done = retarget(long, walking_rigs.animal()[1], small, small_parts)
    assert np.isfinite(done.motion.heads).all() and np.isfinite(done.motion.rotations).all()


def test_a_short_legged_animal_takes_shorter_steps_on_ground_that_goes_by() -> None:
    source, parts = walking_rigs.animal()
    motion, _ = walking_rigs.walk(source, stay=True)
    shape, target_parts = walking_rigs.animal(np.random.default_rng(4))
    own = retarget(motion, parts, shape, target_parts)
    scaled = retarget(motion, parts, shape, target_parts, RetargetOptions(path_scale=own.scale))
    assert scaled.ground_velocity[0] == pytest.approx(-own.scale, rel=0.05)
    assert 0.7 * own.scale < -own.ground_velocity[0] < 1.15 * own.scale
    moved = np.diff(toes(own.motion), axis=0)[own.contacts[1:] & own.contacts[:-1]] - own.ground_velocity / motion.fps
    assert np.linalg.norm(moved, axis=-1).mean() < 0.01


@pytest.mark.parametrize("lift", [-0.9, -0.4, 0.4, 0.9])
def test_a_tail_that_is_lifted_far_points_where_the_source_s_points(lift: float) -> None:
    source, parts = walking_rigs.animal()
    shape, target_parts = walking_rigs.animal()
    tail = list(shape.of(parts["tail"]))
    heads = shape.heads.copy()
    heads[tail] = heads[tail[0]] + np.arange(len(tail))[:, None] * np.array([-0.02, 0.0, -0.12])
    hanging = replace(shape, heads=heads, tails=heads + shape.tails - shape.heads)
    turns = np.broadcast_to(np.eye(3), (3, len(source), 3, 3)).copy()
    turns[:, tail] = matrix_from_axis_angle(np.array([0.0, lift, 0.0]))
    motion = walking_rigs.posed(source, turns, np.zeros((3, 3)))
    done = retarget(motion, parts, hanging, target_parts, FREE).motion

    def rise(heads: np.ndarray, bones: list[int]) -> float:
        line = heads[1, bones[-1]] - heads[1, bones[0]]
        return float(np.degrees(np.arcsin(line[2] / np.linalg.norm(line))))

    here, there, rest = rise(motion.heads, tail), rise(done.heads, tail), rise(hanging.heads[None].repeat(2, axis=0), tail)
    if abs(lift) > 0.8:
        assert there == pytest.approx(here, abs=12.0)
    else:
        assert min(here, rest) - 30.0 <= there <= max(here, rest) + 30.0


def test_feet_do_not_sink_below_the_joint_that_they_stand_with() -> None:
    source, parts = walking_rigs.animal()
    for stay in (False, True):
        motion, _ = walking_rigs.walk(source, stay=stay)
        for seed in range(4):
            shape, target_parts = walking_rigs.animal(np.random.default_rng(seed + 10))
            done, body = retarget(motion, parts, shape, target_parts).motion, Body(shape, target_parts)
            lowest = min(shape.heads[shape.index[f"{leg}_toes"], 2] for leg in LEGS)
            assert toes(done)[..., 2].min() > lowest - 0.01 * body.size
