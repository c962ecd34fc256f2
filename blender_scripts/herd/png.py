"""PNG files from arrays, in numpy and the standard library: the same array gives the same bytes, with no date in them.

8 and 16 bit, grey and RGB. Reading goes through Blender (pictures it rendered) or Pillow (outside of it).
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...animal.npz import whole_file

_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_COLOUR = {2: 0, 3: 2}  # grey, RGB


def encode_png(pixels: NDArray[np.uint8] | NDArray[np.uint16], level: int = 6) -> bytes:
    """The bytes of a PNG: pixels (H, W) grey or (H, W, 3) RGB, uint8 or uint16, first row on top.

    Rows are stored as differences to the row above (PNG's filter 2), which suits masks, depth and normals.
    """
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim not in _COLOUR or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ValueError(f"a PNG takes (H, W) or (H, W, 3) of uint8 or uint16, not {pixels.shape} of {pixels.dtype}")
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # modulo 256, as PNG wants it
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, _COLOUR[pixels.ndim], 0, 0, 0)
    body = zlib.compress(filtered.tobytes(), level)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b"")))


def write_png(path: str | Path, pixels: NDArray[np.uint8] | NDArray[np.uint16], level: int = 6) -> None:
    """Write a PNG whole."""
    data = encode_png(pixels, level)
    with whole_file(path) as stream:
        stream.write(data)


def is_whole_png(path: str | Path) -> bool:
    """Whether a PNG is there to its end."""
    try:
        with open(path, "rb") as stream:
            stream.seek(-len(_END), os.SEEK_END)
            return stream.read() == _END
    except OSError:
        return False


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
