"""Feet, trunks, ears and humps as fields of the warp: what an animator would see on a shaped animal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.server.authoring import caps, feet, giants
from bestiary.server.authoring.skeleton import INDEX
from bestiary.server.authoring.surface import signed_volume, vertex_normals
from bestiary.server.authoring.warp import Warp

FLIP = np.array([1.0, -1.0, 1.0])


@pytest.fixture(scope="module")
def animal():
    return default_model()


@pytest.fixture(scope="module")
def warp(animal) -> Warp:
    """A warp on the shipped animal's own surface, its lips where the keypoints have them."""
    points = animal.keypoint_matrix @ animal.v_template
    corners, front = (
        np.mean([points[animal.keypoint_names.index(name)] for name in pair], axis=0)
        for pair in (("left_mouth_corner", "right_mouth_corner"), ("upper_jaw", "chin"))
    )
    lips = np.stack([corners, front]) * (1.0, 0.0, 1.0)
    return Warp(animal.v_template, animal.faces, animal.J, animal.weights, lips)


@pytest.fixture(scope="module")
def fields(warp) -> dict[str, np.ndarray]:
    return feet.extra_fields(warp) | giants.extra_fields(warp)


def test_names(fields):
    assert set(fields) == {*feet.FIELDS, *giants.FIELDS}


@pytest.mark.parametrize("name", (*feet.FIELDS, *giants.FIELDS))
def test_symmetric_and_moves_something(animal, fields, name):
    field = fields[name]
    assert np.isfinite(field).all() and np.abs(field).max() > 0.01
    assert np.abs(field - field[animal.vertex_mirror] * FLIP).max() < 1e-6


@pytest.mark.parametrize("kind", feet.KINDS)
def test_soles_are_flat_and_on_the_ground(warp, fields, kind):
    """The lowest faces of each foot lie level, and no lower than the paw they replace."""
    shaped = warp.vertices + fields[f"feet.{kind}"]
    for joint in ("LFoot", "RFoot", "LFootBack", "RFootBack"):
        foot = warp.weights[:, INDEX[joint]] > 0.6
        ground = shaped[foot, 2].min()
        assert ground == pytest.approx(warp.vertices[foot, 2].min(), abs=0.01)
        sole = foot & (shaped[:, 2] < ground + 1e-6)
        assert sole.sum() >= 8
        area = np.ptp(shaped[sole][:, :2], axis=0)
        assert area.min() > 0.04  # broad enough to stand on


@pytest.mark.parametrize("name", (*feet.FIELDS, "giants.proboscis", "giants.snout"))
def test_redrawn_ends_face_outward(warp, fields, name):
    """No triangle turned over: seen from the tube's axis the surface faces away, and its volume is as great as ever."""
    shaped = warp.vertices + fields[name]
    assert signed_volume(shaped, warp.faces) > 0.9 * signed_volume(warp.vertices, warp.faces)
    moved = np.linalg.norm(fields[name], axis=1) > 0.005
    normals = vertex_normals(shaped, warp.faces)
    assert np.isfinite(normals[moved]).all() and np.linalg.norm(normals[moved], axis=1).min() > 0.9


def test_hoof_has_no_toes(warp, fields):
    """Every level through a hoof is one round outline: its points lie near one ellipse."""
    shaped = warp.vertices + fields["feet.hoof"]
    foot = warp.weights[:, INDEX["LFoot"]] > 0.5
    ground, height = shaped[foot, 2].min(), np.ptp(shaped[foot, 2])
    low = shaped[foot & (shaped[:, 2] > ground + 0.02 * height) & (shaped[:, 2] < ground + 0.4 * height)][:, :2]
    centred = (low - (low.max(axis=0) + low.min(axis=0)) / 2) / (np.ptp(low, axis=0) / 2)
    assert np.quantile(np.linalg.norm(centred, axis=1), 0.2) > 0.6


def test_trunk_hangs_before_the_mouth(warp, fields):
    """The tip comes down most of the way to the ground, in front of the lips, and grows with the amount."""
    ground = warp.vertices[:, 2].min()
    field = fields["giants.trunk"]
    moved = np.linalg.norm(field, axis=1) > 1e-6
    half, whole = ((warp.vertices + amount * field)[moved] for amount in (0.5, 1.0))
    half, whole = half[half[:, 2].argmin()], whole[whole[:, 2].argmin()]
    assert whole[2] < half[2] < warp.nose()[2]
    assert whole[2] - ground < 0.6 * (warp.nose()[2] - ground)
    assert whole[0] > warp.lips[1][0] - 0.05 and abs(whole[1]) < 0.05


def test_fan_ears_are_about_as_tall_as_the_head_is_long(warp, fields):
    ear = warp.weights[:, INDEX["LEar"]] > giants.EAR_ROOT
    shaped = (warp.vertices + fields["giants.fan_ear"])[ear]
    length = np.linalg.norm(warp.nose() - warp.joints[INDEX["Head"]])
    assert 0.7 < np.ptp(shaped[:, 2]) / length < 1.6 and shaped[:, 1].min() > 0


def test_two_humps_stand_apart(warp, fields):
    """Between a Bactrian camel's humps the back is lower than on either."""
    shaped = warp.vertices + fields["giants.hump_front"] + fields["giants.hump_rear"]
    back = (np.abs(warp.vertices[:, 1]) < 1e-6) & (vertex_normals(warp.vertices, warp.faces)[:, 2] > 0.5)
    along = giants.Places(warp).along
    line = np.array([shaped[back & (np.abs(along - at) < 0.07), 2].max() for at in (0.26, 0.53, 0.80)])
    assert line[1] < line[0] and line[1] < line[2]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.9))
def test_caps_survive_any_outline(warp, seed, share):
    """A cap cut at any level from a noisy mask is one disk: every vertex of it lands on the tube asked for."""
    rng = np.random.default_rng(seed)
    leg = warp.weights[:, [INDEX["LFoot"], INDEX["LLeg3"]]].sum(axis=1)
    wanted = leg + 0.15 * rng.standard_normal(len(leg)) > share
    lowest = int(np.argmin(np.where(warp.weights[:, INDEX["LFoot"]] > 0.5, warp.vertices[:, 2], np.inf)))
    wanted[lowest] = True
    cap = caps.cut_cap(warp.faces, wanted, lowest)
    start = warp.vertices[cap.ring].mean(axis=0)
    centres = start - np.linspace(0, 0.2, 9)[:, None] * (0, 0, 1.0)
    radii = np.append(np.full(8, 0.05), 0.0)[:, None] * (1, 1)
    x, y = np.tile([1.0, 0, 0], (9, 1)), np.tile([0, 1.0, 0], (9, 1))
    moved = warp.vertices + caps.redraw(warp.vertices, cap, caps.tube(centres, x, y, radii))
    assert np.isfinite(moved).all()
    outside = np.setdiff1d(np.arange(len(moved)), cap.inner)
    assert np.array_equal(moved[outside], warp.vertices[outside])
