"""Turns the inert records of `pickle_reader.py` into NumPy arrays, with shapes and sizes checked against their bytes.

Sparse matrices become dense, chumpy objects become the value they would compute. Nothing here calls anything that
a file names: each kind of record has its reader in this module.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from .model import ModelError
from .pickle_reader import Record

MAX_NUMBERS = 1 << 27
_MAX_LIST = 5_000_000
_DTYPE = re.compile(r"^[<>|=]?([biufSUO])(\d{0,4})$")


class Work:
    """How deep one value is nested, and how many numbers may still be worked out.

    Records can share and contain each other. One root for all fields of a file makes the limit the file's.
    """

    def __init__(self, depth: int = 0, left: list[int] | None = None) -> None:
        self.depth = depth
        self.left = [MAX_NUMBERS] if left is None else left

    def deeper(self, field: str) -> Work:
        self.spend(1000, field)
        if self.depth >= 12:
            raise ModelError(f"{field}: is nested too deeply")
        return Work(self.depth + 1, self.left)

    def spend(self, numbers: int, field: str) -> None:
        self.left[0] -= numbers
        if self.left[0] < 0:
            raise ModelError(f"{field}: the file takes more than {MAX_NUMBERS} numbers to work out")


def to_array(value: Any, field: str, work: Work | None = None) -> np.ndarray:
    """The numbers of `value` as an array of floats, integers or booleans; `field` is named in every ModelError.

    Pass one `work` for all fields of a file; None gives this value a limit of its own.
    """
    work = work or Work()
    if isinstance(value, Record):
        if value.kind in ("array", "frombuffer", "scalar"):
            array = _plain_array(value, field)
        elif value.kind in ("csc", "csr", "coo"):
            array = _dense(value, field, work.deeper(field))
        elif value.kind.startswith("chumpy."):
            array = _chumpy_value(value, field, work.deeper(field))
        else:
            raise ModelError(f"{field}: is a {value.kind}, which holds no numbers")
    elif isinstance(value, list | tuple | int | float):
        array = _from_lists(value, field)
    else:
        raise ModelError(f"{field}: is a {type(value).__name__}; an array of numbers is needed")
    if array.dtype.kind == "O":
        array = _from_lists(array.tolist(), field)
    work.spend(array.size, field)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"{field}: holds {array.dtype}; numbers are needed")
    return array


def to_names(value: Any, field: str) -> tuple[str, ...]:
    """The texts of a list, or of an array of text, such as joint names."""
    if isinstance(value, Record) and value.kind in ("array", "frombuffer"):
        array = _plain_array(value, field)
        if array.ndim != 1 or array.size > 4096:
            raise ModelError(f"{field}: must be a list of names, has shape {array.shape}")
        value = array.tolist()
    if not isinstance(value, list | tuple) or len(value) > 4096:
        raise ModelError(f"{field}: must be a list of at most 4096 names")
    names = [item.decode("latin1") if isinstance(item, bytes) else item for item in value]
    if not all(isinstance(name, str) and len(name) <= 200 and _is_unicode(name) for name in names):
        raise ModelError(f"{field}: holds something that is no name")
    return tuple(names)


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: lone surrogates, which a pickle may bring, are no characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def to_flag(value: Any, field: str, work: Work | None = None) -> bool:
    """A truth value, plain or as an array of one."""
    array = to_array(value, field, work)
    if array.size != 1:
        raise ModelError(f"{field}: must be true or false")
    return bool(array.reshape(()))


def _dtype(value: Any, field: str) -> np.dtype:
    code = value.arguments[0] if isinstance(value, Record) and value.kind == "dtype" and value.arguments else None
    code = code.decode("latin1") if isinstance(code, bytes) else code
    found = _DTYPE.match(code) if isinstance(code, str) else None
    if code is None or found is None:
        raise ModelError(f"{field}: has elements of type {str(code)[:40]!r}, which are not read")
    order, state = "=", value.state
    if isinstance(state, tuple) and len(state) >= 5:
        order = state[1]
        if any(part is not None for part in state[2:5]) or order not in ("<", ">", "=", "|"):
            raise ModelError(f"{field}: has structured elements, which are not read")
    elif code[0] in "<>":
        order = code[0]
    try:
        # A pickle's "=" was written where it was made; little-endian machines are all that matter today.
        return np.dtype(("<" if order == "=" else order) + found[1] + found[2])
    except TypeError as error:
        raise ModelError(f"{field}: has elements of type {code!r}, which are not read") from error


def _plain_array(record: Record, field: str) -> np.ndarray:
    """Whatever NumPy's own three ways of pickling an array or scalar hold."""
    fortran: Any = False
    if record.kind == "scalar":
        if len(record.arguments) != 2:
            raise ModelError(f"{field}: is a damaged number")
        dtype, raw, shape = _dtype(record.arguments[0], field), record.arguments[1], ()
    elif record.kind == "frombuffer":
        if len(record.arguments) != 4:
            raise ModelError(f"{field}: is a damaged array")
        raw, dtype, shape, order = record.arguments
        dtype, fortran = _dtype(dtype, field), order == "F"
    else:
        state = record.state
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise ModelError(f"{field}: is an array without its contents")
        shape, dtype, fortran, raw = state[-4:]
        dtype = _dtype(dtype, field)
    shape = _shape(shape, field)
    numbers = math.prod(shape)
    if dtype.hasobject:
        if not isinstance(raw, list) or len(raw) != numbers:
            raise ModelError(f"{field}: is an array of objects that are not there")
        holder = np.empty(numbers, object)
        holder[:] = [item if isinstance(item, str | bytes | int | float) else None for item in raw]
        return holder.reshape(shape, order="F" if fortran else "C")
    if isinstance(raw, str):
        try:
            raw = raw.encode("latin1")
        except UnicodeEncodeError as error:
            raise ModelError(f"{field}: its contents are text, not bytes") from error
    if not isinstance(raw, bytes) or len(raw) != numbers * dtype.itemsize:
        have = len(raw) if isinstance(raw, bytes | list) else 0
        raise ModelError(f"{field}: shape {shape} of {dtype} needs {numbers * dtype.itemsize} bytes, {have} are there")
    if dtype.kind == "U" and raw and (np.frombuffer(raw, dtype.byteorder + "u4") > 0x10FFFF).any():
        raise ModelError(f"{field}: holds text with characters that do not exist")
    array = np.frombuffer(raw, dtype, count=numbers) if numbers and dtype.itemsize else np.zeros(numbers, dtype)
    return array.reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="))


