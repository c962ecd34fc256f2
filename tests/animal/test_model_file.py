"""The model's own file: what is saved comes back, and what is damaged or hostile is refused by the field's name."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.assemble import assemble
from bestiary.animal.model import SMAL_JOINTS, SMAL_PARENTS, AnimalModel, ModelError
from bestiary.animal.model_file import load_model, open_model, save_model
from bestiary.animal.npz import read_json, read_npz, write_json, write_npz
from bestiary.animal.smal_points import _PUBLISHED, has_smal_mesh, with_keypoints, with_known_keypoints
from bestiary.animal.species import Family, Species
from model_pickles import dumps, smal_like


def small_model(seed: int = 0, betas: int = 3, posedirs: bool = True, regressor: bool = True) -> AnimalModel:
    """A model with every optional part."""
    rng = np.random.default_rng(seed)
    fields = smal_like(vertices=30, betas=betas, parents=(-1, 0, 1, 1), seed=seed)
    model = assemble(
        name="small", v_template=fields["v_template"], faces=fields["f"], weights=fields["weights"],
        kintree=fields["kintree_table"], shapedirs=fields["shapedirs"],
        posedirs=fields["posedirs"] if posedirs else None,
        J_regressor=fields["J_regressor"] if regressor else None, J=rng.normal(size=(4, 3)),
        joint_names=("root", "spine", "LLeg", "RLeg"), vertex_mirror=np.arange(30)[::-1],
    )  # fmt: skip
    model = with_keypoints(model, {"nose": [3], "left eye": [1, 2, 2, 5], "tail_tip": [0, 29]})
    covariance = np.eye(betas)
    return replace(
        model,
        joint_limits=rng.normal(size=(4, 3, 2)),
        metres_per_unit=0.25,
        source="made for a test",
        licence="CC0-1.0",
        species={"dog": Species("dog", "canids", rng.normal(size=betas), 0.55, 0.7)},
        families={"canids": Family("canids", rng.normal(size=betas), covariance)},
    )


@given(st.integers(0, 100), st.sampled_from([0, 1, 7]), st.booleans(), st.booleans())
def test_what_is_saved_comes_back(
    tmp_path_factory: Any, seed: int, betas: int, posedirs: bool, regressor: bool
) -> None:
    model = small_model(seed, betas, posedirs, regressor)
    path = tmp_path_factory.mktemp("model") / "a.npz"
    save_model(model, path)
    again = load_model(path)
    assert again.model_id == model.model_id
    for name in ("name", "joint_names", "keypoint_names", "metres_per_unit", "source", "licence"):
        assert getattr(again, name) == getattr(model, name)
    arrays = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "J", "keypoint_matrix", "joint_limits")
    for name in arrays:
        before, after = getattr(model, name), getattr(again, name)
        assert (before is None) == (after is None)
        if before is not None:
            np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(again.parents, model.parents)
    np.testing.assert_array_equal(again.vertex_mirror, model.vertex_mirror)
    np.testing.assert_allclose(again.weights.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(again.species["dog"].betas, model.species["dog"].betas, rtol=1e-6)
    assert again.species["dog"].family == "canids"
    np.testing.assert_allclose(again.families["canids"].covariance, np.eye(betas))


def test_saving_twice_gives_the_same_bytes_and_leaves_nothing_else(tmp_path: Path) -> None:
    model = small_model()
    save_model(model, tmp_path / "a.npz")
    save_model(model, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_half_precision_shapes(tmp_path: Path) -> None:
    model = small_model()
    save_model(model, tmp_path / "half.npz", shape_dtype="float16")
    save_model(model, tmp_path / "own.npz")
    with np.load(tmp_path / "half.npz") as half, np.load(tmp_path / "own.npz") as own:
        assert half["shapedirs"].dtype == np.float16
        assert own["shapedirs"].dtype == np.float32  # half would have moved vertices
    save_model(load_model(tmp_path / "half.npz"), tmp_path / "again.npz")
    with np.load(tmp_path / "again.npz") as again:
        assert again["shapedirs"].dtype == np.float16  # nothing is lost any more


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_npz(path, {"x": np.arange(3)})
    before = path.read_bytes()
    with pytest.raises(ValueError):
        write_npz(path, {"x": np.arange(5), "y": np.array([object()])})
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_numpy_reads_what_is_written(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert json.loads(str(arrays["about"][()]))["format"] == "bestiary-animal/1"
        assert arrays["kintree_table"].shape == (2, 4)


def test_other_programs_archives(tmp_path: Path) -> None:
    """SMAL's keys with SMAL's freedoms, and arrays that are none of ours, which are not even looked at."""
    fields = smal_like()
    fields["posedirs"] = np.zeros(0)
    np.savez(tmp_path / "smal.npz", **fields, part2num=np.array({"tail": 3}), eigenvalues=np.zeros(2))
    model = open_model(tmp_path / "smal.npz")
    assert model.joint_names == SMAL_JOINTS and model.posedirs is None and model.n_betas == 4
    np.testing.assert_allclose(model.J, fields["J_regressor"] @ fields["v_template"])


# -- damaged and hostile archives ---------------------------------------------------------------------------


def rewrite(path: Path, **changes: Any) -> Path:
    """The same archive with some arrays replaced, or left out where None."""
    with np.load(path) as old:
        arrays = {key: old[key] for key in old.files}
    arrays.update(changes)
    out = path.with_name("changed.npz")
    write_npz(out, {key: np.asarray(value) for key, value in arrays.items() if value is not None})
    return out


BAD = [
    ("v_template", None, "v_template: missing"),
    ("f", np.array([[0, 1, 99]]), "faces|f:"),
    ("f", np.zeros((3, 3)) + 0.5, "f: must hold whole numbers"),
    ("weights", np.ones((30, 4)), "weights"),
    ("weights", np.array(["a"]), "weights: must hold numbers"),
    ("kintree_table", np.array([[-1, 2, 1, 0], [0, 1, 2, 3]]), "parents"),
    ("kintree_table", np.array([-1, 0, 1, 1]), "kintree_table"),
    ("J", np.full((4, 3), np.inf), "J.*finite"),
    ("joint_names", np.array(["a", "a", "b", "c"]), "joint_names"),
    ("joint_names", np.arange(4), "joint_names: must be a list"),
    ("keypoint_offsets", np.array([0, 9, 2, 3]), "keypoint_offsets"),
    ("keypoint_vertices", np.array([0, 1, 2, 3, 4, 500]), "keypoint_"),
    ("keypoint_weights", None, "keypoint_weights: missing"),
    ("vertex_mirror", np.roll(np.arange(30), 1), "vertex_mirror"),
    ("species_betas", np.zeros((1, 9)), "species"),
    ("family_covariances", np.zeros((1, 9, 9)), "family_covariances"),
    ("about", np.array("{"), "about: not JSON"),
    ("about", np.array('{"format": "bestiary-animal/9"}'), "newer Bestiary"),
    ("about", np.array('{"metres_per_unit": "tall"}'), "metres_per_unit"),
    ("about", np.array('{"metres_per_unit": -1}'), "metres_per_unit"),
]


@pytest.mark.parametrize(("field", "value", "message"), BAD)
def test_bad_fields_are_named(tmp_path: Path, field: str, value: Any, message: str) -> None:
    save_model(small_model(), tmp_path / "a.npz")
    with pytest.raises(ModelError, match=message):
        load_model(rewrite(tmp_path / "a.npz", **{field: value}))


def test_smals_own_keys_are_enough(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        thin = {key: arrays[key] for key in ("v_template", "f", "weights", "kintree_table", "J")}
    thin["kintree_table"] = thin["kintree_table"].astype(np.uint32)  # root's parent 4294967295
    write_npz(tmp_path / "thin.npz", thin)
    model = load_model(tmp_path / "thin.npz")
    assert model.name == "thin" and model.n_betas == 0 and model.metres_per_unit == 1.0


def header(shape: str, descr: str = "'<f8'", size: int = 128) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = text.ljust(size - 11) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HOSTILE = {
    "objects": (header("(2,)", "'|O'") + b"x" * 16, "only numbers"),
    "records": (header("(2,)", "[('a', '<f8')]") + b"x" * 16, "only numbers"),
    "too many": (header("(100000000000,)") + b"x" * 16, "too large"),
    "negative": (header("(-5,)") + b"x" * 16, "x: "),
    "more than there": (header("(1000,)") + b"x" * 16, "needs 8000 bytes"),
    "less than there": (header("(1,)") + b"x" * 16, "needs 8 bytes"),
    "no header": (b"\x93NUMPY\x01\x00", "header"),
    "no magic": (b"hello", "header"),
    "header of code": (header("__import__('os').system('true')"), "header"),
    "deep header": (header("(" * 3000 + ")" * 3000, size=8000), "header"),
    "version 9": (b"\x93NUMPY\x09\x00" + header("(2,)")[8:], "header"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_arrays(tmp_path: Path, name: str) -> None:
    data, message = HOSTILE[name]
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", data)
    with pytest.raises(ModelError, match=message):
        read_npz(tmp_path / "a.npz", ModelError)


def test_zip_bombs(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(20000000,)", "'|u1'") + bytes(20_000_000))
    with pytest.raises(ModelError, match="too large"):
        read_npz(path, ModelError, max_numbers=1_000_000)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(300):
            archive.writestr(f"x{i}.npy", header("(0,)"))
    with pytest.raises(ModelError, match="300 arrays"):
        read_npz(path, ModelError)
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(9000):
            archive.writestr(f"x{i}.npy", b"")
    with pytest.raises(ModelError, match="directory is too large"):
        read_npz(path, ModelError)


def test_sizes_the_archive_lies_about(tmp_path: Path) -> None:
    """The directory says 1.6 GB for a member of a few hundred bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(200000000,)"))
    data = bytearray(buffer.getvalue())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (1_600_000_128).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(ModelError, match="cannot be"):
        read_npz(tmp_path / "a.npz", ModelError)


