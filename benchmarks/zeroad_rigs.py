"""Animals of the game 0 A.D. as armatures in Blender, with their clips as actions: rigs whose bones point anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..animal.zeroad import ZeroAdMesh, read_pmd, to_world
from ..animal.zeroad_actor import Skeleton, name_bones, read_xml, skeletons_of
from ..animal.zeroad_clip import ZeroAdClip, bone_matrices, read_psa
from ..animal.zeroad_size import UNITS_PER_METRE

_TURN = to_world(np.eye(3)).T  # file axes to ours, a mirror
_FLIP = np.diag([-1.0, 1.0, 1.0])  # of a bone's own x, so that its axes are right-handed again


def rig_names(folder: Path) -> list[str]:
    """The meshes of a pack (`../shared/data/rigs/zeroad`) as `build_rig` knows them."""
    return sorted(path.name.split(".")[0] for path in (folder / "meshes").glob("*.pmd"))


def read_skeletons(folder: Path) -> list[Skeleton]:
    """All skeletons of a pack."""
    return [skeleton for path in sorted((folder / "skeletons").glob("*.xml")) for skeleton in skeletons_of(read_xml(path))]


def read_mesh(folder: Path, name: str) -> ZeroAdMesh:
    """The mesh of this name."""
    (path,) = (folder / "meshes").glob(f"{name}.*pmd")
    return read_pmd(path)


def read_clip(folder: Path, name: str) -> ZeroAdClip:
    """The clip of this name, such as `horse_walk`."""
    (path,) = (folder / "animations").glob(f"{name}.*psa")
    return read_psa(path)


def world_matrices(translations: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """(…, 4, 4) where bones stand in metres, x forward, y left, z up, from translations (…, 3) and quaternions (…, 4) x y z w."""
    unit = rotations / np.linalg.norm(rotations, axis=-1, keepdims=True)
    file = bone_matrices(translations, unit)
    world = np.zeros((*file.shape[:-2], 4, 4))
    world[..., :3, :3] = _TURN @ file[..., :3] @ _FLIP
    world[..., :3, 3] = file[..., 3] @ _TURN.T / UNITS_PER_METRE
    world[..., 3, 3] = 1.0
    return world


def build_rig(folder: Path, name: str) -> Any:
    """The armature object of a mesh, linked to the scene. Bones have the places and axes of the file's bind pose, and one length."""
    import bpy
    from mathutils import Matrix

    mesh = read_mesh(folder, name)
    skeleton = name_bones(read_skeletons(folder), to_world(mesh.translations))
    matrices = world_matrices(mesh.translations, mesh.rotations)
    length = 0.05 * float(np.ptp(matrices[:, :3, 3], axis=0).max())
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    made = [armature.data.edit_bones.new(bone) for bone in skeleton.names]
    for bone, parent, matrix in zip(made, skeleton.parents, matrices, strict=True):
        bone.parent = made[parent] if parent >= 0 else None
        bone.tail = (0.0, length, 0.0)
        bone.matrix = Matrix(matrix.tolist())
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def play_clip(armature: Any, folder: Path, clip: str) -> Any:
    """Key a clip on a rig of `build_rig` from frame 1 on, 30 frames a second; gives the action.

    Raises ValueError where the clip moves another number of bones than the rig has.
    """
    import bpy
    from mathutils import Matrix

    from ..scene.compat import Curves

    names = [bone.name for bone in name_order(armature, folder)]
    data = read_clip(folder, clip)
    if data.translations.shape[1] != len(names):
        raise ValueError(f"the clip moves {data.translations.shape[1]} bones, the rig has {len(names)}")
    world = world_matrices(data.translations, data.rotations)
    bones = armature.data.bones
    action = bpy.data.actions.new(clip)
    curves = Curves(action, armature)
    frames = np.arange(1, len(world) + 1, dtype=np.float64)
    index = {name: i for i, name in enumerate(names)}
    for i, name in enumerate(names):
        bone = bones[name]
        rest = np.array(bone.matrix_local)
        local = world[:, i]
        if bone.parent:
            above = np.array(bone.parent.matrix_local)
            local = np.linalg.inv(world[:, index[bone.parent.name]]) @ local
            rest = np.linalg.inv(above) @ rest
        basis = np.linalg.inv(rest) @ local
        parts = [Matrix(matrix.tolist()).decompose() for matrix in basis]
        turns = np.array([part[1] for part in parts])
        for k in range(1, len(turns)):
            turns[k] *= 1.0 if turns[k] @ turns[k - 1] >= 0 else -1.0
        path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
        curves.write(f"{path}.rotation_quaternion", turns, frames, name)
        curves.write(f"{path}.location", np.array([part[0] for part in parts]), frames, name)
    return action


def name_order(armature: Any, folder: Path) -> list[Any]:
    """The rig's bones in the order of the files."""
    mesh = read_mesh(folder, armature.data.name)
    skeleton = name_bones(read_skeletons(folder), to_world(mesh.translations))
    return [armature.data.bones[name] for name in skeleton.names]
