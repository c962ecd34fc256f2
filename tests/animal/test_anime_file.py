"""DeformingThings4D's meshes, markers on them, and AnimalSyn3D's files: read as they are written, and damaged ones refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestiary.animal.animal_syn3d import NAMES, AnimalSyn3DError, parse_animal_syn3d, read_animal_syn3d
from bestiary.animal.anime_file import AnimeError, parse_anime, read_anime
from bestiary.animal.markers import MarkersError, parse_markers, read_markers

PLACES = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], "<f4")
FACES = np.array([[0, 1, 2], [0, 2, 3]], "<i4")
OFFSETS = np.arange(24, dtype="<f4").reshape(2, 4, 3)
WHOLE = struct.pack("<iii", 3, 4, 2) + PLACES.tobytes() + FACES.tobytes() + OFFSETS.tobytes()
SET = {"joints": {"hip": [0, 1], "knee": [2], "foot": [3]}, "edges": [["hip", "knee"], ["knee", "foot"]], "root": "hip"}
CLIP = {"model": "thing", "animation": "Walk", "connections": [[0, 1], [1, 2]], "optimised_joints": np.ones((4, 3, 3)).tolist()}

TEXT = st.text(max_size=8)
ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
                   lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12)  # fmt: skip


def test_offsets_are_from_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "a.anime").write_bytes(WHOLE)
    mesh = read_anime(tmp_path / "a.anime")
    assert len(mesh) == 3 and mesh.triangles.tolist() == FACES.tolist()
    means = mesh.means([np.array([0, 1]), np.array([3])])
    frames = np.concatenate([PLACES[None], PLACES + OFFSETS])
    np.testing.assert_allclose(means, np.stack([frames[:, :2].mean(axis=1), frames[:, 3]], axis=1))


@pytest.mark.parametrize(("data", "why"), [
    (b"", "header"), (b"glTF" * 3, "not an .anime"), (WHOLE[:-1], "bytes"), (WHOLE + b"x", "bytes"),
    (struct.pack("<iii", 2**31 - 1, 2**31 - 1, 5), "not an .anime"), (struct.pack("<iii", 1, 4_000_000, 0), "bytes"),
    (struct.pack("<iii", 0, 4, 0), "0 frames"), (struct.pack("<iii", -1, 4, 0), "frames"),
    (WHOLE[:12] + b"\0\0\x80\x7f" + WHOLE[16:], "finite"), (WHOLE[:60] + struct.pack("<i", 4) + WHOLE[64:], "triangle"),
])  # fmt: skip
def test_what_is_no_mesh_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(AnimeError, match=why):
        parse_anime(data)


@given(st.binary(max_size=200), st.booleans(), st.integers(0, len(WHOLE)))
def test_any_bytes_give_a_mesh_or_a_reason(data: bytes, begun: bool, cut: int) -> None:
    try:
        mesh = parse_anime(WHOLE[:cut] + data if begun else data)
    except AnimeError:
        return
    assert np.isfinite(mesh.vertices).all() and np.isfinite(mesh.offsets).all()


def test_markers_make_a_skeleton(tmp_path: Path) -> None:
    (one,) = parse_markers(SET)
    assert one.skeleton.parents == (-1, 0, 1) and one.groups[0].tolist() == [0, 1] and one.fit("whatever")
    (tmp_path / "m.json").write_text(json.dumps({"sets": [{**SET, "models": ["foxZED"], "height_m": 0.4, "up": "y", "fps": 24}, SET]}))
    first, second = read_markers(tmp_path / "m.json")
    assert first.fit("foxzed_Walk") and not first.fit("bear") and (first.height_m, first.up, first.fps) == (0.4, "y", 24.0)
    assert second.height_m is None and second.up == "z"
    with pytest.raises(MarkersError, match="'foot' names vertex 3"):
        first.check(3)
    first.check(4)


@pytest.mark.parametrize(("change", "why"), [
    ({"joints": {}}, "joints"), ({"joints": {"a": []}, "edges": [], "root": None}, "at least one"),
    ({"joints": {"a": [-1]}, "edges": [], "root": None}, "whole numbers"), ({"joints": {"a": [True]}, "edges": [], "root": None}, "whole"),
    ({"edges": [["hip", "tail"]]}, "'tail'"), ({"edges": [["hip"]]}, "pairs"), ({"edges": None}, "pairs"), ({"root": "tail"}, "root"),
    ({"models": "foxZED"}, "models"), ({"up": "x"}, "up"), ({"height_m": 0}, "height_m"), ({"fps": float("nan")}, "fps"),
    ({"format": "else"}, "format|file"),
])  # fmt: skip
def test_bad_markers_are_refused_with_the_field(change: dict[str, object], why: str) -> None:
    with pytest.raises(MarkersError, match=why):
        parse_markers({**SET, **change})


@given(st.sampled_from(["joints", "edges", "root", "models", "up", "fps", "height_m", "species", "sets", "format"]), ANY)
def test_any_json_gives_markers_or_a_reason(key: str, value: object) -> None:
    for about in (value, {**SET, key: value}, {"sets": [{**SET, key: value}]}):
        try:
            sets = parse_markers(about)
        except MarkersError:
            continue
        assert all(len(one.groups) == len(one.skeleton) for one in sets)


def test_syn3d_clips_have_their_animals_joints(tmp_path: Path) -> None:
    counts = {"foxZED": 26, "pumaRW": 26, "deerOMG": 29, "elkML": 26, "bear3EP": 21, "bucksYJL": 27, "bunnyQ": 25, "moose6OK9": 29,
              "rabbit7L6": 25, "tigerD8H": 27, "doggieMN5": 22, "raccoonVGG": 28, "chickenDC": 19}  # fmt: skip
    assert {model: len(set(names)) for model, names in NAMES.items()} == counts
    edges = [[14, j] for j in range(26) if j != 14]
    joints = np.random.default_rng(0).normal(size=(5, 26, 3)).tolist()
    (tmp_path / "Walk.json").write_text(json.dumps({**CLIP, "model": "foxZED", "connections": edges, "optimised_joints": joints}))
    clip = read_animal_syn3d(tmp_path / "Walk.json")
    assert clip.skeleton.names[clip.skeleton.root] == "pelvis" and clip.positions.shape == (5, 26, 3)
    assert (clip.skeleton.sides == 1).sum() == (clip.skeleton.sides == -1).sum() == 10


def test_syn3d_unknown_models_are_read_too() -> None:
    clip = parse_animal_syn3d(CLIP)
    assert clip.skeleton.names == ("joint_0", "joint_1", "joint_2") and len(clip.skeleton.bones) == 2


@pytest.mark.parametrize(("change", "why"), [
    ({"optimised_joints": [[1, 2]]}, "joints"), ({"optimised_joints": "x"}, "list"),
    ({"optimised_joints": [[[1, 2, None]]]}, "optimised"), ({"optimised_joints": [[[1, 2, float("inf")]]]}, "finite"),
    ({"connections": [[0, 9]]}, "connections"), ({"connections": [[0, 0.5]]}, "conn"), ({"connections": [[0, 1], [2]]}, "connections"),
])  # fmt: skip
def test_syn3d_files_that_do_not_fit_are_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(AnimalSyn3DError, match=why):
        parse_animal_syn3d({**CLIP, **change})
    with pytest.raises(AnimalSyn3DError, match="labels"):
        parse_animal_syn3d({"model": "foxZED"})


@given(st.sampled_from(["model", "animation", "connections", "optimised_joints"]), ANY)
def test_any_json_gives_a_clip_or_a_reason(key: str, value: object) -> None:
    for about in (value, {**CLIP, key: value}):
        try:
            clip = parse_animal_syn3d(about)
        except AnimalSyn3DError:
            continue
        assert clip.positions.shape[1] == len(clip.skeleton)
