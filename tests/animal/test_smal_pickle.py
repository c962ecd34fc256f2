"""Model pickles: every protocol and every way SMAL files are written comes out equal; hostile ones run nothing."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import pickletools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bestiary.animal.assemble import parents_first
from bestiary.animal.model import SMAL_JOINTS, AnimalModel, ModelError
from bestiary.animal.model_file import open_model
from bestiary.animal.pickle_reader import read_pickle
from bestiary.animal.pickle_values import to_array
from bestiary.animal.smal_pickle import read_smal_pickle
from model_pickles import dumps, foreign_modules, instance, python2_pickle, smal_like, sparse_parts


def write(folder: Path, data: bytes) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(data)
    return path


def assert_same(model: AnimalModel, fields: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(model.v_template, fields["v_template"])
    np.testing.assert_allclose(model.shapedirs, fields["shapedirs"])
    np.testing.assert_allclose(model.posedirs, fields["posedirs"])
    np.testing.assert_allclose(model.J_regressor, fields["J_regressor"])
    np.testing.assert_allclose(model.weights, fields["weights"])
    np.testing.assert_array_equal(model.faces, fields["f"])
    np.testing.assert_allclose(model.J, fields["J_regressor"] @ fields["v_template"])
    assert model.joint_names == SMAL_JOINTS


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path: Path, protocol: int) -> None:
    fields = smal_like()
    assert_same(read_smal_pickle(write(tmp_path, dumps(fields, protocol))), fields)


@pytest.mark.parametrize("protocol", range(3))
def test_python_2_with_chumpy(tmp_path: Path, protocol: int) -> None:
    fields = smal_like()
    chumpy: dict[str, Any] = dict(fields, bs_style="lbs")
    for key in ("v_template", "shapedirs", "weights"):
        chumpy[key] = ("Ch", fields[key])
    data = python2_pickle(chumpy, protocol)
    if protocol:  # a well-formed program by the standard's own reading, which takes all protocol 0 text for ASCII
        pickletools.dis(data, out=io.StringIO())
    assert_same(read_smal_pickle(write(tmp_path, data)), fields)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["csc_matrix", "csr_matrix", "coo_array"])
def test_sparse_regressor(tmp_path: Path, protocol: int, kind: str) -> None:
    fields = smal_like()
    dense = fields["J_regressor"]
    with foreign_modules() as classes:
        parts = sparse_parts(dense if kind != "csr_matrix" else dense.T)
        if kind == "csr_matrix":
            parts["_shape"] = dense.shape
        if kind == "coo_array":
            rows, columns = np.nonzero(dense)
            parts = {"_shape": dense.shape, "data": dense[rows, columns], "coords": (rows, columns)}
        data = dumps(dict(fields, J_regressor=instance(classes[kind], **parts)), protocol)
    assert_same(read_smal_pickle(write(tmp_path, data)), fields)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_chumpy_values(tmp_path: Path, protocol: int) -> None:
    fields = smal_like()
    with foreign_modules() as c:
        template = fields["v_template"]
        half = instance(c["Ch"], x=template / 2)
        chosen = np.arange(template.size)[::-1].copy()
        flipped = instance(c["Ch"], x=template.ravel()[::-1].copy())
        select = instance(c["Select"], a=flipped, idxs=chosen, preferred_shape=template.shape)
        scaled = instance(c["multiply"], a=instance(c["Ch"], x=fields["weights"] * 4), b=instance(c["Ch"], x=0.25))
        both = dict(fields, v_template=instance(c["add"], a=half, b=half), weights=scaled)
        first = dumps(both, protocol)
        second = dumps(dict(fields, v_template=select), protocol)
    assert_same(read_smal_pickle(write(tmp_path, first)), fields)
    assert_same(read_smal_pickle(write(tmp_path, second)), fields)


def test_what_may_be_missing(tmp_path: Path) -> None:
    fields = smal_like()
    joints = fields["J_regressor"] @ fields["v_template"]
    for posedirs in (np.zeros(0), np.zeros((120, 3, 306)), None):
        thin = {k: v for k, v in fields.items() if k not in ("posedirs", "shapedirs")}
        thin |= {"J_regressor": np.zeros((35, 120)), "J": joints}
        if posedirs is not None:
            thin["posedirs"] = posedirs
        model = read_smal_pickle(write(tmp_path, dumps(thin, 2)))
        assert model.posedirs is None and model.n_betas == 0 and model.J_regressor is None
        np.testing.assert_allclose(model.J, joints)
    static = dict(fields, J=joints + 1, static_joint_locs=True)
    model = read_smal_pickle(write(tmp_path, dumps(static, 2)))
    assert model.J_regressor is None
    np.testing.assert_allclose(model.J, joints + 1)


@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.uint64, np.float64])
def test_root_parent_spellings(tmp_path: Path, dtype: type) -> None:
    fields = smal_like()
    table = fields["kintree_table"].astype(np.int64)
    with np.errstate(all="ignore"):
        fields["kintree_table"] = table.astype(dtype)
    model = read_smal_pickle(write(tmp_path, dumps(fields, 4)))
    assert model.parents[0] == -1 and model.joint_names == SMAL_JOINTS


def test_other_layouts(tmp_path: Path) -> None:
    """Weights and regressor the other way round, posedirs flattened, parents as a list, joint names as text arrays."""
    fields = smal_like(parents=(-1, 0, 1, 1))
    other = dict(fields, weights=fields["weights"].T.copy(), J_regressor=fields["J_regressor"].T.copy())
    other["posedirs"] = fields["posedirs"].reshape(-1, 27).T.copy()
    del other["kintree_table"]
    other |= {"parents": np.array([-1, 0, 1, 1]), "J_names": np.array(["root", "spine", "left_knee", "right_knee"])}
    model = read_smal_pickle(write(tmp_path, dumps(other, 4)))
    np.testing.assert_allclose(model.weights, fields["weights"])
    np.testing.assert_allclose(model.posedirs, fields["posedirs"])
    np.testing.assert_allclose(model.J_regressor, fields["J_regressor"])
    assert model.joint_names == ("root", "spine", "left_knee", "right_knee")
    # Joints whose names say which point they are become keypoints.
    assert model.keypoint_names == ("left_knee", "right_knee")
    np.testing.assert_allclose(model.keypoint_matrix @ model.v_template, model.J[2:])


@given(st.permutations(range(1, 6)), st.integers(0, 1000))
def test_joint_order_does_not_matter(order: list[int], seed: int) -> None:
    """The same animal, its joints listed in any order after the root, moves in the same way."""
    parents = np.array([-1, 0, 1, 2, 2, 0])
    fields = smal_like(vertices=40, parents=parents, seed=seed)
    new = [0, *order]  # new place -> old joint
    place = np.argsort(new)
    mixed = dict(fields, weights=fields["weights"][:, new], J_regressor=fields["J_regressor"][new])
    table = np.array([[-1 if parents[j] < 0 else place[parents[j]] for j in new], range(6)])
    blocks = fields["posedirs"].reshape(40, 3, 5, 9)[:, :, np.array(new[1:]) - 1].reshape(40, 3, 45)
    from bestiary.animal.assemble import assemble

    def build(f: dict[str, np.ndarray], kintree: np.ndarray, posedirs: np.ndarray, names: list[str]) -> AnimalModel:
        return assemble(
            name="x", v_template=f["v_template"], faces=f["f"], weights=f["weights"], kintree=kintree,
            shapedirs=f["shapedirs"], posedirs=posedirs, J_regressor=f["J_regressor"], joint_names=names,
        )  # fmt: skip

    names = [f"bone{i}" for i in range(6)]
    first = build(fields, fields["kintree_table"], fields["posedirs"], names)
    second = build(mixed, table, blocks, [names[j] for j in new])
    pose = np.random.default_rng(seed).normal(size=(6, 3))
    again = pose[[first.joint_names.index(name) for name in second.joint_names]]
    np.testing.assert_allclose(first.forward(None, pose).vertices, second.forward(None, again).vertices, atol=1e-9)


def test_trees_that_are_none() -> None:
    for parents, message in (([-1, -1], "one root"), ([-1, 2, 1], "ring"), ([1, 0], "one root"), ([-1, 9], "outside")):
        with pytest.raises(ModelError, match=message):
            parents_first(np.array(parents))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("weights", np.full((120, 35), 0.1), "weights.*sum to 1"),
        ("weights", np.zeros((3, 3)), "weights: must have shape"),
        ("weights", "none", "weights: is a str"),
        ("f", np.array([[0, 1, 500]]), "f: names vertex 500"),
        ("f", np.array([[0.5, 1, 2]]), "f: must hold whole numbers"),
        ("v_template", np.full((120, 3), np.nan), "v_template.*finite"),
        ("v_template", np.zeros((120, 2)), "v_template: must have shape"),
        ("shapedirs", np.zeros((7, 3, 4)), "shapedirs: must have shape"),
        ("posedirs", np.ones((120, 3, 5)), "posedirs: must have shape"),
        ("J_regressor", np.ones((4, 120)), "J_regressor: must have shape"),
        ("J_regressor", np.zeros((35, 120)), "J_regressor: is empty"),
        ("kintree_table", np.zeros((5, 5)), "kintree_table: must be"),
        ("J_names", ["a"], "J_names: 1 names for 35"),
        ("J_names", [1, 2], "J_names: holds something"),
        ("v_template", np.array([object()] * 3), "an object of"),
    ],
)
def test_bad_fields_are_named(tmp_path: Path, field: str, value: Any, message: str) -> None:
    fields: dict[str, Any] = dict(smal_like(), **{field: value})
    with pytest.raises(ModelError, match=message):
        read_smal_pickle(write(tmp_path, dumps(fields, 2)))


def test_missing_fields_are_listed(tmp_path: Path) -> None:
    fields = smal_like()
    del fields["weights"]
    with pytest.raises(ModelError, match=r"needs weights or skinning_weights; this file has .*v_template"):
        read_smal_pickle(write(tmp_path, dumps(fields, 2)))
    with pytest.raises(ModelError, match="dictionary of arrays"):
        read_smal_pickle(write(tmp_path, dumps([1, 2], 2)))


# -- hostile files ------------------------------------------------------------------------------------------


class Bomb:
    """Pickles as a call of `function`, which would leave a mark in the folder of the test."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def _bombs(mark: str) -> dict[str, Any]:
    import builtins
    import functools
    import operator
    import subprocess

    code = f"open({mark!r}, 'w').close()"
    return {
        "system": Bomb(os.system, f"touch {mark}"),
        "eval": Bomb(builtins.eval, code),
        "exec": Bomb(builtins.exec, code),
        "open": Bomb(builtins.open, mark, "w"),
        "import": Bomb(builtins.__import__, "os"),
        "getattr": Bomb(builtins.getattr, Bomb(builtins.__import__, "os"), "system"),
        "popen": Bomb(subprocess.Popen, ["touch", mark]),
        "partial": Bomb(functools.partial, os.system, f"touch {mark}"),
        "attrgetter": operator.attrgetter("system"),
        "load": Bomb(np.load, mark),
        "memmap": Bomb(np.memmap, mark, "u1", "w+", 0, 10),
        "pickle": Bomb(pickle.loads, dumps(Bomb(os.system, f"touch {mark}"), 2)),
    }


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", list(_bombs("x")))
@pytest.mark.parametrize("where", ["alone", "in a field", "in a state"])
def test_code_is_refused_by_name_and_not_run(tmp_path: Path, name: str, protocol: int, where: str) -> None:
    mark = tmp_path / "ran"
    bomb = _bombs(str(mark))[name]
    value: Any = bomb
    if where == "in a field":
        value = dict(smal_like(), bs_type=bomb)
    try:
        if where == "in a state":
            with foreign_modules() as classes:
                data = dumps(dict(smal_like(), v_template=instance(classes["Ch"], x=bomb)), protocol)
        else:
            data = dumps(value, protocol)
    except (TypeError, pickle.PicklingError):
        pytest.skip("this cannot be pickled by this protocol")
    with pytest.raises(ModelError, match=r"asks for \w+[\w.]*"):
        open_model(write(tmp_path, data))
    assert not mark.exists()


