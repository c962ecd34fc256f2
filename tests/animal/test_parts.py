"""Parts as data and as meshes: what is read back, what is refused, and that meshes are sound wherever a part is put."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.default import default_model
from bestiary.animal.part_shapes import PartMesh, head_frame
from bestiary.animal.parts import AREAS, KINDS, Hair, Part, PartError, Tube, part_from_json

HORN = Part("horn", "#443322", "#111111", tubes=(Tube(((0, 0, 0), (0.1, 0.2, 0.3), (0.0, 0.3, 0.7)), (0.1, 0.06, 0.01), rings=6),))
_numbers = st.floats(-2, 2, allow_nan=False)


@pytest.fixture(scope="module")
def model():
    return default_model()


def test_json_round_trip_keeps_everything():
    parts = (
        HORN,
        Part("tusk", anchor="lower_lip", offset=(0.1, 0, -0.2), on_jaw=True, mirrored=False,
             tubes=(Tube(((0, 0, 0), (0, 0, 1)), (0.1, 0.02), 0.4, (1, 0, 0)),)),
        Part("mane", hair=(Hair("ruff", 0.5, 0.2, 60, 0.1, 0.9, 0.0), Hair("crest", 0.2, 0.1, 3))),
    )  # fmt: skip
    for part in parts:
        assert part_from_json(part.to_json()) == part


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from([*Part.__dataclass_fields__, *Tube.__dataclass_fields__, *Hair.__dataclass_fields__, "x"]),
                        inner, max_size=6), max_leaves=25))  # fmt: skip
def test_whatever_is_read_is_a_part_or_refused(value):
    try:
        part = part_from_json(json.dumps(value))
    except PartError:
        return
    assert part_from_json(part.to_json()) == part


@pytest.mark.parametrize(("field", "value"), [
    ("kind", "wing"), ("anchor", "toe"), ("colour", "red"), ("tip_colour", "#12345"), ("mirrored", 1), ("offset", [0, 1]),
    ("offset", [0, 1, float("nan")]), ("tubes", {}), ("tubes", []),
])  # fmt: skip
def test_the_message_names_the_field(field, value):
    values = json.loads(HORN.to_json()) | {field: value}
    with pytest.raises(PartError, match=f"^{field}"):
        part_from_json(json.dumps(values))


@pytest.mark.parametrize(("field", "value"), [
    ("path", [[0, 0, 0]]), ("path", [[0, 0], [1, 1]]), ("path", [[0, 0, 0], [0, 0, 1e9]]), ("radii", [0.1]), ("radii", [0, 0]),
    ("radii", [-1, 1]), ("flat", 0), ("normal", [0, 0, 0]), ("rings", 1.5), ("rings", 10**9),
])  # fmt: skip
def test_the_message_names_the_field_of_a_tube(field, value):
    tube = {"path": [[0, 0, 0], [0, 0, 1]], "radii": [0.1, 0.0]} | {field: value}
    with pytest.raises(PartError, match=rf"^tubes\[0\]\.{field}"):
        part_from_json(json.dumps({"kind": "horn", "tubes": [tube]}))


def edges_twice(faces):
    """Whether every edge is used once in each direction: the surface is closed and all faces look the same way."""
    ways = Counter((int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True))
    return all(count == 1 and ways[b, a] == 1 for (a, b), count in ways.items())


def volume(vertices, faces):
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return float(np.einsum("ia,ia->i", a, np.cross(b, c)).sum()) / 6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_numbers, _numbers, _numbers), min_size=2, max_size=6), st.floats(0.02, 1), st.integers(0, 12))
def test_any_tube_is_closed_and_looks_outward(path, flat, rings):
    try:
        tube = Tube(tuple(path), (0.05,) * (len(path) - 1) + (0.01,), flat, rings=rings)
    except PartError:
        return
    mesh = PartMesh.of(default_model(), [Part("horn", tubes=(tube,))])
    vertices = mesh.vertices(default_model().rest())
    assert np.isfinite(vertices).all() and edges_twice(mesh.faces)


@pytest.mark.parametrize("area", AREAS)
def test_hair_grows_in_every_area_closed_and_outward_on_both_sides(model, area):
    mesh = PartMesh.of(model, [Part("mane", hair=(Hair(area, 0.3, 0.1, 20),))])
    vertices = mesh.vertices(model.rest())
    assert len(vertices) and edges_twice(mesh.faces) and volume(vertices, mesh.faces) > 0
    np.testing.assert_allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-9)
    assert abs(vertices[:, 1].max() + vertices[:, 1].min()) < 1e-6


def test_horns_sit_on_the_skull_of_every_species_and_grow_with_it(model):
    mesh = PartMesh.of(model, [HORN])
    assert volume(mesh.vertices(model.rest()), mesh.faces) > 0
    for species in model.species.values():
        rest = model.rest(species.betas)
        vertices, frame = mesh.vertices(rest), head_frame(model, rest)
        half = len(vertices) // 2
        np.testing.assert_allclose(vertices[:half] * (1, -1, 1), vertices[half:], atol=1e-9)
        root = vertices[mesh.along == 0.0][:1]
        gap = np.linalg.norm(rest.vertices - root, axis=1).min()
        assert gap < 0.16 * frame.unit, species.name
        tip = vertices[:half][mesh.along[:half] == 1.0]
        assert 0.5 * frame.unit < np.linalg.norm(tip - root) < 1.1 * frame.unit


def test_the_same_parts_are_the_same_mesh(model):
    parts = [HORN, Part("mane", hair=(Hair("ruff", 0.5, 0.2, 60),))]
    fresh = replace(model, name="another object")
    np.testing.assert_array_equal(PartMesh.of(model, parts).vertices(model.rest()), PartMesh.of(fresh, parts).vertices(fresh.rest()))


def test_a_model_without_a_face_says_so(model):
    blind = replace(model, keypoint_names=(), keypoint_matrix=None)
    with pytest.raises(ValueError, match="face"):
        PartMesh.of(blind, [HORN])


def test_nothing_worn_is_an_empty_mesh(model):
    mesh = PartMesh.of(model, [])
    assert mesh.faces.shape == (0, 3) and mesh.vertices(model.rest()).shape == (0, 3)


def test_every_kind_has_a_name():
    assert len(set(KINDS)) == len(KINDS)
