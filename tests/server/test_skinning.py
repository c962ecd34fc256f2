"""Skinning solved against flesh: the flesh keeps its volume, weights follow it, offsets are local and mirror."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.rotations import matrix_from_axis_angle
from bestiary.server.authoring.skeleton import JOINT_NAMES, joint_mirror
from bestiary.server.authoring.skinning import (
    LEAST_OFFSET,
    Sample,
    agreed,
    descendants,
    pose_directions,
    refined_weights,
    turns,
)
from bestiary.server.authoring.skinning_flesh import Bender, Bone, Flesh, allowed_volume, contains, follow_rotation
from bestiary.server.evaluate.deformation import enclosed_volume
from bestiary.server.evaluate.intersections import FaceContacts
from tubes import LENGTH, RADIUS, tube


@pytest.fixture(scope="module")
def limb() -> tuple[Flesh, Bender, np.ndarray, np.ndarray]:
    """A tube with two bones and a hinge in the middle: its flesh, ready to be bent, its skin and faces."""
    vertices, faces = tube()
    middle = np.array([LENGTH / 2, 0, 0])
    bones = [Bone(0, np.zeros(3), middle), Bone(1, middle, np.array([LENGTH, 0, 0]))]
    flesh = Flesh.fill(vertices, faces, bones, np.random.default_rng(0))
    turned = np.clip((vertices[:, 0] - LENGTH / 2) / 0.3 + 0.5, 0, 1)
    return flesh, Bender(flesh, turned, np.array([False, True]), middle), vertices, faces


def test_points_inside_a_closed_surface_are_told_from_those_outside() -> None:
    vertices, faces = tube()
    rng = np.random.default_rng(1)
    points = rng.uniform((-0.2, -0.15, -0.15), (LENGTH + 0.2, 0.15, 0.15), (4000, 3))
    across = np.hypot(points[:, 1], points[:, 2])
    surely_in = (across < 0.97 * RADIUS) & (points[:, 0] > 0.001) & (points[:, 0] < LENGTH - 0.001)
    surely_out = (across > RADIUS) | (points[:, 0] < -0.05) | (points[:, 0] > LENGTH + 0.05)
    inside = contains(vertices, faces, points)
    assert inside[surely_in].all() and not inside[surely_out].any()


def test_the_flesh_fills_the_body(limb: tuple[Flesh, Bender, np.ndarray, np.ndarray]) -> None:
    flesh, _, vertices, faces = limb
    assert flesh.size[flesh.solid].sum() == pytest.approx(enclosed_volume(vertices, faces), rel=0.02)
    assert (flesh.bone_of == 0).sum() > 10 and (flesh.bone_of == 1).sum() > 10


def test_unbent_flesh_stays_where_it_is(limb: tuple[Flesh, Bender, np.ndarray, np.ndarray]) -> None:
    _, bender, vertices, _ = limb
    np.testing.assert_allclose(bender.path([np.eye(3)], 5)[0], vertices, atol=1e-9)


@pytest.mark.parametrize("turn", [(0.0, 2.2, 0.0), (0.0, 0.0, -2.2), (1.8, 0.0, 0.0)])
def test_bent_flesh_keeps_its_volume_and_cuts_itself_no_more_than_plain_skinning(
        limb: tuple[Flesh, Bender, np.ndarray, np.ndarray], turn: tuple[float, float, float]) -> None:
    flesh, bender, vertices, faces = limb
    rotations = [matrix_from_axis_angle(np.array(turn) * k / 5) for k in range(1, 6)]
    skin = bender.path(rotations, 15)[-1]
    plain = bender.skinned(rotations[-1])[: flesh.n_skin]
    whole = enclosed_volume(vertices, faces)
    lost, lost_plain = (abs(enclosed_volume(x, faces) / whole - 1) for x in (skin, plain))
    assert lost < 0.02 and lost < 0.5 * lost_plain
    contacts = FaceContacts(faces)
    assert contacts.share(skin) <= contacts.share(plain)
    far = np.abs(vertices[:, 0] - LENGTH / 2) > 0.6
    np.testing.assert_allclose(skin[far], plain[far], atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), angle=st.floats(0, 2.8))
def test_rotations_are_followed_through_stretch(seed: int, angle: float) -> None:
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    R = matrix_from_axis_angle(angle * axis / np.linalg.norm(axis))
    root = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    stretch = root @ np.diag(rng.uniform(0.5, 2.0, 3)) @ root.T
    found = follow_rotation(np.eye(3)[None], (R @ stretch).T[None], 80)[0].T  # rows are rest axes
    np.testing.assert_allclose(found, R, atol=1e-3)


def test_flesh_goes_back_to_its_volume_and_air_only_out_of_being_inside_out() -> None:
    rng = np.random.default_rng(3)
    F = np.eye(3) + 0.15 * rng.normal(size=(200, 3, 3))
    flesh = F
    for _ in range(6):
        flesh = allowed_volume(flesh, np.ones(200, bool))
    np.testing.assert_allclose(np.linalg.det(flesh), 1.0, atol=1e-3)
    np.testing.assert_array_equal(allowed_volume(F, np.zeros(200, bool)), F)
    flat = np.diag([1.0, 1.0, -0.2])[None]
    assert np.linalg.det(allowed_volume(flat, np.zeros(1, bool)))[0] > -0.2


def body(count: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A symmetric cloud of points about made-up joints: vertices, vertex_mirror, weights of two joints to a point."""
    rng = np.random.default_rng(4)
    half = rng.normal(size=(count, 3)) + (0, 3, 0)
    vertices = np.concatenate([half, half * (1, -1, 1)])
    mirror = np.concatenate([np.arange(count) + count, np.arange(count)])
    weights = np.zeros((2 * count, 35))
    upper, lower = JOINT_NAMES.index("LLeg1"), JOINT_NAMES.index("LLeg2")
    share = rng.uniform(0.1, 0.9, count)
    weights[np.arange(count), upper], weights[np.arange(count), lower] = 1 - share, share
    pair = joint_mirror()
    weights[count:, pair[upper]], weights[count:, pair[lower]] = 1 - share, share
    return vertices, mirror, weights


