"""The shipped animal keeps what its file promises: layout, symmetry, a closed surface, sane weights, species and families."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.keypoints import MIRROR, SUPERSET
from bestiary.animal.model import SMAL_JOINTS, SMAL_PARENTS
from bestiary.animal.model_file import load_model
from bestiary.animal.species import SpeciesError, find_family, find_species, prior_for

FILE = Path(__file__).resolve().parents[2] / "animal" / "data" / "open_animal.npz"
FLIP = np.array([1.0, -1.0, 1.0])


@pytest.fixture(scope="module")
def model():
    return load_model(FILE)


def edge_uses(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    directed = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(directed, axis=0, return_counts=True)


def test_layout_of_smal(model):
    assert model.v_template.shape == (3889, 3)
    assert model.faces.shape == (7774, 3)
    assert model.shapedirs.shape == (3889, 3, 145)
    assert tuple(model.joint_names) == SMAL_JOINTS
    assert tuple(model.parents) == SMAL_PARENTS
    assert model.is_smal_profile
    assert FILE.stat().st_size < 6 * 2**20


def test_closed_outward_surface_of_genus_zero(model):
    edges, count = edge_uses(model.faces)
    assert count.max() == 1  # every directed edge once, so neighbours agree in winding
    assert {tuple(edge) for edge in edges} == {tuple(edge) for edge in edges[:, ::-1]}
    assert len(model.v_template) - len(edges) // 2 + len(model.faces) == 2
    a, b, c = (model.v_template[model.faces[:, k]] for k in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0


def test_left_mirrors_right_exactly(model):
    mirror = model.vertex_mirror
    assert np.array_equal(mirror[mirror], np.arange(3889))
    assert np.array_equal(model.v_template[mirror] * FLIP, model.v_template)
    assert np.abs(model.shapedirs[mirror] * FLIP[:, None] - model.shapedirs).max() < 1e-3
    assert np.abs(model.weights[mirror][:, model.joint_mirror] - model.weights).max() < 1e-6
    assert np.abs(model.J[model.joint_mirror] * FLIP - model.J).max() < 1e-6
    faces = {tuple(np.roll(face, -np.argmin(face))) for face in model.faces}
    assert {tuple(np.roll(face, -np.argmin(face))) for face in mirror[model.faces][:, ::-1]} == faces


def test_weights_are_few_and_sum_to_one(model):
    assert (model.weights >= 0).all()
    assert (model.weights > 0).sum(axis=1).max() <= 4
    assert np.abs(model.weights.sum(axis=1) - 1).max() < 1e-6
    assert (model.weights.max(axis=0) > 0.5).all()  # every joint leads some vertices, ears and jaw too


def test_joints_follow_the_shape(model):
    regressor = model.J_regressor
    assert (regressor >= 0).all() and np.abs(regressor.sum(axis=1) - 1).max() < 1e-6
    assert np.abs(regressor @ model.v_template - model.J).max() < 1e-5
    assert np.abs(regressor[:, model.vertex_mirror][model.joint_mirror] - regressor).max() < 1e-6
    giraffe, dachshund = (model.rest(model.species[name].betas).joints for name in ("giraffe", "dachshund"))
    neck, head = (model.joint_names.index(name) for name in ("Neck", "Head"))
    assert np.linalg.norm(giraffe[head] - giraffe[neck]) > 2 * np.linalg.norm(dachshund[head] - dachshund[neck])


def test_every_keypoint_is_there_and_mirrors(model):
    assert tuple(model.keypoint_names) == SUPERSET
    points = model.rest(np.zeros(145)).keypoints
    assert np.abs(points[MIRROR] * FLIP - points).max() < 1e-6
    at = {name: points[index] for index, name in enumerate(SUPERSET)}
    for name, point in at.items():
        assert not name.startswith("left_") or point[1] > 0.02
    assert (
        at["nose"][0]
        > at["left_eye"][0]
        > at["withers"][0]
        > at["back_end"][0]
        > at["tail_base"][0]
        > at["tail_tip"][0]
    )
    assert at["left_ear_tip"][2] > at["left_ear_base"][2] > at["nose"][2] > at["chin"][2]
    assert (
        at["withers"][2] > at["left_shoulder"][2] > at["left_elbow"][2] > at["left_wrist"][2] > at["left_front_paw"][2]
    )
    assert at["left_hip"][2] > at["left_knee"][2] > at["left_ankle"][2] > at["left_hind_paw"][2]
    assert at["back_middle"][2] > at["left_flank"][2] > at["belly"][2]


def test_limits_hold_rest_and_mirror(model):
    limits = model.joint_limits
    assert (limits[..., 0] <= 0).all() and (limits[..., 1] >= 0).all()
    mirrored = limits[model.joint_mirror]
    assert np.allclose(mirrored[:, 1], limits[:, 1])
    for axis in (0, 2):
        assert np.allclose(-mirrored[:, axis, ::-1], limits[:, axis])


def test_frame_units_and_credit(model):
    low, high = model.v_template.min(axis=0), model.v_template.max(axis=0)
    assert 2.2 < high[0] - low[0] < 2.8  # nose to tail tip, in SMAL's units
    assert abs(high[0] - 0.69) < 0.02
    points = dict(zip(SUPERSET, model.rest(np.zeros(145)).keypoints, strict=True))
    assert 0.5 < model.metres_per_unit * (points["withers"][2] - low[2]) < 0.7
    with np.load(FILE, allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
    assert about["licence"] == "CC0-1.0"
    assert any("dm_control" in credit and "Apache-2.0" in credit for credit in about["credits"])
    assert all(any(name in credit for credit in about["credits"]) for name in ("Quaternius", "Mesh2Motion", "PIG_model", "rodent"))


def test_species_have_their_real_proportions(model):
    points = {name: SUPERSET.index(name) for name in ("withers", "chest")}
    rump = model.weights[:, [0, 17, 21]].sum(axis=1) > 0.7
    for name, species in model.species.items():
        assert species.family in model.families
        posed = model.rest(species.betas)
        height = posed.keypoints[points["withers"], 2] - posed.vertices[:, 2].min()
        length = posed.keypoints[points["chest"], 0] - posed.vertices[rump, 0].min()
        real = species.shoulder_height_m / species.body_length_m
        assert height / length == pytest.approx(real, rel=0.12), name


def test_species_keep_a_standing_animal(model):
    fore, hind = ([model.joint_names.index(side + name) for side in "LR"] for name in ("Foot", "FootBack"))
    for name, species in model.species.items():
        vertices = model.rest(species.betas).vertices
        soles = [vertices[model.weights[:, feet].sum(axis=1) > 0.8, 2].min() for feet in (fore, hind)]
        assert abs(soles[0] - soles[1]) < 0.05, name
        a, b, c = (vertices[model.faces[:, k]] for k in range(3))
        assert np.einsum("ij,ij->", a, np.cross(b, c)) / 6 > 0.05, name


def test_families_are_distributions(model):
    assert set(model.families) >= {
        "canid",
        "felid",
        "equid",
        "bovid",
        "cervid",
        "camelid",
        "suid",
        "ursid",
        "quadruped",
    }
    for family in model.families.values():
        assert np.allclose(family.covariance, family.covariance.T, atol=1e-3)
        values = np.linalg.eigvalsh((family.covariance + family.covariance.T) / 2)
        assert values.min() > 0.01
    assert np.array_equal(model.families["quadruped"].covariance, np.eye(145))


@given(st.sampled_from(["Dog", " german shepherd", "GERMAN-SHEPHERD", "Lioness", "boar", "elk"]))
def test_names_are_read_generously(name):
    model = load_model_once()
    assert find_species(name, model.species).name in model.species


def test_unknown_names_get_an_offer(model):
    with pytest.raises(SpeciesError, match="giraffe"):
        find_species("girafe", model.species)
    with pytest.raises(SpeciesError, match="Known"):
        find_family("zzzzzz", model.families)
    with pytest.raises(SpeciesError, match="carries no"):
        find_species("dog", {})


def test_prior_for_hints(model):
    horse = prior_for("horse", None, model.species, model.families)
    assert horse is not None and np.array_equal(horse.mean, model.species["horse"].betas)
    family = prior_for(None, "equid", model.species, model.families)
    assert family is not None and np.trace(horse.covariance) < np.trace(family.covariance)
    assert prior_for(None, None, model.species, model.families).name == "quadruped"
    assert prior_for(None, None, {}, {}) is None


_LOADED = []


def load_model_once():
    """The shipped model, read once for the property tests."""
    if not _LOADED:
        _LOADED.append(load_model(FILE))
    return _LOADED[0]
