"""Texture layout, regions and the table of coats, on the template animal."""

from __future__ import annotations

import numpy as np
import pytest

from bestiary.animal.coats import coat_from_json
from bestiary.animal.default import default_model
from bestiary.animal.model import AnimalModel
from bestiary.server.authoring.coats import COATS
from bestiary.server.authoring.flatten import flatten
from bestiary.server.authoring.layout import stretch, uv
from bestiary.server.authoring.regions import NAMES, regions


@pytest.fixture(scope="module")
def model() -> AnimalModel:
    return default_model()


@pytest.fixture(scope="module")
def laid(model: AnimalModel) -> tuple[np.ndarray, np.ndarray]:
    return uv(model.v_template, model.faces, model.vertex_mirror, model.weights)


def _doubled_areas(coordinates: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (coordinates[faces[:, k]] for k in range(3))
    return (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])


def test_no_face_is_flipped_and_none_overlap(laid: tuple[np.ndarray, np.ndarray]) -> None:
    coordinates, faces = laid
    assert coordinates.min() >= 0 and coordinates.max() <= 1
    areas = _doubled_areas(coordinates, faces)
    assert (areas > 0).all()
    rng = np.random.default_rng(0)
    points = rng.random((4000, 2))
    corners = coordinates[faces]
    inside = np.ones((len(points), len(faces)), dtype=bool)
    for k in range(3):
        start, end = corners[:, k], corners[:, (k + 1) % 3]
        edge = end - start
        offset = points[:, None] - start
        inside &= edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0] > 0
    assert inside.sum(axis=1).max() == 1
    assert inside.any(axis=1).mean() > 0.4  # the picture is used


def test_the_layout_stretches_little(model: AnimalModel, laid: tuple[np.ndarray, np.ndarray]) -> None:
    sigma = stretch(model.v_template, model.faces, *laid)
    assert ((sigma[:, 0] < 2) & (sigma[:, 1] > 0.5)).mean() > 0.93


def test_left_and_right_are_mirror_images_beside_each_other(
    model: AnimalModel, laid: tuple[np.ndarray, np.ndarray]
) -> None:
    coordinates, faces = laid
    areas = np.abs(_doubled_areas(coordinates, faces))
    partner = {tuple(sorted(face)): i for i, face in enumerate(model.faces.tolist())}
    other = [partner[tuple(sorted(face))] for face in model.vertex_mirror[model.faces].tolist()]
    np.testing.assert_allclose(areas, areas[other], rtol=1e-3, atol=1e-8)


def test_every_corner_points_at_its_own_vertex(model: AnimalModel, laid: tuple[np.ndarray, np.ndarray]) -> None:
    owner = np.full(len(laid[0]), -1)
    owner[laid[1].ravel()] = model.faces.ravel()
    np.testing.assert_array_equal(owner[laid[1]], model.faces)


def test_an_unsymmetric_surface_is_refused(model: AnimalModel) -> None:
    mirror = np.arange(model.n_vertices)
    with pytest.raises(ValueError, match=r"symmetric|midline"):
        uv(model.v_template, model.faces[:-1], mirror, model.weights)


def test_a_flat_sheet_stays_as_it_is() -> None:
    side = np.linspace(0, 1, 6)
    points = np.array([(x, y, 0.0) for y in side for x in side])
    faces = []
    for row in range(5):
        for k in range(5):
            a = 6 * row + k
            faces += [(a, a + 1, a + 7), (a, a + 7, a + 6)]
    flat = flatten(points, np.array(faces), np.zeros(0, int), rounds=80)
    before = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.testing.assert_allclose(np.linalg.norm(flat[:, None] - flat[None], axis=2), before, atol=0.02)


def test_a_tube_is_no_disc() -> None:
    ring = [(np.cos(t), np.sin(t), z) for z in (0.0, 1.0) for t in np.linspace(0, 2 * np.pi, 7)[:-1]]
    faces = [f for k in range(6) for f in ((k, (k + 1) % 6, 6 + (k + 1) % 6), (k, 6 + (k + 1) % 6, 6 + k))]
    with pytest.raises(ValueError, match="disc"):
        flatten(np.array(ring), np.array(faces), np.zeros(0, int))


def test_regions_are_symmetric_and_lie_on_their_keypoints(model: AnimalModel) -> None:
    keypoints = {name: np.flatnonzero(model.keypoint_matrix[k]) for k, name in enumerate(model.keypoint_names)}
    joints = model.J_regressor @ model.v_template
    names, weights = regions(model.v_template, model.faces, model.vertex_mirror, joints, model.weights, keypoints)
    assert names == NAMES and weights.shape == (model.n_vertices, len(NAMES))
    assert weights.min() >= 0 and weights.max() <= 1
    np.testing.assert_array_equal(weights, weights[model.vertex_mirror])
    at = dict(zip(names, weights.T, strict=True))
    for region, point in (("eye", "left_eye"), ("nose", "nose"), ("tail_tip", "tail_tip"), ("belly", "belly"),
                          ("hoof", "left_front_paw"), ("ears", "right_ear_tip"), ("back", "back_middle")):  # fmt: skip
        row = model.keypoint_matrix[model.keypoint_names.index(point)]
        assert float(row @ at[region]) > 0.5, region
    for region in ("eye", "nose", "mouth", "ear_inner", "hoof", "pad"):
        assert 4 <= (at[region] > 0.5).sum() < 0.25 * model.n_vertices, region


def test_every_coat_survives_its_json_and_none_is_another() -> None:
    assert len(COATS) >= 118
    texts = {name: coat.to_json() for name, coat in COATS.items()}
    assert len(set(texts.values())) == len(COATS)
    assert all(coat_from_json(text) == COATS[name] for name, text in texts.items())
    assert COATS["tiger"].pattern == "stripes" and COATS["leopard"].pattern == "rosettes" and COATS["puma"].pattern == "plain"
    assert COATS["giraffe"].pattern == "net" and COATS["cow"].hoof is not None and COATS["dog"].hoof is None
