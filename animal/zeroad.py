"""Skinned meshes of the game 0 A.D. (`.pmd`, versions 3 and 4), in numpy.

The files hold a surface in its bind pose and, for each vertex, up to four bones. Axes are the game's and left-handed: y up,
animals looking along -z, their left side at +x; `to_world` takes them to ours. Faces are wound as the right-handed original
was, so in the file they look inward and after `to_world` outward. Every count is held against the file's length before
anything is made from it. Clips are in `zeroad_clip`, what belongs together in `zeroad_actor`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MAGIC = b"PSMD"
MAX_BYTES = 64 * 2**20
MAX_UV_SETS = 8


class ZeroAdError(ValueError):
    """A file of the game that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True)
class ZeroAdMesh:
    """vertices (V, 3) in file axes and units, faces (F, 3), bones (V, 4) indices (-1: none), weights (V, 4), bind poses of
    the B bones as translations (B, 3) and quaternions x y z w (B, 4), uv (V, 2) of the first set, as the file has it."""

    vertices: np.ndarray
    faces: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    translations: np.ndarray
    rotations: np.ndarray
    uv: np.ndarray


class Cursor:
    """A place in a file's bytes that moves on as things are taken, and never beyond the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes; raises ZeroAdError, naming `what` was read, where they are not there."""
        if count < 0 or self.at + count > len(self.data):
            raise ZeroAdError(f"the file ends within its {what}")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, what: str) -> int:
        """The next unsigned 32-bit number."""
        return int(struct.unpack("<I", self.take(4, what))[0])

    def rows(self, count: int, kind: np.dtype, what: str) -> np.ndarray:
        """The next `count` records of `kind`."""
        return np.frombuffer(self.take(count * kind.itemsize, what), kind)


def parse_pmd(data: bytes) -> ZeroAdMesh:
    """A mesh from the bytes of a .pmd file. Raises ZeroAdError."""
    cursor = Cursor(data)
    if cursor.take(4, "header") != MAGIC:
        raise ZeroAdError("this is no .pmd file (its first letters are not PSMD)")
    version, _size = cursor.number("header"), cursor.number("header")
    if version not in (3, 4):
        raise ZeroAdError(f"version {version} of .pmd is not known (3 and 4 are)")
    count = cursor.number("vertex count")
    sets = cursor.number("UV count") if version == 4 else 1
    if sets > MAX_UV_SETS:
        raise ZeroAdError(f"{sets} UV sets are more than any mesh has")
    vertex = np.dtype([
        ("place", "<f4", 3), ("normal", "<f4", 3), ("uv", "<f4", (sets, 2)), ("bones", "u1", 4), ("weights", "<f4", 4),
    ])  # fmt: skip
    rows = cursor.rows(count, vertex, "vertices")
    faces = cursor.rows(cursor.number("face count"), np.dtype(("<u2", 3)), "faces").reshape(-1, 3).astype(np.int64)
    n_bones = cursor.number("bone count")
    poses = cursor.rows(n_bones, np.dtype(("<f4", 7)), "bones").reshape(-1, 7).astype(float)
    places, weights = rows["place"].astype(float), rows["weights"].astype(float)
    uv = rows["uv"][:, 0].astype(float) if sets else np.zeros((count, 2))
    if not all(np.isfinite(values).all() for values in (places, weights, poses, uv)):
        raise ZeroAdError("the file holds numbers that are not finite")
    if faces.size and faces.max() >= count:
        raise ZeroAdError(f"a face names vertex {faces.max()}; the mesh has {count}")
    bones = rows["bones"].astype(np.int64)
    weights = np.where(bones >= n_bones, 0.0, weights)
    bones = np.where(bones >= n_bones, -1, bones)
    return ZeroAdMesh(places, faces, bones, weights, poses[:, :3], poses[:, 3:], uv)


def read_pmd(path: str | Path) -> ZeroAdMesh:
    """A mesh from a .pmd file. Raises ZeroAdError, or OSError when it cannot be opened."""
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ZeroAdError(f"{path.name} is larger than {MAX_BYTES} bytes")
    try:
        return parse_pmd(path.read_bytes())
    except ZeroAdError as error:
        raise ZeroAdError(f"{path.name}: {error}") from error


def to_world(points: np.ndarray) -> np.ndarray:
    """Points (…, 3) from the game's axes to x forward, y left, z up. A mirror, as the game's axes are left-handed."""
    points = np.asarray(points)
    return np.stack([-points[..., 2], points[..., 0], points[..., 1]], axis=-1)
