"""NumPy archives (`.npz`) read with every size checked first, and files that appear whole or not at all.

`numpy.load` believes the sizes a file states. Here the zip directory and each array's header are read and
held against limits before anything is unpacked, so a hostile file costs no more than its own size times the
best that deflate can do. Arrays of Python objects are refused: nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

MAX_FILE_BYTES = 1 << 30
MAX_UNPACKED_BYTES = 2 << 30
MAX_ARRAYS = 256
MAX_DIRECTORY_BYTES = 1 << 18
_BEST_DEFLATE = 1100  # deflate cannot pack better than 1032 to 1
_MAGIC_END = b"PK\x05\x06"
_MAGIC_ZIP64 = b"PK\x06\x07"


def read_npz(
    path: str | Path,
    error: Callable[[str], Exception] = ValueError,
    max_numbers: int = 1 << 27,
    wanted: Collection[str] | None = None,
) -> dict[str, np.ndarray]:
    """The `wanted` arrays of an `.npz` (None: all) by name, those that are there, at most `max_numbers` values each.

    What is not wanted is not looked into. Raises `error` (a class of the caller's) naming the array that is too
    large, damaged or not of numbers or text; OSError when the file cannot be opened.
    """
    path = Path(path)
    with path.open("rb") as stream:
        _check_directory(stream, path.name, error)
        try:
            with zipfile.ZipFile(stream) as archive:
                return _read_members(archive, path.name, error, max_numbers, wanted)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as bad:
            raise error(f"{path.name}: the archive is damaged or cut off ({str(bad) or type(bad).__name__})") from bad


def _check_directory(stream: IO[bytes], name: str, error: Callable[[str], Exception]) -> None:
    """Look at the end record of the zip, which says how long its directory is, before it is parsed."""
    size = os.fstat(stream.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise error(f"{name}: {size} bytes are too many, the limit is {MAX_FILE_BYTES}")
    stream.seek(max(0, size - 65557 - 20))
    tail = stream.read()
    place = tail.rfind(_MAGIC_END)
    if place < 0 or len(tail) - place < 22:
        raise error(f"{name}: not an .npz archive, or cut off")
    length = struct.unpack_from("<I", tail, place + 12)[0]
    zip64 = place >= 20 and tail[place - 20 : place - 16] == _MAGIC_ZIP64
    if length > MAX_DIRECTORY_BYTES or zip64:
        raise error(f"{name}: the archive's directory is too large for {MAX_ARRAYS} arrays")
    stream.seek(0)


def _read_members(
    archive: zipfile.ZipFile,
    name: str,
    error: Callable[[str], Exception],
    max_numbers: int,
    wanted: Collection[str] | None,
) -> dict[str, np.ndarray]:
    entries = archive.infolist()
    if len(entries) > MAX_ARRAYS:
        raise error(f"{name}: {len(entries)} arrays are too many, the limit is {MAX_ARRAYS}")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise error(f"{name}: unpacks to more than {MAX_UNPACKED_BYTES} bytes")
    arrays: dict[str, np.ndarray] = {}
    for entry in entries:
        key = entry.filename.removesuffix(".npy")
        if wanted is not None and key not in wanted:
            continue
        if key == entry.filename or key in arrays:
            raise error(f"{name}: '{entry.filename[:80]}' is no array of an .npz, or occurs twice")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
            raise error(f"{key}: packed in a way that is not read")
        if entry.file_size > _BEST_DEFLATE * entry.compress_size + 1024:
            raise error(f"{key}: states {entry.file_size} bytes in {entry.compress_size}, which cannot be")
        with archive.open(entry) as member:
            arrays[key] = _read_array(member, entry.file_size, key, error, max_numbers)
    return arrays


def _read_array(
    stream: IO[bytes], size: int, key: str, error: Callable[[str], Exception], max_numbers: int
) -> np.ndarray:
    try:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version} of the array header")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(stream, max_header_size=4096)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as bad:
        raise error(f"{key}: its header cannot be read ({bad})") from bad
    if dtype.hasobject or dtype.names or dtype.subdtype or dtype.kind not in "biufU" or dtype.itemsize > 32768:
        raise error(f"{key}: holds {dtype}; only numbers and short text are read")
    numbers = math.prod(shape)
    if len(shape) > 8 or any(n < 0 for n in shape) or numbers > max_numbers:
        raise error(f"{key}: shape {shape} is too large, the limit is {max_numbers} values")
    wanted = numbers * dtype.itemsize
    if wanted != size - stream.tell():
        raise error(f"{key}: shape {shape} of {dtype} needs {wanted} bytes, {size - stream.tell()} are there")
    data = stream.read(wanted)
    if len(data) != wanted:
        raise error(f"{key}: cut off after {len(data)} of {wanted} bytes")
    stream.read(1)  # reaching the end makes the zip check its sum
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


@contextmanager
def whole_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A binary stream whose bytes replace `path` only when all of them were written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_npz(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed `.npz` whole; the same arrays give the same bytes."""
    with whole_file(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, whatever the clock says
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), version=(1, 0), allow_pickle=False)


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON (UTF-8, indented, no NaN) whole."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(path) as stream:
        stream.write(text.encode() + b"\n")


def read_json(path: str | Path, error: Callable[[str], Exception] = ValueError, max_bytes: int = 1 << 26) -> Any:
    """The value of a JSON file of at most `max_bytes`; raises `error` when it is larger or no JSON."""
    path = Path(path)
    with path.open("rb") as stream:
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise error(f"{path.name}: more than {max_bytes} bytes")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as bad:
        raise error(f"{path.name}: not JSON ({bad})") from bad
