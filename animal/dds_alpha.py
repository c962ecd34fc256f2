"""How opaque a DDS texture is, in numpy: the alpha of its largest picture where it is packed as DXT5 (BC3).

Blender loads these files for colour. Alpha is wanted before there is a Blender: faces that a game would not show are no part
of an animal's surface.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 8192
_HEADER = 128
_BLOCK = 16


class DdsError(ValueError):
    """A DDS file that is cut off or too large; the message says which."""


def parse_dds_alpha(data: bytes) -> NDArray[np.uint8] | None:
    """Alpha (H, W), the top row first; None for files that are no DDS or packed another way. Raises DdsError."""
    if len(data) < _HEADER or data[:4] != b"DDS " or data[84:88] != b"DXT5":
        return None
    height, width = struct.unpack_from("<II", data, 12)
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise DdsError(f"a texture of {width} x {height} pixels, the limit is {MAX_SIDE} a side")
    down, across = (height + 3) // 4, (width + 3) // 4
    if len(data) < _HEADER + down * across * _BLOCK:
        raise DdsError("the texture is cut off")
    blocks = np.frombuffer(data, np.uint8, down * across * _BLOCK, _HEADER).reshape(-1, _BLOCK)
    # Two ends, then for each of 16 pixels three bits that say where between them it lies.
    ends = blocks[:, :2].astype(np.int64)
    bits = np.unpackbits(blocks[:, 2:8], axis=1, bitorder="little").reshape(-1, 16, 3)
    codes = bits @ np.array([1, 2, 4])
    first, second = ends[:, :1], ends[:, 1:]
    steps = np.arange(1, 7)
    eight = np.concatenate([first, second, ((7 - steps) * first + steps * second) // 7], axis=1)
    steps = steps[:4]
    six = np.concatenate([first, second, ((5 - steps) * first + steps * second) // 5, first * 0, first * 0 + 255], axis=1)
    alpha = np.take_along_axis(np.where(first > second, eight, six), codes, axis=1).astype(np.uint8)
    return alpha.reshape(down, across, 4, 4).transpose(0, 2, 1, 3).reshape(down * 4, across * 4)[:height, :width]


def read_dds_alpha(path: str | Path) -> NDArray[np.uint8] | None:
    """`parse_dds_alpha` of a file. Raises DdsError naming it, or OSError when it cannot be opened."""
    path = Path(path)
    limit = _HEADER + 2 * MAX_SIDE * MAX_SIDE
    if path.stat().st_size > limit:
        raise DdsError(f"{path.name} is larger than {limit} bytes")
    try:
        return parse_dds_alpha(path.read_bytes())
    except DdsError as error:
        raise DdsError(f"{path.name}: {error}") from error


def face_alpha(alpha: NDArray[np.uint8], uv: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F,) mean alpha (0 to 1) over faces with uv (F, 3, 2), v up, repeating."""
    steps = np.array([(i, j) for i in range(7) for j in range(7 - i)], float) / 7 + 1 / 21
    shares = np.column_stack([1 - steps.sum(axis=1), steps])
    at = np.einsum("sk,fkc->fsc", shares, uv) % 1.0
    height, width = alpha.shape
    column = np.minimum((at[..., 0] * width).astype(np.int64), width - 1)
    row = np.minimum(((1.0 - at[..., 1]) * height).astype(np.int64), height - 1)
    return alpha[row, column].mean(axis=1) / 255.0


def cut_out(
    alpha: NDArray[np.uint8], faces: NDArray[np.int64], uv: NDArray[np.float64], parts: int = 8
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Leave out what is transparent: faces (F, 3) over V vertices, uv (F, 3, 2) → faces, uv, corners (N, 3), shares (N, 3).

    Faces that are transparent in part are cut into parts x parts smaller ones, of which the transparent ones go. That makes N new
    vertices, numbered from V = faces.max() + 1 on: new vertex n is the sum of shares[n] times the vertices corners[n].
    """
    shown = face_alpha(alpha, uv)
    whole, torn = shown > 0.97, (shown > 0.03) & (shown <= 0.97)
    grid = np.array([(i, j) for i in range(parts + 1) for j in range(parts + 1 - i)])
    shares = np.column_stack([parts - grid.sum(axis=1), grid]) / parts
    place = {(int(i), int(j)): k for k, (i, j) in enumerate(grid)}
    small = [(place[i, j], place[i + 1, j], place[i, j + 1]) for i, j in place if i + j < parts]
    small += [(place[i + 1, j], place[i + 1, j + 1], place[i, j + 1]) for i, j in place if i + j < parts - 1]
    small_uv = np.einsum("nk,fkc->fnc", shares, uv[torn])[:, np.array(small)].reshape(-1, 3, 2)
    count = int(torn.sum())
    first = int(faces.max(initial=-1)) + 1
    small_faces = (np.array(small)[None] + first + np.arange(count)[:, None, None] * len(grid)).reshape(-1, 3)
    kept = face_alpha(alpha, small_uv) >= 0.5 if count else np.zeros(0, bool)
    return (np.concatenate([faces[whole], small_faces[kept]]), np.concatenate([uv[whole], small_uv[kept]]),
            np.repeat(faces[torn], len(grid), axis=0), np.tile(shares, (count, 1)))
