"""Clips of the game 0 A.D. (`.psa`) and what they do to a mesh, in numpy.

A clip holds every bone's place and turn in every frame, in object space as the mesh's bind pose does, so a vertex moves as
v' = sum_w (B_clip B_bind^-1) v without a skeleton's tree. All of it stays in the game's axes; `zeroad.to_world` comes last.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .zeroad import MAX_BYTES, Cursor, ZeroAdError, ZeroAdMesh

Array = NDArray[np.float64]

MAGIC = b"PSSA"
MAX_BONES = 255  # a .pmd names bones in a byte
_BONE = np.dtype(("<f4", 7))


@dataclass(frozen=True)
class ZeroAdClip:
    """translations (F, B, 3) and rotations (F, B, 4), unit quaternions x y z w, of B bones in F frames of `frame_ms`."""

    frame_ms: float
    translations: Array
    rotations: Array


def parse_psa(data: bytes) -> ZeroAdClip:
    """A clip from the bytes of a .psa file. Raises ZeroAdError."""
    cursor = Cursor(data)
    if cursor.take(4, "header") != MAGIC:
        raise ZeroAdError("this is no .psa file (its first letters are not PSSA)")
    version, _size = cursor.number("header"), cursor.number("header")
    if version != 1:
        raise ZeroAdError(f"version {version} of .psa is not known (1 is)")
    cursor.take(cursor.number("name"), "name")
    frame_ms = float(struct.unpack("<f", cursor.take(4, "frame length"))[0])
    bones, frames = cursor.number("bone count"), cursor.number("frame count")
    if not 0 < bones <= MAX_BONES or frames == 0:
        raise ZeroAdError(f"{bones} bones in {frames} frames are no clip")
    rows = cursor.rows(bones * frames, _BONE, "frames").reshape(frames, bones, 7).astype(np.float64)
    if not (np.isfinite(rows).all() and np.isfinite(frame_ms)):
        raise ZeroAdError("the file holds numbers that are not finite")
    length = np.linalg.norm(rows[..., 3:], axis=-1, keepdims=True)
    if (length < 1e-6).any():
        raise ZeroAdError("a bone's rotation is zero, which is no rotation")
    return ZeroAdClip(frame_ms, rows[..., :3], rows[..., 3:] / length)


def read_psa(path: str | Path) -> ZeroAdClip:
    """A clip from a .psa file. Raises ZeroAdError, or OSError when it cannot be opened."""
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ZeroAdError(f"{path.name} is larger than {MAX_BYTES} bytes")
    try:
        return parse_psa(path.read_bytes())
    except ZeroAdError as error:
        raise ZeroAdError(f"{path.name}: {error}") from error


def bone_matrices(translations: Array, rotations: Array) -> Array:
    """(…, 3, 4) that take a bone's own points into object space; translations (…, 3), rotations (…, 4) x y z w."""
    x, y, z, w = np.moveaxis(np.asarray(rotations, np.float64), -1, 0)
    turned = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    return np.concatenate([np.moveaxis(turned, (0, 1), (-2, -1)), np.asarray(translations)[..., None]], axis=-1)


def skin(mesh: ZeroAdMesh, clip: ZeroAdClip, frame: int) -> Array:
    """The mesh's vertices (V, 3) in one frame of a clip, in file axes and units.

    What a vertex's weights lack to 1 stays where the bind pose has it. Raises ZeroAdError when the clip moves another
    number of bones than the mesh has.
    """
    bones = len(mesh.translations)
    if clip.translations.shape[1] != bones:
        raise ZeroAdError(f"the clip moves {clip.translations.shape[1]} bones, the mesh has {bones}")
    if bones == 0:
        return mesh.vertices.copy()
    length = np.linalg.norm(mesh.rotations, axis=1, keepdims=True)
    if (length < 1e-6).any():
        raise ZeroAdError("a bone of the mesh has no rotation in its bind pose")
    bind = bone_matrices(mesh.translations, mesh.rotations / length)
    pose = bone_matrices(clip.translations[frame], clip.rotations[frame])
    turn = pose[:, :, :3] @ bind[:, :, :3].transpose(0, 2, 1)
    move = pose[:, :, 3] - np.einsum("bij,bj->bi", turn, bind[:, :, 3])
    posed = (1.0 - mesh.weights.sum(axis=1))[:, None] * mesh.vertices
    for slot in range(mesh.bones.shape[1]):
        # Bone -1 stands for none and has weight 0, whatever the last bone's matrix does.
        bone, weight = mesh.bones[:, slot], mesh.weights[:, slot, None]
        posed += weight * (np.einsum("vij,vj->vi", turn[bone], mesh.vertices) + move[bone])
    return posed
