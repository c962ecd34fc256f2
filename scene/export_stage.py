"""What an exporter is shown instead of the user's scene: one clean armature a rig, its baked meshes, one NLA strip a clip.

The armature has the rig's rest pose without scale, no constraints, and keys of every frame; bones that only control others are
left out and the rest hang together without them. Meshes are children without a transform of their own, the mix of their shape
keys baked in. Their names are the user's, lent for as long as the stage stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.rotations import quaternion_from_matrix
from . import compat
from .export_meshes import MeshPlan, StagedMesh, stage_mesh
from .export_sampling import Player, Sampled
from .frames import continuous

Array = NDArray[np.float64]

Y_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Blender's axes to those of a file with Y up: (x, y, z) → (x, z, -y); what looks along -Y in Blender looks along +Z there."""
GAP = 10  # frames between clips on the stage


@dataclass(frozen=True)
class Look:
    """How the stage stands: axes (3, 3) from Blender's to the file's, scale of lengths, which bones and meshes it has.

    deform_only: leave out bones that move no skin and carry nothing that does. single_root: one bone above all others.
    at_origin: the armature stands unturned at the world's origin, and where it stood is the motion's.
    plain_names: names without spaces. meshes: how meshes are made, or None for none.
    """

    axes: Array
    scale: float = 1.0
    deform_only: bool = True
    single_root: bool = False
    at_origin: bool = False
    plain_names: bool = False
    meshes: MeshPlan | None = None


@dataclass
class Actor:
    """One rig on the stage. moving: bones that hang on others and change their place. lost: what was left out, for people."""

    armature: bpy.types.Object
    meshes: list[bpy.types.Object]
    moving: tuple[str, ...]
    lost: list[str]


def set_up(player: Player, clips: Sequence[Sampled], look: Look, scene: bpy.types.Scene, first: int = 0) -> Actor:
    """Turn the copies of a rig into what is exported, with one NLA track a clip, one after the other from frame `first`.

    Raises ValueError for a rig that is mirrored by its scale.
    """
    armature, source = player.armature, player.source
    kept = _kept(source, look.deform_only)
    placed = np.array(clips[0].objects[0])
    if np.linalg.det(placed[:3, :3]) <= 0:
        raise ValueError(f"{source.name} is mirrored by a negative scale: apply its scale first (Ctrl A in Object Mode)")
    axes, lengths = _orthonormal(placed[:3, :3]), placed[:3, 3]
    stretch = np.linalg.norm(placed[:3, :3], axis=0)
    _strip(armature)
    names = _bones(armature, kept, look)
    shape = np.eye(4)
    shape[:3, :3] = look.scale * look.axes @ np.diag(stretch)
    _transform(armature.data, shape)
    matrix = np.eye(4)
    if not look.at_origin:
        matrix[:3, :3] = look.axes @ axes @ look.axes.T
        matrix[:3, 3] = look.scale * look.axes @ lengths
    _place(armature, matrix)
    to_stage = np.eye(4)
    to_stage[:3, :3] = shape[:3, :3]
    lost: list[str] = []
    plan = look.meshes or MeshPlan()
    meshes = [stage_mesh(item, twin, source, armature, to_stage, names, plan,
                         [clip.values[index] for clip in clips if index in clip.values], scene, lost)
              for index, (item, twin) in enumerate(player.meshes)]
    moving = _key(armature, clips, names, matrix, look, first)
    for index, mesh in enumerate(meshes):
        _key_shapes(mesh, [(clip, start, clip.values.get(index))
                           for clip, start in zip(clips, strip_starts(clips, first), strict=True)])
    scene.frame_start, scene.frame_end = first, strip_starts(clips, first)[-1] + len(clips[-1]) - 1
    return Actor(armature, [mesh.item for mesh in meshes], moving, lost)


def strip_starts(clips: Sequence[Sampled], first: int = 0) -> list[int]:
    """The stage's frame at which each clip begins."""
    starts, at = [], first
    for clip in clips:
        starts.append(at)
        at += len(clip) + GAP
    return starts


@contextmanager
def lent_names(pairs: Sequence[tuple[bpy.types.ID, bpy.types.ID]]) -> Iterator[None]:
    """Give copies the names of what they were copied from, which gets its own back at the end."""
    lent = []
    try:
        for source, copy in pairs:
            name = source.name
            if source.library is None:
                lent.append((source, name))
                source.name = f"{name[:50]} (kept)"
            copy.name = name
        yield
    finally:
        for _, copy in pairs:
            copy.name = "exported"
        for source, name in lent:
            source.name = name


# -- bones ------------------------------------------------------------------------------------------------------------


