"""The glTF 2.0 container: GLB or JSON, its buffers and its accessors, checked before anything is allocated.

Only bytes and typed arrays come out of here; what they mean (nodes, skins, clips) is `animal/gltf.py`.
Source: the glTF 2.0 specification of the Khronos group, sections 3.6 (binary data) and 4 (GLB).
"""

import base64
import binascii
import json
import struct
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard
from urllib.parse import unquote

import numpy as np

MAX_FILE_BYTES = 256 * 2**20
MAX_JSON_BYTES = 64 * 2**20
MAX_ITEMS = 200_000  # entries of one top-level list
MAX_ELEMENTS = 64 * 2**20  # numbers in one accessor

_COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_READABLE_EXTENSIONS = ("KHR_materials_", "KHR_mesh_quantization", "KHR_texture_transform")


class GltfError(ValueError):
    """The file is not a glTF 2.0 file that can be read; the message says which part and why."""


class GltfFile:
    """One parsed file: `json` is the document, `buffers` the raw bytes, `accessor(i)` an array."""

    def __init__(self, document: dict[str, Any], buffers: list[bytes]) -> None:
        self.json = document
        self.buffers = buffers
        self._checked: dict[str, list[dict[str, Any]]] = {}

    def items(self, key: str) -> list[dict[str, Any]]:
        """The top-level list `key` (empty when absent), with its type and length checked."""
        if key in self._checked:
            return self._checked[key]
        found = self.json.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise GltfError(f"{key} must be a list of objects")
        if len(found) > MAX_ITEMS:
            raise GltfError(f"{key} has {len(found)} entries; at most {MAX_ITEMS} are read")
        self._checked[key] = found
        return found

    def item(self, key: str, index: Any) -> dict[str, Any]:
        """Entry `index` of the top-level list `key`."""
        return self.items(key)[self.index(key, index)]

    def index(self, key: str, index: Any) -> int:
        """`index` itself, if it points into the top-level list `key`."""
        count = len(self.items(key))
        if not _is_int(index) or not 0 <= index < count:
            raise GltfError(f"{index!r} is not an index into {key} ({count} entries)")
        return index

    def view_bytes(self, index: Any) -> bytes:
        """The bytes of buffer view `index`."""
        view = self.item("bufferViews", index)
        data, start, length = self._view_range(view, index)
        return data[start : start + length]

    def _view_range(self, view: dict[str, Any], index: Any) -> tuple[bytes, int, int]:
        buffer = self.buffers[self.index("buffers", view.get("buffer"))]
        start, length = view.get("byteOffset", 0), view.get("byteLength")
        if (
            not _is_int(start)
            or not _is_int(length)
            or start < 0
            or length < 0
            or start + length > len(buffer)
        ):
            raise GltfError(f"buffer view {index} lies outside its buffer of {len(buffer)} bytes")
        return buffer, start, length

    def accessor(self, index: Any) -> np.ndarray:
        """Accessor `index` as (count,) or (count, width); normalised integers come as float64 in [-1, 1]."""
        entry = self.item("accessors", index)
        code, width, count = (
            entry.get("componentType"),
            _WIDTHS.get(str(entry.get("type"))),
            entry.get("count"),
        )
        if not _is_int(code) or code not in _COMPONENTS or width is None:
            raise GltfError(f"accessor {index} has an unknown type ({entry.get('type')}, {code})")
        if not _is_int(count) or count < 0 or count * width > MAX_ELEMENTS:
            raise GltfError(f"accessor {index} asks for {count!r} elements")
        dtype = np.dtype(_COMPONENTS[code])
        if "bufferView" in entry:
            array = self._strided(entry["bufferView"], entry.get("byteOffset", 0), count, width, dtype, index)
        elif "sparse" in entry:
            # No bytes in the file bound this allocation, so it is held to the size of a real mesh.
            if count > 4_000_000:
                raise GltfError(f"accessor {index} asks for {count} elements without data for them")
            array = np.zeros((count, width), dtype)
        else:
            raise GltfError(f"accessor {index} has no data")
        if "sparse" in entry:
            array = self._with_sparse(array.copy(), entry["sparse"], dtype, index)
        if entry.get("normalized") and dtype.kind in "iu":
            array = np.maximum(array.astype(np.float64) / np.iinfo(dtype).max, -1.0)
        return array[:, 0] if width == 1 else array

    def _strided(
        self, view_index: Any, offset: Any, count: int, width: int, dtype: np.dtype, index: Any
    ) -> np.ndarray:
        view = self.item("bufferViews", view_index)
        data, start, length = self._view_range(view, view_index)
        size = dtype.itemsize * width
        stride = view.get("byteStride") or size
        if not _is_int(offset) or not _is_int(stride) or offset < 0 or not size <= stride <= 65536:
            raise GltfError(f"accessor {index} has a bad offset or stride")
        if count and offset + stride * (count - 1) + size > length:
            raise GltfError(f"accessor {index} reads past the end of its buffer view")
        if count == 0:
            return np.zeros((0, width), dtype)
        return np.ndarray((count, width), dtype, data, start + offset, (stride, dtype.itemsize)).copy()

    def _with_sparse(self, array: np.ndarray, sparse: Any, dtype: np.dtype, index: Any) -> np.ndarray:
        try:
            count, where, what = sparse["count"], sparse["indices"], sparse["values"]
            code = where["componentType"]
            rows_dtype = np.dtype({5121: "u1", 5123: "<u2", 5125: "<u4"}[code])
            where_view, what_view = where["bufferView"], what["bufferView"]
        except (KeyError, TypeError) as error:
            raise GltfError(f"accessor {index} has an incomplete sparse part") from error
        if not _is_int(count) or not 0 <= count <= len(array):
            raise GltfError(f"accessor {index} has {count!r} sparse entries for {len(array)} elements")
        rows = self._strided(where_view, where.get("byteOffset", 0), count, 1, rows_dtype, index)[:, 0]
        if count and rows.max() >= len(array):
            raise GltfError(f"accessor {index} has a sparse index outside its {len(array)} elements")
        array[rows] = self._strided(what_view, what.get("byteOffset", 0), count, array.shape[1], dtype, index)
        return array