def bends(vertices: np.ndarray, weights: np.ndarray, joint: int, swell: np.ndarray) -> list[Sample]:
    """Samples in which skinning misses `swell` (V, 3) times the sine of a turn about y."""
    share, place, seen = weights[:, descendants(joint)].sum(axis=1), np.array([0.1, 3, 0.2]), []
    for angle in (-1.0, -0.5, 0.5, 1.0):
        R = matrix_from_axis_angle([0, angle, 0])
        blend = np.eye(3) + share[:, None, None] * (R - np.eye(3))
        skin = vertices + share[:, None] * ((vertices - place) @ (R.T - np.eye(3)))
        seen.append(Sample(0, R, vertices, place, skin + np.einsum("nab,nb->na", blend, np.sin(angle) * swell)))
    return seen


def test_pose_directions_make_up_for_what_skinning_misses_and_mirror_exactly() -> None:
    vertices, mirror, weights = body()
    joint, other = JOINT_NAMES.index("LLeg2"), JOINT_NAMES.index("RLeg2")
    swell = 0.1 * np.random.default_rng(5).normal(size=vertices.shape)
    fade = (vertices[:, 1] > 0).astype(float)
    posedirs = pose_directions(weights, {joint: bends(vertices, weights, joint, swell)}, {joint: fade}, mirror)
    assert posedirs.shape == (len(vertices), 3, 306)
    np.testing.assert_array_equal(posedirs, np.round(posedirs / LEAST_OFFSET) * LEAST_OFFSET)
    R, flip = matrix_from_axis_angle([0, 0.8, 0]), np.diag([1.0, -1.0, 1.0])
    left = posedirs[:, :, 9 * joint - 9 : 9 * joint] @ (R - np.eye(3)).ravel()
    right = posedirs[:, :, 9 * other - 9 : 9 * other] @ (flip @ R @ flip - np.eye(3)).ravel()
    np.testing.assert_array_equal(left, (right @ flip)[mirror])
    wanted = np.sin(0.8) * swell
    own = fade > 0
    assert np.linalg.norm((left - wanted)[own]) < 0.15 * np.linalg.norm(wanted[own])
    assert not left[~own].any()
    rest = np.delete(posedirs, np.r_[9 * joint - 9 : 9 * joint, 9 * other - 9 : 9 * other], axis=2)
    assert not rest.any()


def test_refined_weights_follow_the_flesh_and_stay_weights() -> None:
    vertices, mirror, weights = body()
    joint = JOINT_NAMES.index("LLeg2")
    share = weights[:, joint]
    asked = np.clip(share + 0.2, 0, 1)
    samples = []
    for sample in bends(vertices, weights, joint, np.zeros_like(vertices)):
        turn = (vertices - sample.joint) @ (sample.rotation.T - np.eye(3))
        samples.append(Sample(0, sample.rotation, vertices, sample.joint, vertices + asked[:, None] * turn))
    count = len(vertices) // 2
    faces = np.stack([np.arange(2 * count - 2), np.arange(1, 2 * count - 1), np.arange(2, 2 * count)], axis=1)
    found = refined_weights(weights, {joint: samples}, {joint: (vertices[:, 1] > 0) * 1.0}, faces, mirror)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    assert found.min() >= 0 and (found > 0).sum(axis=1).max() <= 4
    np.testing.assert_array_equal(found, found[mirror][:, joint_mirror()])
    assert (found[:count, joint] - share[:count]).mean() > 0.05


def test_bodies_that_disagree_are_outvoted() -> None:
    blocks = np.full((3, 5, 3, 9), 0.02)
    blocks[2, 1] = 0.5
    found = agreed(blocks)
    np.testing.assert_allclose(found[0], 0.02)
    assert np.abs(found[1]).max() < 0.03


def test_joints_are_bent_both_ways_but_those_of_the_midline_to_one_side() -> None:
    limits = np.array([[-0.5, 0.5], [-1.0, 2.5], [-0.4, 0.4]])
    paired, middle = list(turns(limits, True)), list(turns(limits, False))
    assert {tuple(np.sign(t)) for t in paired} >= {(0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1)}
    assert all(t[0] >= 0 and t[2] >= 0 for t in middle)
    assert max(np.abs(t).max() for t in paired) <= 1.9
    assert list(turns(np.zeros((3, 2)), True)) == []
