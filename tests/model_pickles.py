"""Makes model pickles as other programs write them, without scipy or chumpy: stand-in modules carry their names."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bestiary.animal.model import SMAL_PARENTS


@contextmanager
def foreign_modules() -> Iterator[dict[str, type]]:
    """Classes called scipy.sparse.csc.csc_matrix, chumpy.ch.Ch and so on, for the time of writing a pickle."""
    wanted = [
        ("scipy.sparse.csc", "csc_matrix"), ("scipy.sparse._csr", "csr_matrix"), ("scipy.sparse._coo", "coo_array"),
        ("chumpy.ch", "Ch"), ("chumpy.reordering", "Select"), ("chumpy.ch_ops", "add"), ("chumpy.ch_ops", "multiply"),
    ]  # fmt: skip
    before = {name: sys.modules.get(name) for module, _ in wanted for name in _parts(module)}
    classes = {}
    try:
        for module, _ in wanted:
            for part in _parts(module):
                sys.modules[part] = types.ModuleType(part)
        for module, name in wanted:
            classes[name] = type(name, (object,), {"__module__": module})
            setattr(sys.modules[module], name, classes[name])
        yield classes
    finally:
        for name, found in before.items():
            if found is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = found


def _parts(module: str) -> list[str]:
    words = module.split(".")
    return [".".join(words[: i + 1]) for i in range(len(words))]


def instance(cls: type, **attributes: Any) -> Any:
    thing = cls.__new__(cls)
    thing.__dict__.update(attributes)
    return thing


def sparse_parts(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """The attributes of a csc matrix of a dense one."""
    columns, rows = np.nonzero(matrix.T)
    starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=matrix.shape[1]))])
    return {
        "_shape": matrix.shape,
        "data": matrix[rows, columns],
        "indices": rows.astype(np.int32),
        "indptr": starts.astype(np.int32),
    }


def smal_like(vertices: int = 120, betas: int = 4, seed: int = 0, parents: Any = SMAL_PARENTS) -> dict[str, np.ndarray]:
    """A random model with SMAL's keys and, unless given others, SMAL's 35 joints."""
    rng = np.random.default_rng(seed)
    joints = len(parents)
    weights = rng.random((vertices, joints)) ** 8
    regressor = np.zeros((joints, vertices))
    for joint in range(joints):
        regressor[joint, rng.choice(vertices, 4, replace=False)] = 0.25
    return {
        "v_template": rng.normal(size=(vertices, 3)),
        "shapedirs": rng.normal(size=(vertices, 3, betas)),
        "posedirs": rng.normal(size=(vertices, 3, 9 * (joints - 1))) * 0.01,
        "J_regressor": regressor,
        "weights": weights / weights.sum(axis=1, keepdims=True),
        "kintree_table": np.array([parents, range(joints)], dtype=np.int64),
        "f": rng.integers(0, vertices, (200, 3)).astype(np.uint32),
    }


def python2_pickle(fields: dict[str, Any], protocol: int) -> bytes:
    """`fields` as Python 2 wrote them: byte strings for keys and array contents, old module names.

    Values may be arrays, text, or ("Ch", array) for a chumpy object.
    """
    assert protocol in (0, 1, 2)
    out = io.BytesIO()
    if protocol == 2:
        out.write(b"\x80\x02")
    out.write(b"(d" if protocol == 0 else b"}(")
    for key, value in fields.items():
        _text2(out, key.encode(), protocol)
        if isinstance(value, tuple) and value[0] == "Ch":
            out.write(b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR(d")
            _text2(out, b"x", protocol)
            _array2(out, value[1], protocol)
            out.write(b"s")
            _text2(out, b"_dirty_vars", protocol)
            out.write(b"c__builtin__\nset\n((ltRsb")
        elif isinstance(value, str):
            _text2(out, value.encode(), protocol)
        else:
            _array2(out, value, protocol)
        out.write(b"s" if protocol == 0 else b"")
    out.write(b"." if protocol == 0 else b"u.")
    return out.getvalue()


def _text2(out: io.BytesIO, text: bytes, protocol: int) -> None:
    if protocol == 0:
        out.write(b"S" + repr(text)[1:].encode("latin1") + b"\n")
    else:
        out.write(b"T" + struct.pack("<i", len(text)) + text)


def _array2(out: io.BytesIO, array: np.ndarray, protocol: int) -> None:
    array = np.ascontiguousarray(array)
    out.write(b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(")
    out.write(b"".join(b"I%d\n" % n for n in array.shape) + b"t")
    out.write(b"cnumpy\ndtype\n(S'%s'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb" % array.dtype.str[1:].encode())
    out.write(b"I00\n")
    _text2(out, array.tobytes(), protocol)
    out.write(b"tb")


def dumps(value: Any, protocol: int) -> bytes:
    """`pickle.dumps`, for tests that read it back with the restricted reader only."""
    return pickle.dumps(value, protocol)


__all__ = ["dumps", "foreign_modules", "instance", "python2_pickle", "smal_like", "sparse_parts"]