def open_gltf(path: str | Path) -> GltfFile:
    """Read a `.glb` or `.gltf` file with its buffers. Raises GltfError with the reason, or OSError."""
    path = Path(path)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise GltfError(f"{path.name} has {path.stat().st_size} bytes; at most {MAX_FILE_BYTES} are read")
    data = path.read_bytes()
    text, binary = _split_glb(data) if data[:4] == b"glTF" else (data, None)
    if len(text) > MAX_JSON_BYTES:
        raise GltfError(f"the JSON part has {len(text)} bytes; at most {MAX_JSON_BYTES} are read")
    try:
        document = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise GltfError(f"{path.name} is neither a GLB file nor glTF JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise GltfError(f"{path.name} has no glTF asset entry")
    if not str(document["asset"].get("version", "")).startswith("2"):
        raise GltfError(f"{path.name} is glTF {document['asset'].get('version')!r}; only version 2 is read")
    required = document.get("extensionsRequired", [])
    for name in required if isinstance(required, list) else [required]:
        if not str(name).startswith(_READABLE_EXTENSIONS):
            raise GltfError(f"{path.name} needs the extension {name}, which is not read; export it without")
    result = GltfFile(document, [])
    result.buffers = _read_buffers(result, binary, path)
    return result


def _split_glb(data: bytes) -> tuple[bytes, bytes | None]:
    if len(data) < 20:
        raise GltfError("the GLB file is cut off in its header")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2 or length > len(data):
        raise GltfError(f"the GLB header says version {version} and {length} bytes; the file has {len(data)}")
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= length:
        size, kind = struct.unpack_from("<I4s", data, place)
        if place + 8 + size > length:
            raise GltfError("a GLB chunk reaches past the end of the file")
        chunks.setdefault(kind, data[place + 8 : place + 8 + size])
        place += 8 + size
    if b"JSON" not in chunks:
        raise GltfError("the GLB file has no JSON chunk")
    return chunks[b"JSON"], chunks.get(b"BIN\0")


def _read_buffers(file: GltfFile, binary: bytes | None, path: Path) -> list[bytes]:
    buffers, total = [], 0
    for number, entry in enumerate(file.items("buffers")):
        uri, length = entry.get("uri"), entry.get("byteLength")
        if not _is_int(length) or length < 0:
            raise GltfError(f"buffer {number} has no byteLength")
        if uri is None:
            data = binary if number == 0 and binary is not None else b""
        else:
            data = read_uri(str(uri), path, f"buffer {number}")
        total += len(data)
        if len(data) < length or total > 2 * MAX_FILE_BYTES:
            raise GltfError(f"buffer {number} should have {length} bytes but has {len(data)}")
        buffers.append(data)
    return buffers


def read_uri(uri: str, path: Path, what: str) -> bytes:
    """Bytes of a data: URI or of a file beside (or below) `path`; nothing else is followed."""
    if uri.startswith("data:"):
        head, _, body = uri.partition(",")
        if not head.endswith(";base64"):
            raise GltfError(f"{what} has a data URI that is not base64")
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise GltfError(f"{what} has a broken base64 data URI") from error
    name = PurePosixPath(unquote(uri))
    if (
        "://" in uri
        or name.is_absolute()
        or ".." in name.parts
        or "\\" in uri
        or ":" in uri
        or "\0" in str(name)
    ):
        raise GltfError(f"{what} points to {uri!r}, outside the file's own folder")
    place = path.parent / Path(*name.parts)
    if not place.is_file():
        raise GltfError(f"{what} needs the file {uri!r} beside {path.name}, which is not there")
    if place.stat().st_size > MAX_FILE_BYTES:
        raise GltfError(
            f"{what}: {uri!r} has {place.stat().st_size} bytes; at most {MAX_FILE_BYTES} are read"
        )
    return place.read_bytes()


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