def _shape(shape: Any, field: str) -> tuple[int, ...]:
    shape = (shape,) if isinstance(shape, int) else shape
    if isinstance(shape, list):
        shape = tuple(shape)
    if isinstance(shape, tuple):  # dimensions can be NumPy scalars
        shape = tuple(
            _plain_array(n, field).item() if isinstance(n, Record) and n.kind == "scalar" else n for n in shape
        )
    # bool is an int to Python, but no dimension to NumPy
    if not isinstance(shape, tuple) or len(shape) > 8 or not all(type(n) is int and n >= 0 for n in shape):
        raise ModelError(f"{field}: has the impossible shape {str(shape)[:80]}")
    # NumPy multiplies the other dimensions even where one is 0, and fails where that is too much.
    if math.prod(max(n, 1) for n in shape) > MAX_NUMBERS:
        raise ModelError(f"{field}: shape {shape} is too large, the limit is {MAX_NUMBERS} values")
    return shape


def _from_lists(value: Any, field: str) -> np.ndarray:
    """Nested lists of numbers. The shape comes from the first items; every list of a level must have that length."""
    shape: list[int] = []
    probe = value
    while isinstance(probe, list | tuple):
        shape.append(len(probe))
        if len(shape) > 4 or math.prod(shape) > _MAX_LIST:
            raise ModelError(f"{field}: a list of shape {tuple(shape)} is too large or too deep")
        probe = probe[0] if len(probe) else None
    if shape and shape[-1] == 0:
        return np.zeros(shape)
    flat = [value]
    for length in shape:
        if not all(isinstance(row, list | tuple) and len(row) == length for row in flat):
            raise ModelError(f"{field}: its rows are not of equal length")
        flat = [item for row in flat for item in row]
    numbers = [_plain_array(n, field).item() if isinstance(n, Record) and n.kind == "scalar" else n for n in flat]
    if not all(isinstance(n, int | float) for n in numbers):
        raise ModelError(f"{field}: holds something that is no number")
    try:
        array = np.array(numbers)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except OverflowError as error:
        raise ModelError(f"{field}: holds a number that is too large") from error
    return array.reshape(shape)