def _kept(source: bpy.types.Object, deform_only: bool) -> dict[str, str | None]:
    """The bones that are exported, in the armature's order, and the one that each hangs on.

    A bone hangs on its nearest ancestor that is kept. Rigify's deforming bones hang on bones that do not deform (`ORG-spine`); the
    deforming twin of such a one (`DEF-spine`) is then taken for it.
    """
    bones = source.data.bones
    wanted = {bone.name for bone in bones if bone.use_deform} if deform_only else set(bones.keys())
    if not wanted:
        wanted = set(bones.keys())
    kept: dict[str, str | None] = {}
    for bone in bones:
        if bone.name not in wanted:
            continue
        above = bone.parent
        found = None
        while above is not None and found is None:
            twin = "DEF-" + above.name.split("-", 1)[-1]
            found = above.name if above.name in wanted else twin if twin in wanted and twin != bone.name else None
            above = above.parent
        kept[bone.name] = found
    return _without_circles(kept)


def _without_circles(kept: dict[str, str | None]) -> dict[str, str | None]:
    """The same with bones cut loose that would hang on themselves by way of others, parents before children."""
    ordered: dict[str, str | None] = {}
    for name in kept:
        chain: list[str] = []
        at: str | None = name
        while at is not None and at not in ordered and at not in chain:
            chain.append(at)
            at = kept[at]
        for bone in reversed(chain):
            above = kept[bone]
            ordered[bone] = above if above in ordered else None
    return ordered


def _strip(armature: bpy.types.Object) -> None:
    """Take off a copy what moves it: it will be moved by keys alone."""
    armature.animation_data_clear()
    armature.parent = None
    for owner in (armature, *armature.pose.bones):
        for constraint in list(owner.constraints):
            owner.constraints.remove(constraint)
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
        bone.custom_shape = None
        bone.lock_location = bone.lock_rotation = bone.lock_scale = (False, False, False)
        bone.rotation_mode = "QUATERNION"


def _bones(armature: bpy.types.Object, kept: dict[str, str | None], look: Look) -> dict[str, str]:
    """Take the other bones away and hang the kept ones together; gives the new name of each."""
    names = {name: _plain(name) if look.plain_names else name for name in kept}
    with compat.edit_mode([armature]):
        bones = armature.data.edit_bones
        for bone in list(bones):
            bone.use_connect = False
            if bone.name not in kept:
                bones.remove(bone)
        for name, above in kept.items():
            bone = bones[name]
            bone.parent = bones[above] if above is not None else None
            bone.inherit_scale, bone.use_inherit_rotation, bone.use_local_location = "FULL", True, True
            bone.bbone_segments = 1
        roots = [bones[name] for name, above in kept.items() if above is None]
        if look.single_root and len(roots) > 1:
            root = bones.new("root")
            root.head, root.tail = (0.0, 0.0, 0.0), (0.0, -0.2 * _size(bones), 0.0)
            for bone in roots:
                bone.parent = root
        for name, plain in names.items():
            bones[name].name = plain
    return names


def _size(bones: bpy.types.ArmatureEditBones) -> float:
    heads = np.array([bone.head for bone in bones])
    return max(float(np.ptp(heads, axis=0).max()), 0.01)


def _plain(name: str) -> str:
    return "_".join(name.split())


def _transform(data: bpy.types.Armature, matrix: Array) -> None:
    from mathutils import Matrix

    data.transform(Matrix(matrix.tolist()))


def _place(armature: bpy.types.Object, matrix: Array) -> None:
    from mathutils import Matrix

    armature.delta_location, armature.delta_scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    armature.delta_rotation_euler, armature.delta_rotation_quaternion = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)
    armature.rotation_mode = "QUATERNION"
    armature.matrix_basis = Matrix(matrix.tolist())


# -- keys -------------------------------------------------------------------------------------------------------------


