"""Meshes as exporters get them: the mix of the shape keys baked in, skin weights kept, pose correctives as keys of their own.

145 shape keys of a body would be 145 morph targets in the file; their mix is what the animal looks like, so that is what the mesh
gets. Keys that something moves (drivers, an action) cannot be baked: they stay shape keys, and their values are keyed frame by
frame, since no format knows Blender's drivers. Importers and engines cut such values off below 0 and above 1: each key becomes one
that stays within, or two, one for each sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from . import export_coats

Array = NDArray[np.float64]

HAIR_TYPES = ("CURVES", "CURVE")
_LEAST = 5e-5  # of the mesh's size: a shape that never moves a vertex further is left out


@dataclass(frozen=True)
class MeshPlan:
    """What becomes of shape keys: all: every one stays. moving: those that something moves stay; without it they are left out.

    label: goes before the names of textures, so that files beside one another do not share them.
    """

    all: bool = False
    moving: bool = True
    label: str = ""


@dataclass(frozen=True)
class StagedMesh:
    """A mesh object on the stage, and the shape keys that it still has (without its basis) in their order."""

    item: bpy.types.Object
    keys: tuple[StagedKey, ...]


@dataclass(frozen=True)
class StagedKey:
    """A shape key of the stage: `factor` times the value of the source's key at `place`, or 0 where that is negative (moving keys only)."""

    name: str
    place: int
    factor: float = 1.0
    moving: bool = True

    def values(self, source: Array) -> Array:
        """(F,) its values, from those (F, K) of the source's keys."""
        values = self.factor * source[:, self.place].astype(np.float64)
        return np.maximum(values, 0.0) if self.moving else values


def meshes_of(armature: bpy.types.Object, scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The mesh objects of a scene that an armature moves, by a modifier or as children of a bone; hidden from renders ones left out."""
    return [item for item in scene.objects if item.type == "MESH" and not item.hide_render and (
        _skinned_by(item, armature) or (item.parent == armature and item.parent_type == "BONE"))]


def hair_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Hair on the meshes that an armature moves: no exporter but USD's knows it."""
    children = [armature, *armature.children]
    return [item for parent in children for item in parent.children if item.type in HAIR_TYPES]


def moving_keys(mesh: bpy.types.Mesh) -> list[int]:
    """The places of the shape keys that a driver or an action moves."""
    keys = mesh.shape_keys
    if keys is None or keys.animation_data is None:
        return []
    from . import compat

    data = keys.animation_data
    actions = [data.action, *(strip.action for track in data.nla_tracks for strip in track.strips)]
    paths = {curve.data_path for curve in data.drivers}
    paths |= {curve.data_path for action in actions if action is not None for curve in compat.action_curves(action)}
    return [place for place, block in enumerate(keys.key_blocks) if place and block.path_from_id("value") in paths]


def _skinned_by(item: bpy.types.Object, armature: bpy.types.Object) -> bool:
    return any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in item.modifiers)


def stage_mesh(
    source: bpy.types.Object, twin: bpy.types.Object, rig: bpy.types.Object, stage: bpy.types.Object, to_stage: Array,
    names: dict[str, str], plan: MeshPlan, values: Sequence[Array], scene: bpy.types.Scene, lost: list[str],
) -> StagedMesh:
    """Make the copy `twin` of a mesh object `source` a clean child of the stage's armature, skinned by it.

    rig: the user's armature; to_stage (4, 4): from its rest space to the stage's; names: of the bones that the stage has, by their old
    ones; values (F, K) of its shape keys in each clip. What cannot be kept is added to `lost`.
    """
    bone = source.parent_bone if source.parent == rig and source.parent_type == "BONE" and not _skinned_by(source, rig) else ""
    matrix = to_stage @ _in_rest(source, rig, bone)
    moving = moving_keys(twin.data)
    offsets = _offsets(twin.data)
    kept = _staged_keys(twin.data, moving, offsets, plan, values)
    if moving and not (plan.moving or plan.all):
        lost.append(f"{source.name}: {len(moving)} pose shapes are left out; bent joints look as without them")
    mesh = _baked(twin, {*moving, *(key.place for key in kept)}, scene)
    if len(mesh.vertices) != len(twin.data.vertices) and kept:
        lost.append(f"{source.name}: its modifiers add vertices, so its {len(kept)} moving shape keys are left out")
        kept = []
    old, twin.data = twin.data, mesh
    bpy.data.meshes.remove(old)
    _reshape(mesh, matrix)
    export_coats.paint(mesh, source, rig, plan.label)
    _hang(twin, stage, bone, names)
    if kept:
        _add_keys(twin, kept, offsets @ matrix[:3, :3].T, values)
    return StagedMesh(twin, tuple(kept))


