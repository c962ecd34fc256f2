"""The head's handles and the species' package: what an author may rely on when a landmark is pulled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.model_file import load_model
from bestiary.server.authoring import head
from bestiary.server.authoring.breeds import BREEDS, Breed
from bestiary.server.authoring.landmarks import NAMES
from bestiary.server.authoring.proportions import expand
from bestiary.server.authoring.skeleton import INDEX
from bestiary.server.authoring.warp import PARAMETERS, Warp, parameter_vector

FILE = Path(__file__).resolve().parents[2] / "animal" / "data" / "open_animal.npz"
FLIP = np.array([1.0, -1.0, 1.0])


@pytest.fixture(scope="module")
def model():
    return load_model(FILE)


@pytest.fixture(scope="module")
def warp(model):
    points = model.keypoint_matrix @ model.v_template
    corner = points[NAMES.index("left_mouth_corner")] * (1, 0, 1)
    front = (points[NAMES.index("upper_jaw")] + points[NAMES.index("chin")]) / 2 * (1, 0, 1)
    return Warp(model.v_template, model.faces, model.J, model.weights, np.array([corner, front]))


def pulled(warp: Warp, **amounts: float) -> np.ndarray:
    """How far every vertex moves (V, 3) for handles named with underscores in place of the last dots."""
    values = {name.replace("__", "."): amount for name, amount in amounts.items()}
    return warp.apply(parameter_vector(values))[0] - warp.vertices


def length(warp: Warp) -> float:
    return head.head_frame(warp.joints[INDEX["Head"]], warp.nose()).length


@pytest.mark.parametrize("name", head.HANDLES)
def test_a_landmark_goes_where_it_is_pulled_and_the_others_stay(warp, name):
    # The fields hold the landmark itself to the pull; bones carry it on, so only the surface before them is looked at.
    field = warp.fields[[f for f in PARAMETERS if f.startswith(("bump", "head"))].index(name)]
    own, axis = name.split(".")[1:]
    if own.startswith("ear") or own in ("nape", "throat_top", "temple"):
        return  # carried along by the ear's share, or where the field ends at the neck
    moved = head.landmark(field, warp.places, own)
    frame = head.head_frame(warp.joints[INDEX["Head"]], warp.nose())
    assert np.linalg.norm(moved) == pytest.approx(frame.length, rel=0.2)
    assert abs(moved @ frame.axes["xyz".index(axis)]) > 0.9 * np.linalg.norm(moved)
    for other in (*head.MIDLINE, *head.PAIRED):
        if other != own and not other.startswith("ear") and other not in ("nape", "throat_top"):
            assert np.linalg.norm(head.landmark(field, warp.places, other)) < 0.25 * frame.length


def test_pulls_end_at_the_neck(warp):
    moved = pulled(warp, head__crown__z=0.1, head__jaw_angle__y=0.05, head__throat_top__z=-0.05)
    far = (
        warp.weights[:, [INDEX["Head"], INDEX["Mouth"], INDEX["LEar"], INDEX["REar"], INDEX["Neck"]]].sum(axis=1) < 0.5
    )
    assert np.abs(moved[far]).max() < 1e-4 * length(warp)
    assert np.linalg.norm(moved, axis=1).max() > 0.05 * length(warp)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-0.04, 0.04), min_size=len(head.HANDLES), max_size=len(head.HANDLES)))
def test_moderate_pulls_stay_symmetric_and_finite(warp, model, amounts):
    vertices, _ = warp.apply(parameter_vector(dict(zip(head.HANDLES, amounts, strict=True))))
    assert np.isfinite(vertices).all()
    assert np.abs(vertices - vertices[model.vertex_mirror] * FLIP).max() < 1e-4


def test_lips_stay_shut(warp):
    upper, lower = (warp.places[name] for name in ("upper_lip", "chin"))
    before = np.linalg.norm(warp.vertices[upper] - warp.vertices[lower])
    after = warp.apply(parameter_vector({"head.nose_bridge.z": 0.05, "head.whisker_pad.y": 0.05}))[0]
    assert np.linalg.norm(after[upper] - after[lower]) < 1.3 * before


def test_many_animals_at_once_are_the_same_as_one_by_one(warp):
    rows = np.stack([expand({"muzzle_length": -0.4}), expand({"head.cheek.y": 0.05, "leg_length": 0.2})])
    many, joints = warp.apply_many(rows)
    for row, vertices, places in zip(rows, many, joints, strict=True):
        one = warp.apply(row)
        assert np.allclose(one[0], vertices) and np.allclose(one[1], places)


def test_handles_work_on_another_surface(warp):
    wide, joints = warp.apply(expand({"muzzle_length": 0.3, "head_width": 0.2, "ear_length": 0.3}))
    other = warp.on(wide, joints)
    assert np.abs(other.apply(expand({}))[0] - wide).max() < 1e-9
    moved = other.apply(parameter_vector({"head.nose_tip.x": 0.05}))[0] - wide
    assert moved[other.places["nose_tip"]][0, 0] == pytest.approx(0.05 * length(other), rel=0.25)


def test_round_ears_are_blunter(warp):
    tip = warp.places["ear_tip"][0]
    assert pulled(warp, ear__round=1.0)[tip, 2] < 0 < pulled(warp, ear__tuft=0.5)[tip, 2]


def test_every_breed_names_known_traits():
    for breed in BREEDS.values():
        expand(breed.traits)
    assert {"cat", "wolf", "gorilla", "giant_anteater", "horse"} <= BREEDS.keys()


def test_impossible_shares_are_refused():
    with pytest.raises(ValueError, match="base shares"):
        Breed("canid", {}, {"fox": 0.8, "wolf": 0.4})