def local_poses(
    armature: bpy.types.Object, source: Sequence[str], names: dict[str, str], clip: Sampled, placed: Array, look: Look,
) -> tuple[list[str], Array, Array, Array]:
    """What keys put each bone of the stage where the clip has it: its name, and quaternions (F, B, 4), places and scales (F, B, 3).

    source: the names of the clip's bones in its order; placed (4, 4): where the stage's armature stands.
    """
    order = [bone.name for bone in armature.data.bones if bone.name in set(names.values())]
    back = {new: old for old, new in names.items()}
    index = {name: i for i, name in enumerate(source)}
    picked = [index[back[name]] for name in order]
    own_scale = np.linalg.norm(clip.objects[:, :3, :3], axis=1)  # the object's, which the stage's armature has in its bones
    inverse = np.linalg.inv(placed)
    world = clip.world[:, picked]
    target = np.empty_like(world)
    target[..., :3, :3] = look.axes @ world[..., :3, :3] / own_scale.mean(axis=1)[:, None, None, None]
    target[..., :3, 3] = look.scale * world[..., :3, 3] @ look.axes.T
    target[..., 3, :] = (0.0, 0.0, 0.0, 1.0)
    target = inverse @ target
    rest = np.array([np.array(armature.data.bones[name].matrix_local) for name in order])
    above = [order.index(bone.parent.name) if (bone := armature.data.bones[name]).parent and bone.parent.name in order else -1
             for name in order]
    turns, places, scales = np.empty((*target.shape[:2], 4)), np.empty((*target.shape[:2], 3)), np.empty((*target.shape[:2], 3))
    reached = np.empty_like(target)
    for b, p in enumerate(above):  # parents come first, and children make up for what keys cannot say of them, such as shear
        frame = rest[b] if p < 0 else reached[:, p] @ (np.linalg.inv(rest[p]) @ rest[b])
        basis = np.linalg.inv(frame) @ target[:, b]
        places[:, b], scales[:, b] = basis[:, :3, 3], np.linalg.norm(basis[:, :3, :3], axis=-2)
        turned = _orthonormal(basis[:, :3, :3] / scales[:, b, None, :])
        scales[:, b] = _even(scales[:, b])
        basis[:, :3, :3] = turned * scales[:, b, None, :]
        reached[:, b] = frame @ basis
        turns[:, b] = quaternion_from_matrix(turned)
    return order, continuous(turns), places, scales


def _even(scales: Array) -> Array:
    """(F, 3) the scales of a bone, the same along all axes: formats and engines shear what hangs on a bone that is stretched."""
    return np.broadcast_to(np.cbrt(scales.prod(axis=1))[:, None], scales.shape)


def _orthonormal(matrices: Array) -> Array:
    """The nearest rotations."""
    u, _, v = np.linalg.svd(matrices)
    u[..., :, 2] *= np.sign(np.linalg.det(u @ v))[..., None]
    return u @ v


def _key(
    armature: bpy.types.Object, clips: Sequence[Sampled], names: dict[str, str], placed: Array, look: Look, first: int,
) -> tuple[str, ...]:
    """Write the clips as actions on NLA tracks; gives the bones below others that change their place."""
    source = clips[0].bones
    poses = [local_poses(armature, source, names, clip, placed, look) for clip in clips]
    order = poses[0][0]
    size = max(float(np.ptp([bone.head_local for bone in armature.data.bones], axis=0).max()), 1e-9)
    moved = np.max([np.abs(places).max(axis=(0, 2)) for _, _, places, _ in poses], axis=0) > 1e-5 * size
    grown = np.max([np.abs(scales - 1.0).max(axis=(0, 2)) for _, _, _, scales in poses], axis=0) > 1e-4
    made = []
    for clip, start, (_, turns, places, scales) in zip(clips, strip_starts(clips, first), poses, strict=True):
        action = bpy.data.actions.new(clip.name)
        curves = compat.Curves(action, armature)
        frames = start + np.arange(len(clip), dtype=np.float64)
        for b, name in enumerate(order):
            path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
            curves.write(f"{path}.rotation_quaternion", turns[:, b], frames, name)
            if moved[b]:
                curves.write(f"{path}.location", places[:, b], frames, name)
            if grown[b]:
                curves.write(f"{path}.scale", scales[:, b], frames, name)
        made.append((action, clip.name, start))
    for action, name, start in made:
        compat.push_strip(armature, action, name, start)
    return tuple(name for b, name in enumerate(order) if moved[b] and armature.data.bones[name].parent is not None)


def _key_shapes(mesh: StagedMesh, clips: Sequence[tuple[Sampled, int, Array | None]]) -> None:
    """Write the values of the shape keys that a mesh still has, for each clip from its frame on, in time with the bones."""
    keys = mesh.item.data.shape_keys
    if keys is None:
        return
    made = []
    for clip, start, values in clips:
        if values is None:
            continue
        action = bpy.data.actions.new(clip.name)
        curves = compat.Curves(action, keys)
        frames = start + np.arange(len(clip), dtype=np.float64)
        for block, key in zip(list(keys.key_blocks)[1:], mesh.keys, strict=True):
            curves.write(block.path_from_id("value"), key.values(values)[:, None], frames, "Shapes")
        made.append((action, clip.name, start))
    for action, name, start in made:
        compat.push_strip(keys, action, name, start)