def test_archives_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelError, match="no array"):
        read_npz(path, ModelError)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", header("(0,)"))
    with pytest.raises(ModelError, match="packed in a way"):
        read_npz(path, ModelError)


@settings(max_examples=150)
@given(
    st.floats(0.2, 1.0),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=5),
)
def test_damaged_archives(tmp_path_factory: Any, cut: float, edits: list[tuple[float, int]]) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    save_model(small_model(), folder / "a.npz")
    data = bytearray((folder / "a.npz").read_bytes())
    for place, byte in edits:
        data[int(place * (len(data) - 1))] = byte
    (folder / "b.npz").write_bytes(data[: int(cut * len(data))])
    with contextlib.suppress(ModelError):
        load_model(folder / "b.npz")


# -- any file ------------------------------------------------------------------------------------------------


def test_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "a.npz")
    os.rename(tmp_path / "a.npz", tmp_path / "model.pkl")
    assert open_model(tmp_path / "model.pkl").name == "small"
    (tmp_path / "x.npz").write_bytes(dumps(smal_like(), 4))
    assert open_model(tmp_path / "x.npz").joint_names == SMAL_JOINTS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"glTF\x02\x00", "glTF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"Kaydara FBX Binary", "FBX"),
        (b"{}", "JSON of a bird"),
        (b"{nonsense", "not JSON"),
        (b"v 0 0 0\nv 1 1 1\n", "not a pickle|damaged|cut off"),
        (b"PK\x03\x04zzzzzzzzzzz", "not an .npz archive"),
    ],
)
def test_other_files_are_told_what_they_are(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=message):
        open_model(path)
    with pytest.raises(ModelError, match="folder"):
        open_model(tmp_path)