def _staged_keys(
    mesh: bpy.types.Mesh, moving: list[int], offsets: Array, plan: MeshPlan, values: Sequence[Array],
) -> list[StagedKey]:
    """The shape keys that the stage's mesh gets: of moving ones a key for each sign that their values take."""
    if mesh.shape_keys is None or not (plan.all or plan.moving):
        return []
    found, size = [], float(np.ptp(offsets[0] + _points(mesh), axis=0).max()) or 1.0
    for place, block in enumerate(mesh.shape_keys.key_blocks):
        if place and place not in moving and plan.all:
            found.append(StagedKey(block.name, place, moving=False))
        if not place or place not in moving or not values:
            continue
        reach = float(np.abs(offsets[place]).max())
        high = max(float(clip[:, place].max()) for clip in values)
        low = min(float(clip[:, place].min()) for clip in values)
        if high * reach > _LEAST * size:
            found.append(StagedKey(block.name, place, 1.0 / max(high, 1.0)))
        if -low * reach > _LEAST * size:
            found.append(StagedKey(f"{block.name} minus", place, -1.0 / max(-low, 1.0)))
    return found


def _in_rest(source: bpy.types.Object, rig: bpy.types.Object, bone: str) -> Array:
    """(4, 4) from a mesh object's coordinates to the armature's rest space; for a child of a bone, as it is at rest."""
    matrix = np.linalg.inv(np.array(rig.matrix_world)) @ np.array(source.matrix_world)
    if bone and bone in rig.pose.bones:
        posed = rig.pose.bones[bone]
        matrix = np.array(posed.bone.matrix_local) @ np.linalg.inv(np.array(posed.matrix)) @ matrix
    return matrix


def _points(mesh: bpy.types.Mesh) -> Array:
    flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def _offsets(mesh: bpy.types.Mesh) -> Array:
    """(K, V, 3) what each key moves against the key that it is relative to."""
    if mesh.shape_keys is None:
        return np.zeros((0, len(mesh.vertices), 3))
    blocks, flat = mesh.shape_keys.key_blocks, np.empty(3 * len(mesh.vertices), dtype=np.float32)
    places = {block.name: place for place, block in enumerate(blocks)}
    points = np.empty((len(blocks), len(mesh.vertices), 3))
    for place, block in enumerate(blocks):
        block.points.foreach_get("co", flat)
        points[place] = flat.reshape(-1, 3)
    return points - points[[places[block.relative_key.name] for block in blocks]]


def _baked(twin: bpy.types.Object, without: set[int], scene: bpy.types.Scene) -> bpy.types.Mesh:
    """A mesh without shape keys as the twin's keys and modifiers make it, all but the keys `without` and what armatures do."""
    keys = twin.data.shape_keys
    if keys is not None:
        keys.animation_data_clear()
        for place in without:
            keys.key_blocks[place].value = 0.0
    twin.show_only_shape_key, twin.active_shape_key_index = False, 0
    for modifier in twin.modifiers:
        if modifier.type == "ARMATURE":
            modifier.show_viewport = False
    layer = scene.view_layers[0]
    layer.update()
    graph = layer.depsgraph
    return bpy.data.meshes.new_from_object(twin.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph)


def _reshape(mesh: bpy.types.Mesh, matrix: Array) -> None:
    from mathutils import Matrix

    mesh.transform(Matrix(matrix.tolist()))
    if np.linalg.det(matrix[:3, :3]) < 0:
        mesh.flip_normals()
    mesh.update()


def _hang(item: bpy.types.Object, stage: bpy.types.Object, bone: str, names: dict[str, str]) -> None:
    """Make an object a plain child of the stage's armature, with one modifier; groups are named after the stage's bones."""
    item.animation_data_clear()
    for constraint in list(item.constraints):
        item.constraints.remove(constraint)
    for modifier in list(item.modifiers):
        item.modifiers.remove(modifier)
    item.parent, item.parent_type = stage, "OBJECT"
    item.matrix_parent_inverse.identity()
    item.delta_location, item.delta_scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    item.delta_rotation_euler, item.delta_rotation_quaternion = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)
    item.matrix_basis.identity()
    item.hide_viewport = False
    for old, new in names.items():
        group = item.vertex_groups.get(old)
        if group is not None and old != new:
            group.name = new
    if bone and bone in names:
        group = item.vertex_groups.new(name=names[bone])
        group.add(range(len(item.data.vertices)), 1.0, "REPLACE")
    modifier = item.modifiers.new("Armature", "ARMATURE")
    modifier.object = stage


def _add_keys(item: bpy.types.Object, kept: Sequence[StagedKey], offsets: Array, values: Sequence[Array]) -> None:
    """Give a mesh its keys: offsets (K, V, 3) are the source's in the stage's axes. They stand as at the first frame."""
    points = _points(item.data)
    item.shape_key_add(name="Basis", from_mix=False)
    for key in kept:
        block = item.shape_key_add(name=key.name, from_mix=False)
        block.points.foreach_set("co", (points + offsets[key.place] / key.factor).astype(np.float32).ravel())
        value = float(key.values(values[0][:1])[0])
        if not key.moving:
            block.slider_min, block.slider_max = min(block.slider_min, value), max(block.slider_max, value)
        block.value = value
