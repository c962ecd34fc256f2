"""The raw material: the dog skin of the `dm_control` package, read without MuJoCo.

`read_skin` understands MuJoCo's binary skin format; `weld` joins vertices that the texture seams split. The result is a
closed, left-right symmetric surface in metres (x forward, y left, z up) with one weight column per source bone.
"""

from __future__ import annotations

import importlib.util
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SKIN_PATH = "dm_control/suite/dog_assets/dog_skin.skn"
HOW_TO_GET = (
    "The dog skin of dm_control is needed. Get the package without installing it:\n"
    "    pip download --no-deps dm_control==1.0.50\n"
    "and pass the wheel with --package."
)
MAX_SKIN_BYTES = 64 * 2**20
MAX_WEIGHTS = 20_000_000


class SourceError(RuntimeError):
    """The source package is missing or not what was expected; the message says what to do."""


@dataclass(frozen=True)
class Skin:
    """A skinned surface as the source gives it.

    vertices (V, 3) metres; faces (F, 3); bone_names of length B; bone_heads (B, 3) metres; weights (V, B), rows sum to 1.
    """

    vertices: np.ndarray
    faces: np.ndarray
    bone_names: tuple[str, ...]
    bone_heads: np.ndarray
    weights: np.ndarray

    def column(self, *names: str) -> np.ndarray:
        """Summed weight (V,) of the named bones."""
        return self.weights[:, [self.bone_names.index(name) for name in names]].sum(axis=1)

    def head(self, name: str) -> np.ndarray:
        """Where the named bone starts, (3,) metres."""
        return self.bone_heads[self.bone_names.index(name)]


def skin_bytes(package: Path | None, inside: str = SKIN_PATH) -> bytes:
    """The skin file at the path `inside` of a wheel, an unpacked or installed `dm_control` folder, or (None) the installed one."""
    if package is None:
        spec = importlib.util.find_spec("dm_control")
        if spec is None or not spec.submodule_search_locations:
            raise SourceError(HOW_TO_GET)
        package = Path(spec.submodule_search_locations[0])
    if package.is_file():
        with zipfile.ZipFile(package) as archive:
            if inside not in archive.namelist():
                raise SourceError(f"{package} holds no {inside}.\n{HOW_TO_GET}")
            if archive.getinfo(inside).file_size > MAX_SKIN_BYTES:
                raise SourceError(f"{inside} in {package} is larger than {MAX_SKIN_BYTES} bytes.")
            return archive.read(inside)
    for candidate in (package / inside, package / inside.removeprefix("dm_control/")):
        if candidate.is_file():
            return candidate.read_bytes()
    raise SourceError(f"{package} holds no {inside}.\n{HOW_TO_GET}")


def read_skin(data: bytes) -> Skin:
    """Parse MuJoCo's skin format: four counts, vertices, texture coordinates, faces, then one record per bone.

    Raises SourceError when counts and length disagree.
    """
    if len(data) < 16:
        raise SourceError("The skin file is too short to hold its header.")
    n_vertices, n_texcoords, n_faces, n_bones = struct.unpack_from("<4i", data)
    counts = (n_vertices, n_texcoords, n_faces, n_bones)
    if min(counts) < 0 or 16 + 12 * n_vertices + 8 * n_texcoords + 12 * n_faces + 72 * n_bones > len(data):
        raise SourceError(f"The skin file's header {counts} does not fit its length {len(data)}.")
    if n_vertices * n_bones > MAX_WEIGHTS:
        raise SourceError(f"The skin file's header {counts} asks for more weights than any skin has.")
    offset = 16
    vertices = np.frombuffer(data, "<f4", 3 * n_vertices, offset).reshape(-1, 3).astype(float)
    offset += 12 * n_vertices + 8 * n_texcoords
    faces = np.frombuffer(data, "<i4", 3 * n_faces, offset).reshape(-1, 3).astype(np.int64)
    offset += 12 * n_faces
    names, heads = [], np.zeros((n_bones, 3))
    weights = np.zeros((n_vertices, n_bones))
    if faces.size and not 0 <= faces.min() <= faces.max() < n_vertices:
        raise SourceError("The skin file's faces name vertices that are not there.")
    for bone in range(n_bones):
        if offset + 72 > len(data):
            raise SourceError(f"The skin file ends at bone {bone} of {n_bones}.")
        names.append(data[offset : offset + 40].split(b"\0")[0].decode("ascii", "replace"))
        heads[bone] = np.frombuffer(data, "<f4", 3, offset + 40)
        (count,) = struct.unpack_from("<i", data, offset + 68)
        offset += 72
        if not 0 <= count <= n_vertices or offset + 8 * count > len(data):
            raise SourceError(f"Bone {names[-1]} of the skin file claims {count} vertices.")
        ids = np.frombuffer(data, "<i4", count, offset)
        if count and not 0 <= ids.min() <= ids.max() < n_vertices:
            raise SourceError(f"Bone {names[-1]} of the skin file names vertices that are not there.")
        weights[ids, bone] = np.frombuffer(data, "<f4", count, offset + 4 * count)
        offset += 8 * count
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return Skin(vertices, faces, tuple(names), heads, weights)


def weld(skin: Skin, tolerance: float = 1e-7) -> Skin:
    """Join vertices at the same place (texture seams); faces that collapse are dropped."""
    keys = np.round(skin.vertices / tolerance).astype(np.int64)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    faces = inverse.reshape(-1)[skin.faces]
    proper = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return Skin(skin.vertices[first], faces[proper], skin.bone_names, skin.bone_heads, skin.weights[first])


def mirror_index(vertices: np.ndarray, tolerance: float = 1e-5) -> np.ndarray:
    """For each vertex (V, 3) the index of its partner across y = 0; SourceError when there is none."""
    from scipy.spatial import cKDTree

    distance, index = cKDTree(vertices).query(vertices * (1.0, -1.0, 1.0))
    if distance.max() > tolerance or not np.array_equal(index[index], np.arange(len(vertices))):
        raise SourceError(f"The surface is not symmetric: a mirrored vertex is {distance.max():.2e} away.")
    return index