def _attributes(record: Record, field: str) -> dict[str, Any]:
    state = record.state
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict):
        state = state[0]
    if not isinstance(state, dict):
        raise ModelError(f"{field}: is a {record.kind} without its contents")
    return {k.decode("latin1") if isinstance(k, bytes) else str(k): v for k, v in state.items()}


def _dense(record: Record, field: str, work: Work) -> np.ndarray:
    """A scipy sparse matrix as a dense array; entries named twice add up, as they do there."""
    parts = _attributes(record, field)
    shape = _shape(parts.get("_shape", parts.get("shape")), field)
    if len(shape) != 2:
        raise ModelError(f"{field}: a sparse matrix has two dimensions, this one {len(shape)}")

    def part(name: str) -> np.ndarray:
        if name not in parts:
            raise ModelError(f"{field}: the sparse matrix lacks {name}")
        return to_array(parts[name], field, work).reshape(-1)

    data = part("data").astype(np.float64)
    if record.kind == "coo":
        coords = parts.get("coords")
        if isinstance(coords, tuple) and len(coords) == 2:
            rows, columns = (to_array(c, field, work).reshape(-1) for c in coords)
        else:
            rows, columns = part("row"), part("col")
    else:
        indices, starts = part("indices"), part("indptr")
        majors = shape[1] if record.kind == "csc" else shape[0]
        bad = starts.dtype.kind not in "iu" or len(starts) != majors + 1 or starts[0] != 0
        if bad or (np.diff(starts.astype(np.int64)) < 0).any() or starts[-1] != len(indices):
            raise ModelError(f"{field}: the sparse matrix has damaged column starts")
        major = np.repeat(np.arange(majors), np.diff(starts.astype(np.int64)))
        rows, columns = (indices, major) if record.kind == "csc" else (major, indices)
    whole = rows.dtype.kind in "iu" and columns.dtype.kind in "iu"
    if not whole or len(rows) != len(data) or len(columns) != len(data):
        raise ModelError(f"{field}: the sparse matrix has {len(data)} values for {len(rows)} places")
    if len(data) and (min(rows.min(), columns.min()) < 0 or rows.max() >= shape[0] or columns.max() >= shape[1]):
        raise ModelError(f"{field}: the sparse matrix names a place outside its shape {shape}")
    work.spend(math.prod(shape), field)  # before the memory is taken
    dense = np.zeros(shape)
    np.add.at(dense, (rows, columns), data)
    return dense


def _chumpy_value(record: Record, field: str, work: Work) -> np.ndarray:
    """What a chumpy object evaluates to: a kept array, or one of a few rearrangements and sums of others."""
    parts = _attributes(record, field)
    kind = record.kind.removeprefix("chumpy.")

    def part(name: str) -> np.ndarray:
        if name not in parts:
            raise ModelError(f"{field}: the chumpy {kind} lacks {name}")
        return to_array(parts[name], field, work)

    try:
        if kind == "Ch":
            return part("x")
        if kind == "Select":
            chosen = part("a").reshape(-1)[part("idxs").reshape(-1).astype(np.int64)]
            shape = parts.get("preferred_shape")
            return chosen if shape is None else chosen.reshape(_shape(shape, field))
        if kind == "Reshape":
            return part("a").reshape(tuple(int(n) for n in part("newshape").reshape(-1)))
        if kind == "transpose":
            axes = parts.get("axes")
            return np.transpose(part("a"), None if axes is None else [int(n) for n in to_array(axes, field, work)])
        if kind == "Concatenate":
            names = to_names(parts.get("dterms"), field)
            if len(names) > 64:
                raise ModelError(f"{field}: is joined from too many pieces")
            axis = int(to_array(parts.get("axis", 0), field, work))
            return np.concatenate([part(name) for name in names], axis=axis)
        operations = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}
        if kind not in operations:
            raise ModelError(f"{field}: is a chumpy {kind}, which is not worked out; save its value as an array")
        first, second = part("a").astype(np.float64), part("b").astype(np.float64)
        work.spend(math.prod(np.broadcast_shapes(first.shape, second.shape)), field)  # before the memory is taken
        with np.errstate(all="ignore"):
            return operations[kind](first, second)
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{field}: the chumpy {kind} does not fit together ({error})") from error
