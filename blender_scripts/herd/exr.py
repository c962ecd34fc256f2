"""OpenEXR files as Blender writes them, read with numpy and zlib alone: every pass of a render as an array.

Blender's own `bpy.data.images` shows nothing of a multilayer file, and no other reader is in a bare Blender. What is read:
scan lines, one part or several, stored plainly or ZIP-compressed; half, float and unsigned integer channels.
Format: "OpenEXR File Layout", openexr.com.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAGIC = 20000630
_TILED, _LONG_NAMES, _DEEP, _PARTS = 0x200, 0x400, 0x800, 0x1000
_TYPES = {0: np.dtype("<u4"), 1: np.dtype("<f2"), 2: np.dtype("<f4")}
_ROWS = {0: 1, 2: 1, 3: 16}  # rows in a block: not compressed, ZIPS, ZIP
MAX_PIXELS = 1 << 26
_MOST_PARTS = 64


class ExrError(ValueError):
    """A file that is no OpenEXR picture of the kind that is read; the message says why."""


@dataclass(frozen=True)
class _Part:
    channels: tuple[tuple[str, np.dtype], ...]
    compression: int
    width: int
    height: int
    top: int
    name: str

    @property
    def rows(self) -> int:
        return _ROWS[self.compression]

    @property
    def blocks(self) -> int:
        return -(-self.height // self.rows)


def read_exr(path: str | Path) -> dict[str, NDArray]:
    """Channel name → (H, W), first row on top. Raises ExrError."""
    data = Path(path).read_bytes()
    try:
        return _read(data)
    except ExrError:
        raise
    except (struct.error, zlib.error, LookupError, ValueError, OverflowError) as error:
        raise ExrError(f"{Path(path).name}: cut off or damaged ({error})") from error


def _read(data: bytes) -> dict[str, NDArray]:
    magic, flags = struct.unpack_from("<II", data)
    if magic != _MAGIC:
        raise ExrError("not an OpenEXR file")
    if flags & (_TILED | _DEEP):
        raise ExrError("tiled and deep OpenEXR files are not read")
    at, parts = 8, []
    while True:
        attributes, at = _header(data, at)
        parts.append(_part(attributes))
        if not flags & _PARTS:
            break
        if data[at] == 0:
            at += 1
            break
        if len(parts) >= _MOST_PARTS:
            raise ExrError("more parts than any render has")
    found: dict[str, NDArray] = {}
    for number, part in enumerate(parts):
        offsets = struct.unpack_from(f"<{part.blocks}Q", data, at)
        at += 8 * part.blocks
        found.update(_channels(data, part, offsets, bool(flags & _PARTS), number))
    return found


def _header(data: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """The attributes of a header, and where it ends."""
    attributes: dict[str, bytes] = {}
    while data[at] != 0:
        name, at = _text(data, at)
        _, at = _text(data, at)
        (size,) = struct.unpack_from("<i", data, at)
        if size < 0 or at + 4 + size > len(data):
            raise ExrError(f"attribute {name!r} is longer than the file")
        attributes[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    return attributes, at + 1


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at, at + 256)
    return data[at:end].decode(), end + 1


def _part(attributes: dict[str, bytes]) -> _Part:
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise ExrError(f"{width} x {height} pixels are not read")
    compression = attributes["compression"][0]
    if compression not in _ROWS:
        raise ExrError(f"compression {compression} is not read (none and ZIP are)")
    listing, at, channels = attributes["channels"], 0, []
    while listing[at] != 0:
        name, at = _text(listing, at)
        kind, _, xs, ys = struct.unpack_from("<iIii", listing, at)
        if kind not in _TYPES or (xs, ys) != (1, 1):
            raise ExrError(f"channel {name!r} is of a kind that is not read")
        channels.append((name, _TYPES[kind]))
        at += 16
    return _Part(tuple(channels), compression, width, height, top, attributes.get("name", b"").decode())


def _channels(data: bytes, part: _Part, offsets: tuple[int, ...], numbered: bool, number: int) -> dict[str, NDArray]:
    """Every channel of one part. Within a row all of one channel's pixels stand together."""
    sizes = [kind.itemsize * part.width for _, kind in part.channels]
    stride = sum(sizes)
    image = np.zeros((part.height, stride), np.uint8)
    for offset in offsets:
        if numbered:
            (owner,) = struct.unpack_from("<i", data, offset)
            if owner != number:
                raise ExrError("a block belongs to another part")
            offset += 4
        row, size = struct.unpack_from("<ii", data, offset)
        first = row - part.top
        count = min(part.rows, part.height - first)
        if first < 0 or count < 1 or size < 0 or offset + 8 + size > len(data):
            raise ExrError("a block lies outside the picture or the file")
        block = data[offset + 8 : offset + 8 + size]
        image[first : first + count] = _unpacked(block, count * stride, part.compression).reshape(count, stride)
    found, start = {}, 0
    for (name, kind), size in zip(part.channels, sizes, strict=True):
        full = f"{part.name}.{name}" if numbered and part.name and "." not in name else name
        found[full] = np.ascontiguousarray(image[:, start : start + size]).view(kind)
        start += size
    return found


def _unpacked(block: bytes, size: int, compression: int) -> NDArray[np.uint8]:
    """The bytes of a block. A ZIP block holds differences of bytes whose even and odd ones were set apart."""
    if compression == 0 or len(block) == size:  # what ZIP would not make smaller is stored plainly
        raw = np.frombuffer(block, np.uint8)
    else:
        packed = np.frombuffer(zlib.decompress(block, bufsize=size), np.uint8)
        if packed.size != size:
            raise ExrError("a block is not as long as its rows")
        whole = np.cumsum(packed.astype(np.int64) - np.r_[0, np.full(size - 1, 128)]).astype(np.uint8)
        raw = np.empty(size, np.uint8)
        half = (size + 1) // 2
        raw[0::2], raw[1::2] = whole[:half], whole[half:]
    if raw.size != size:
        raise ExrError("a block is not as long as its rows")
    return raw