HOSTILE = {
    "nested name": (b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__reduce\x93.", "asks for numpy.ndarray.__reduce"),
    "dotted module": (b"cnumpy.core.multiarray\n_reconstruct.__globals__\n.", "asks for"),
    "persistent id": (b"Pid\n.", "persistent id"),
    "binary persistent id": (b"NQ.", "persistent id"),
    "extension": (b"\x82\x01.", "extension code"),
    "out of band": (b"\x97.", "out-of-band"),
    "protocol 6": (b"\x80\x06N.", "protocol 6"),
    "huge bytearray": (b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b"x.", "cut off"),
    "huge bytes": (b"\x8e" + struct.pack("<Q", 2**40) + b".", "cut off"),
    "huge text": (b"X" + struct.pack("<I", 2**32 - 1) + b".", "cut off"),
    "negative text": (b"T" + struct.pack("<i", -5) + b".", "cut off"),
    "huge number": (b"\x8b" + struct.pack("<I", 2**31) + b".", "whole number"),
    "long number": (b"I" + b"9" * 5000 + b"\n.", "line of"),
    "huge memo": (b"Nr" + struct.pack("<I", 2**32 - 1) + b"j\x01\x00\x00\x00.", "recalls"),
    "endless": (b"N0" * 3_000_000 + b".", "instructions"),
    "deep": (b"(" * 100 + b"t" * 101 + b".", "mark is missing"),
    "nested key": (b"}" + b")" + b"\x85" * 100_000 + b"Ns.", "dictionary key"),
    "no end": (b"}", "cut off"),
    "empty stack": (b".", "not there"),
    "build on nothing": (b"N}b.", "sets the state"),
    "call of a value": (b"K\x01)R.", "not a name"),
    "random": (b"\xff\xfe\x00", "no instruction"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs(tmp_path: Path, name: str) -> None:
    data, message = HOSTILE[name]
    with pytest.raises(ModelError, match=message):
        read_smal_pickle(write(tmp_path, data))


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
F8 = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8K\x00K\x01tR"
F8 += b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
DTYPE = b"cnumpy\ndtype\n(X%sK\x00K\x01tR"
CODE = {n: struct.pack("<I", len(n)) + n for n in (b"O8", b"V8", b"f8,f8", b"f9999", b"M8[ns]")}

ARRAYS = {
    "shape beyond its bytes": ARRAY + b"(K\x01(J\x00\x00\x00\x40t" + F8 + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "negative shape": ARRAY + b"(K\x01(J\xff\xff\xff\xfft" + F8 + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "huge shape": ARRAY + b"(K\x01(" + b"J\x00\x00\x00\x40" * 5 + b"t" + F8 + b"\x89C\x00tb.",
    "shape of text": ARRAY + b"(K\x01X\x03\x00\x00\x00abc" + F8 + b"\x89C\x00tb.",
    "shape of truth": ARRAY + b"(K\x01(\x88t" + F8 + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "shape of nothing times much": ARRAY + b"(K\x01(K\x00\x8a\x0d" + (10**30).to_bytes(13, "little") + b"t" + F8
    + b"\x89C\x00tb.",
    "shape of much three times": ARRAY + b"(K\x01(K\x00" + b"J\x00\x00\x00\x08" * 3 + b"t" + F8 + b"\x89C\x00tb.",
    "shape of a broken number": ARRAY + b"(K\x01(cnumpy.core.multiarray\nscalar\n(" + F8
    + b"C\x08" + struct.pack("<d", np.nan) + b"tRt" + F8 + b"\x89C\x00tb.",
    "no contents": ARRAY + b".",
    "contents twice wrong": ARRAY + b"(NNNNNNNtb.",
    "contents a dict": ARRAY + b"}b.",
    "objects": ARRAY + b"(K\x01(K\x02t" + DTYPE % CODE[b"O8"] + b"\x89](NNetb.",
    "void": ARRAY + b"(K\x01(K\x01t" + DTYPE % CODE[b"V8"] + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "record": ARRAY + b"(K\x01(K\x01t" + DTYPE % CODE[b"f8,f8"] + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "size": ARRAY + b"(K\x01(K\x01t" + DTYPE % CODE[b"f9999"] + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "dates": ARRAY + b"(K\x01(K\x01t" + DTYPE % CODE[b"M8[ns]"] + b"\x89C\x08" + b"0" * 8 + b"tb.",
    "dtype of nothing": ARRAY + b"(K\x01(K\x01tN\x89C\x08" + b"0" * 8 + b"tb.",
    "frombuffer of nothing": b"cnumpy.core.numeric\n_frombuffer\n(tR.",
    "encode of numbers": b"c_codecs\nencode\n(K\x01tR.",
    "chumpy of itself": b"cchumpy.ch\nCh\n)\x81q\x00}X\x01\x00\x00\x00xh\x00sb.",
    "chumpy of nothing": b"cchumpy.ch\nCh\n)\x81.",
    "sparse of nothing": b"cscipy.sparse.csc\ncsc_matrix\n)\x81}b.",
    "sparse called": b"cscipy.sparse.csc\ncsc_matrix\n(J\x00\x00\x00\x40tR.",
    "list in itself": b"]q\x00h\x00a.",
    "ragged list": b"](](K\x01K\x02e](K\x01ee.",
    "a dtype": F8 + b".",
    "a name": b"cnumpy\nndarray\n.",
}


@pytest.mark.parametrize("name", ARRAYS)
def test_allowed_names_with_hostile_arguments(name: str) -> None:
    with pytest.raises(ModelError):
        to_array(read_pickle(ARRAYS[name]), "v_template")


def test_shared_values_cannot_multiply_the_work() -> None:
    """Ten sums of sums of the same array: a thousand additions, asked for in a few bytes, are counted."""
    with foreign_modules() as classes:
        value = instance(classes["Ch"], x=np.zeros(2_000_000, np.float64))
        for _ in range(10):
            value = instance(classes["add"], a=value, b=value)
        data = dumps(value, 4)
    with pytest.raises(ModelError, match="takes more than"):
        to_array(read_pickle(data), "shapedirs")


def test_sparse_of_impossible_size() -> None:
    with foreign_modules() as classes:
        empty = np.zeros(0)
        parts = {"_shape": (2**30, 2**30), "data": empty, "coords": (empty.astype(int), empty.astype(int))}
        data = dumps(instance(classes["coo_array"], **parts), 4)
    with pytest.raises(ModelError, match="too large"):
        to_array(read_pickle(data), "J_regressor")


@pytest.mark.parametrize("shape", [(0, 2**62), (2**62, 0), (True, 3), (0, 2**27, 2**27)])
def test_sparse_of_impossible_shape(shape: tuple[int, ...]) -> None:
    with foreign_modules() as classes:
        empty = np.zeros(0)
        parts = {"_shape": shape, "data": empty, "coords": (empty.astype(int), empty.astype(int))}
        data = dumps(instance(classes["coo_array"], **parts), 4)
    with pytest.raises(ModelError, match=r"J_regressor: .*(too large|impossible)"):
        to_array(read_pickle(data), "J_regressor")


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xff", b"\x00\x00\x11\x00", b"\x00\xd8\x00\x00"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_names_of_impossible_characters(tmp_path: Path, raw: bytes, order: str) -> None:
    raw = raw if order == "<" else raw[::-1]
    names = np.frombuffer(raw * 35, f"{order}U1")
    with pytest.raises(ModelError, match="J_names: holds"):
        read_smal_pickle(write(tmp_path, dumps(dict(smal_like(), J_names=names), 2)))


def test_a_number_too_large_for_a_float() -> None:
    with pytest.raises(ModelError, match="V: holds a number that is too large"):
        to_array([1, 10**400], "V")


def test_the_limit_is_the_file_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields that each are small enough are refused together, and by the name of the one that is too much."""
    fields = smal_like()
    sizes = [fields[key].size for key in ("v_template", "f", "weights", "kintree_table", "shapedirs", "posedirs")]
    data = dumps(fields, 4)
    monkeypatch.setattr("bestiary.animal.pickle_values.MAX_NUMBERS", sum(sizes) + fields["J_regressor"].size)
    assert_same(read_smal_pickle(write(tmp_path, data)), fields)
    monkeypatch.setattr("bestiary.animal.pickle_values.MAX_NUMBERS", sum(sizes) - 1)
    with pytest.raises(ModelError, match="posedirs: the file takes more than"):
        read_smal_pickle(write(tmp_path, data))


SMALL = {p: dumps(smal_like(vertices=12, betas=1, parents=(-1, 0)), p) for p in range(6)}


@settings(max_examples=200)
@given(protocol=st.integers(0, 5), cut=st.floats(0, 0.999))
def test_truncated_files(protocol: int, cut: float) -> None:
    data = SMALL[protocol]
    with pytest.raises(ModelError):
        read_pickle(data[: int(cut * len(data))])


@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    with contextlib.suppress(ModelError):
        read_pickle(data)


@settings(max_examples=300)
@given(st.integers(0, 5), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_files(tmp_path_factory: Any, protocol: int, edits: list[tuple[float, int]]) -> None:
    data = bytearray(SMALL[protocol])
    for place, byte in edits:
        data[int(place * (len(data) - 1))] = byte
    with contextlib.suppress(ModelError):
        read_smal_pickle(write(tmp_path_factory.mktemp("damaged"), bytes(data)))


# -- files that nobody here wrote ---------------------------------------------------------------------------


@pytest.mark.data
def test_third_party_pig(shared_data: Path) -> None:
    model = open_model(shared_data / "models/pig/PIG_full.pkl")
    assert (model.n_vertices, model.n_joints, model.n_betas) == (11239, 62, 0)
    assert model.parents.tolist() == np.loadtxt(shared_data / "models/pig/parents.txt", dtype=int).tolist()
    mirrored = model.v_template[model.vertex_mirror] * [1, -1, 1]
    np.testing.assert_allclose(mirrored, model.v_template, atol=1e-6)
    points = dict(zip(model.keypoint_names, model.keypoint_matrix @ model.v_template, strict=True))
    assert points["nose"][0] > 0.4 and points["left_eye"][1] > 0 > points["right_eye"][1]


@pytest.mark.data
def test_third_party_stick_insect(shared_data: Path) -> None:
    model = open_model(shared_data / "models/stick_insect/SMILy_STICK.pkl")
    assert (model.n_vertices, model.n_joints, model.n_betas) == (3020, 55, 5)
    assert model.joint_names[0] == "b_t" and model.posedirs is None
    assert not model.is_smal_profile and not model.keypoint_names


@pytest.mark.data
def test_third_party_bird(shared_data: Path) -> None:
    model = open_model(shared_data / "models/bird/bird_eccv.json")
    assert (model.n_vertices, model.n_joints) == (3932, 25)
    points = dict(zip(model.keypoint_names, model.keypoint_matrix @ model.v_template, strict=True))
    assert points["nose"][0] > points["nape"][0] > points["tail_tip"][0]
    assert points["left_eye"][1] > 0 > points["right_eye"][1]
    mirrored = model.v_template[model.vertex_mirror] * [1, -1, 1]
    np.testing.assert_allclose(mirrored, model.v_template, atol=0.05)
    # Outward winding survived the change of axes.
    a, b, c = (model.v_template[model.faces[:, i]] for i in range(3))
    assert np.einsum("ij,ij->", a, np.cross(b, c)) > 0
