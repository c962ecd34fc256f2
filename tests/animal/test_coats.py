"""Coats as data and as paint: they travel unharmed, bad ones say what is wrong, and marks lie where they are named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.coat_fields import can_measure, flow, model_fields
from bestiary.animal.coat_painting import CoatPainter
from bestiary.animal.coat_places import PLACES
from bestiary.animal.coats import PATTERNS, PUPILS, Coat, Layer, Tuft, coat_from_json, colour, linear
from bestiary.animal.default import default_model

_COLOURS = st.tuples(*[st.floats(0, 1)] * 3) | st.from_regex(r"\A#[0-9a-fA-F]{6}\Z")
_LAYERS = st.builds(
    Layer, st.sampled_from(PLACES), _COLOURS, st.sampled_from(PATTERNS), st.floats(0.005, 2), st.floats(0, 1),
    st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))  # fmt: skip
_COATS = st.builds(
    Coat, _COLOURS, _COLOURS, st.lists(_LAYERS, max_size=5), st.floats(0, 1), _COLOURS, _COLOURS, _COLOURS, _COLOURS,
    st.none() | _COLOURS, st.sampled_from(PUPILS), st.floats(0, 0.5), st.floats(0, 1),
    st.lists(st.builds(Tuft, st.sampled_from(PLACES), st.floats(0, 2)), max_size=3))  # fmt: skip


@pytest.fixture(scope="module")
def painter() -> CoatPainter:
    return CoatPainter(default_model())


@given(_COATS)
@settings(max_examples=60, deadline=None)
def test_a_coat_comes_back_from_its_json(coat: Coat) -> None:
    assert coat_from_json(coat.to_json()) == coat


@pytest.mark.parametrize(("change", "field"), [
    ({"base": "red"}, "base"), ({"under": [0, 0, 2]}, "under"), ({"contrast": float("nan")}, "contrast"),
    ({"pupil": "square"}, "pupil"), ({"fur": -1}, "fur"), ({"fur": True}, "fur"), ({"hoof": 3}, "hoof"), ({"wings": 2}, "wings"),
    ({"layers": {}}, "layers"), ({"layers": [{"where": "wing", "colour": "#000000"}]}, "layers[0].where"),
    ({"layers": [{"where": "tail"}]}, "layers[0].colour"), ({"layers": [{"where": "tail", "colour": "#000000"}] * 99}, "layers"),
    ({"layers": [{"where": "tail", "colour": "#000000", "pattern": "plaid"}]}, "layers[0].pattern"),
    ({"layers": [{"where": "tail", "colour": "#000000", "scale": 0}]}, "layers[0].scale"),
    ({"tufts": [{"where": "crest", "length": "long"}]}, "tufts[0].length"), ({"tufts": [3]}, "tufts[0].entry"),
])  # fmt: skip
def test_a_wrong_field_is_named(change: dict[str, object], field: str) -> None:
    data = {"base": "#aa5500", "under": "#ffffff", **change}
    with pytest.raises(ValueError, match=f"^{field.replace('[', chr(92) + '[')}: "):
        coat_from_json(json.dumps(data))


@pytest.mark.parametrize("field", ["base", "under"])
def test_a_missing_colour_is_named(field: str) -> None:
    data = {"base": "#aa5500", "under": "#ffffff"}
    del data[field]
    with pytest.raises(ValueError, match=f"^{field}: is missing"):
        coat_from_json(json.dumps(data))


_NESTED = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["base", "layers", "x"]), inner, max_size=3),
    max_leaves=8)  # fmt: skip


@given(st.text(max_size=60) | _NESTED.map(json.dumps))
@settings(max_examples=80, deadline=None)
def test_text_that_is_no_coat_is_refused_with_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r": "):
        coat_from_json(text)


def test_colours_are_srgb() -> None:
    assert colour("#ff8000") == (1.0, 128 / 255, 0.0)
    assert linear("#ffffff") == pytest.approx((1, 1, 1))
    assert linear((0.5, 0.5, 0.5))[0] == pytest.approx(0.2158, abs=1e-3)


def test_body_coordinates_run_as_they_say() -> None:
    model = default_model()
    fields = model_fields(model)
    def at(name, coordinate):
        row = model.keypoint_matrix[model.keypoint_names.index(name)]
        return float(row @ fields.at[coordinate])

    along = [at(name, "axial") for name in ("tail_tip", "tail_base", "back_middle", "withers", "nape", "nose")]
    assert along == sorted(along)
    assert along[0] == pytest.approx(-1, abs=0.15) and along[-1] == pytest.approx(3, abs=0.1)
    assert at("back_middle", "up") > 0.85 and at("belly", "up") < 0.15
    assert at("left_front_paw", "leg") < 0.15 and at("left_elbow", "leg") > 0.7
    for values in fields.at.values():
        np.testing.assert_allclose(values, values[model.vertex_mirror], atol=2e-2)


def test_stripes_follow_the_shape_not_the_pose() -> None:
    model = default_model()
    betas = next(iter(model.species.values())).betas
    still = model.rest(betas)
    moved = flow(still.vertices + 5.0, still.joints + 5.0, model.weights)
    np.testing.assert_allclose(moved, flow(still.vertices, still.joints, model.weights), atol=1e-9)


@pytest.mark.parametrize(("place", "point"), [
    ("tail_tip", "tail_tip"), ("stockings", "left_hind_paw"), ("belly", "belly"), ("back", "back_middle"), ("muzzle", "nose"),
    ("eye_patch", "right_eye"), ("ear_tips", "left_ear_tip"), ("forehead", "forehead"), ("chin", "chin"), ("saddle", "back_middle"),
])  # fmt: skip
def test_a_mark_lies_where_its_name_says_and_not_everywhere(painter: CoatPainter, place: str, point: str) -> None:
    model = painter.model
    coat = Coat("#ff0000", "#ff0000", (Layer(place, "#0000ff"),), contrast=0.0)
    surface = painter.surface(coat)
    row = model.keypoint_matrix[model.keypoint_names.index(point)]
    assert float(row @ surface.layers[0]) > 0
    assert (surface.layers[0] > 0).mean() < 0.5


@pytest.mark.parametrize("kind", [name for name in PATTERNS if name != "solid"])
def test_a_pattern_covers_some_of_the_skin_and_more_when_asked(painter: CoatPainter, kind: str) -> None:
    shares = []
    for cover in (0.2, 0.7):
        coat = Coat("#ffffff", "#ffffff", (Layer("everywhere", "#000000", kind, 0.12, cover),), contrast=0.0)
        shares.append(float((painter.paint(coat, painter.surface(coat))[:, 1] < 0.4).mean()))
    assert shares[0] < shares[1] and shares[1] > 0.12 and shares[0] < 0.75


def test_painting_is_the_same_each_time_and_in_range(painter: CoatPainter) -> None:
    coat = Coat("#d08040", "#ffffff", (Layer("everywhere", "#000000", "rosettes"),), hoof="#221100")
    betas = next(iter(painter.model.species.values())).betas
    first, again = (painter.paint(coat, painter.surface(coat, betas)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (painter.model.n_vertices, 3) and first.min() >= 0 and first.max() <= 1


def test_a_model_without_the_needed_points_is_refused_by_name() -> None:
    from dataclasses import replace

    model = default_model()
    bare = replace(model, name="bare", keypoint_names=(), keypoint_matrix=None)
    assert can_measure(model) and not can_measure(bare)
    with pytest.raises(ValueError, match="bare"):
        CoatPainter(bare)
