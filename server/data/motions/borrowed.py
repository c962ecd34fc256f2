"""Clips for rigs that have none of their own: those of a file beside them whose bones have the same names.

Packs often keep models and animations apart. How far each bone turns from rest is taken over, in world axes; how long bones are and
where they stand at rest is the model's own, and the root goes as much further as the model is larger.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....animal.gltf import GltfError, GltfScene, SkinnedMesh, read_gltf

Array = NDArray[np.float64]

_ALIKE = 0.9  # share of a model's bones that a file of animations must have
_MOST = 40  # files beside a model that are looked into


def lender_of(path: Path, mesh: SkinnedMesh) -> SkinnedMesh | None:
    """The skinned mesh beside `path` whose clips suit a mesh without any, the one with most clips; None where there is none."""
    wanted = set(mesh.joint_names)
    best: SkinnedMesh | None = None
    for other in sorted(path.parent.glob("*anim*.gl*"))[:_MOST]:
        scene = _scene(other) if other != path else None
        for lender in scene.skinned_meshes if scene is not None and scene.clips else ():
            shared = len(wanted & set(lender.joint_names)) / len(wanted)
            if shared >= _ALIKE and (best is None or len(lender.scene.clips) > len(best.scene.clips)):
                best = lender
    return best


@lru_cache(4)
def _scene(path: Path) -> GltfScene | None:
    try:
        return read_gltf(path)
    except (GltfError, OSError):
        return None


def same_animal(mesh: SkinnedMesh, lender: SkinnedMesh) -> bool:
    """Whether the lender's mesh is the model itself."""
    close = 1e-3 * float(np.ptp(mesh.vertices))
    return mesh.vertices.shape == lender.vertices.shape and bool(np.allclose(mesh.posed(), lender.posed(), atol=close))


def borrowed_matrices(mesh: SkinnedMesh, lender: SkinnedMesh, clip: str, times: Array) -> Array:
    """World matrices (T, J, 4, 4) of a mesh's joints in a clip of another; joints that the lender does not have keep still."""
    still, rest, theirs = mesh.joint_matrices(), lender.joint_matrices(), lender.joint_matrices(clip, times)
    place = {name: joint for joint, name in enumerate(lender.joint_names)}
    size = float(np.ptp(still[:, :3, 3], axis=0).max() / max(np.ptp(rest[:, :3, 3], axis=0).max(), 1e-9))
    moved = np.repeat(still[None], len(times), axis=0)
    for joint in _parents_first(mesh):
        parent, lent = int(mesh.joint_parents[joint]), place.get(mesh.joint_names[joint])
        carried = np.eye(4) if parent < 0 else moved[:, parent] @ np.linalg.inv(still[parent])
        moved[:, joint] = carried @ still[joint]
        if lent is None:
            continue
        turned = _turns(theirs[:, lent]) @ _turns(rest[lent]).T
        moved[:, joint, :3, :3] = turned @ still[joint, :3, :3]
        if parent < 0 or mesh.joint_parents[parent] < 0:  # the root, and the hips that hang on it
            moved[:, joint, :3, 3] = still[joint, :3, 3] + size * (theirs[:, lent, :3, 3] - rest[lent, :3, 3])
    return moved


def _turns(matrices: Array) -> Array:
    """The rotations (…, 3, 3) in matrices (…, 4, 4), without scale."""
    turns = matrices[..., :3, :3]
    return turns / np.linalg.norm(turns, axis=-2, keepdims=True)


def _parents_first(mesh: SkinnedMesh) -> list[int]:
    order = [int(joint) for joint in np.flatnonzero(mesh.joint_parents < 0)]
    for joint in order:
        order.extend(int(child) for child in np.flatnonzero(mesh.joint_parents == joint))
    return order
