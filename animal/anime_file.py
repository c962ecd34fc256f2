"""DeformingThings4D's `.anime` files: a mesh whose vertices move, frame by frame, without a skeleton.

Little-endian: int32 frames F, vertices V, triangles T; float32 positions (V, 3) in the first frame; int32 triangles (T, 3); float32
offsets (F - 1, V, 3), how far each vertex of the later frames is from where it was in the first. The data set's animals have Z up.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 4 << 30
MAX_FRAMES, MAX_VERTICES, MAX_TRIANGLES = 100_000, 5_000_000, 10_000_000


class AnimeError(ValueError):
    """A file that is no `.anime`; the message says what is wrong with it."""


@dataclass(frozen=True, eq=False)
class AnimeMesh:
    """vertices (V, 3) float32 in the first frame, triangles (T, 3) int32, offsets (F - 1, V, 3) float32; in the file's units."""

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    offsets: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.offsets) + 1

    def means(self, groups: list[NDArray[np.int64]]) -> NDArray[np.float64]:
        """(F, K, 3) in every frame the mean of each group of vertices: virtual markers (equation 1 of the lifting paper)."""
        first = np.stack([self.vertices[group].astype(np.float64).mean(axis=0) for group in groups])
        later = [self.offsets[:, group].astype(np.float64).mean(axis=1) for group in groups]
        moved = np.concatenate([np.zeros((1, len(groups), 3)), np.stack(later, axis=1)])
        return first + moved


def parse_anime(data: bytes | memoryview) -> AnimeMesh:
    """A mesh from the bytes of a file. Raises AnimeError; nothing is made that is larger than the bytes."""
    if len(data) < 12:
        raise AnimeError("the file ends within its header")
    frames, vertices, triangles = struct.unpack_from("<iii", data)
    for count, what, least, most in (
        (frames, "frames", 1, MAX_FRAMES), (vertices, "vertices", 1, MAX_VERTICES), (triangles, "triangles", 0, MAX_TRIANGLES),
    ):  # fmt: skip
        if not least <= count <= most:
            raise AnimeError(f"{count} {what}: not an .anime file, or one of more than {most}")
    wanted = 12 + 12 * vertices + 12 * triangles + 12 * vertices * (frames - 1)
    if len(data) != wanted:
        raise AnimeError(f"{frames} frames of {vertices} vertices and {triangles} triangles are {wanted} bytes, the file has {len(data)}")
    at = 12
    places = np.frombuffer(data, "<f4", 3 * vertices, at).reshape(vertices, 3)
    at += 12 * vertices
    faces = np.frombuffer(data, "<i4", 3 * triangles, at).reshape(triangles, 3)
    at += 12 * triangles
    offsets = np.frombuffer(data, "<f4", 3 * vertices * (frames - 1), at).reshape(frames - 1, vertices, 3)
    if not (np.isfinite(places).all() and np.isfinite(offsets).all()):
        raise AnimeError("it holds numbers that are not finite")
    if triangles and (faces.min() < 0 or faces.max() >= vertices):
        raise AnimeError(f"a triangle names a vertex beyond the {vertices} that there are")
    return AnimeMesh(places, faces, offsets)


def read_anime(path: str | Path) -> AnimeMesh:
    """A mesh from a file. Raises AnimeError naming the file, or OSError when it cannot be opened."""
    path = Path(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise AnimeError(f"{path.name}: {size} bytes are too many, the limit is {MAX_BYTES}")
    try:
        return parse_anime(path.read_bytes())
    except AnimeError as error:
        raise AnimeError(f"{path.name}: {error}") from error