def test_json_files(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Wölfin"})
    assert read_json(tmp_path / "a.json") == {"name": "Wölfin"}
    with pytest.raises(ModelError, match="more than 5 bytes"):
        read_json(tmp_path / "a.json", ModelError, max_bytes=5)
    with pytest.raises(ValueError):
        write_json(tmp_path / "b.json", float("nan"))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ModelError, match="not JSON"):
        read_json(tmp_path / "deep.json", ModelError)


# -- keypoints that a file does not have ---------------------------------------------------------------------


def smal_shaped(shuffle: bool) -> AnimalModel:
    """3,889 vertices on SMAL's skeleton, the published ones on their parts, unless the numbering is shuffled."""
    rng = np.random.default_rng(1)
    parts = rng.integers(0, 35, 3889)
    for ids, names in _PUBLISHED.values():
        parts[list(ids)] = SMAL_JOINTS.index(names.split()[0])
    if shuffle:
        parts = rng.permutation(parts)
    joints = rng.normal(size=(35, 3))
    return assemble(
        name="smal", v_template=joints[parts] + 0.1 * rng.normal(size=(3889, 3)), faces=np.array([[0, 1, 2]]),
        weights=np.eye(35)[parts], kintree=np.array(SMAL_PARENTS), J=joints,
    )  # fmt: skip


def test_smal_is_told_by_its_signature_not_by_its_size() -> None:
    smal = with_known_keypoints(smal_shaped(shuffle=False))
    assert has_smal_mesh(smal)
    assert smal.keypoint_names[:26] == tuple(_PUBLISHED)
    assert {"left_ear_tip", "right_ear_tip"} <= set(smal.keypoint_names)
    eye = smal.v_template[[1068, 1080, 1029, 1226]].mean(axis=0)
    np.testing.assert_allclose(smal.keypoint_matrix[0] @ smal.v_template, eye)
    other = with_known_keypoints(smal_shaped(shuffle=True))
    assert not has_smal_mesh(other)
    assert "nose" not in other.keypoint_names and "left_elbow" in other.keypoint_names


def test_a_users_own_map() -> None:
    model = small_model()
    mapped = with_keypoints(model, {"Left-Eye": [1, 3], "lower_jaw": [2]})
    assert mapped.keypoint_names == ("left_eye", "chin")
    vertices = model.v_template
    np.testing.assert_allclose(mapped.keypoint_matrix @ vertices, [vertices[[1, 3]].mean(axis=0), vertices[2]])
    for groups, message in (
        ({"left_eye": []}, "needs a list"),
        ({"left_eye": [99]}, "from 0 to 29"),
        ({"left_eye": [True]}, "needs a list"),
        ({"left_eye": 3}, "needs a list"),
        ({"lft_eye": [3]}, "left_eye"),
        ({"chin": [3], "lower jaw": [4]}, "given twice"),
    ):
        with pytest.raises(ModelError, match=message):
            with_keypoints(model, groups)
