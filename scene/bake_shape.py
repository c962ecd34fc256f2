"""The shape an animal has now, for good: the mix of its shape keys becomes the mesh's basis.

Armature, skin weights, horns and hair stay as they are; so do shape keys that something moves, such as the pose correctives. What goes
are the sliders. For whoever sculpts on, hands the animal to a program that knows no shape keys, or wants a light file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.model import AnimalModel
from . import creature, rig
from .armature import fit_bones_to_shape
from .export_meshes import hair_of, meshes_of, moving_keys

Array = NDArray[np.float64]
_NEAR = 1e-4  # betas


class BakeError(ValueError):
    """A shape that cannot be baked; the message says what to do."""


@dataclass(frozen=True)
class BakeReport:
    """How many shape keys were baked and kept, and in plain words what went."""

    baked: int
    kept: int
    lost: tuple[str, ...]


def bake_shape(armature: bpy.types.Object, model: AnimalModel | None = None, scene: bpy.types.Scene | None = None) -> BakeReport:
    """Bake the shape keys of the meshes that an armature moves into their basis, in place.

    model: the animal's, needed where its bones do not lie for its shape yet. Pose, action, skin and everything else stay; nothing moves.
    No undo step is pushed. Raises BakeError for linked meshes, edit mode, absolute keys, or when there is nothing to bake.
    """
    scene = scene or bpy.context.scene
    found = meshes_of(armature, scene)
    meshes = [item for item in found if item.data.shape_keys is not None and _static(item.data)]
    _check(armature, meshes)
    _settle(armature, model)
    hair = [(item, _at_rest(item, armature)) for item in hair_of(armature) if item.type == "CURVES" and item.library is None]
    record = rig.read_record(armature)
    betas = None if record is None else rig.read_betas(armature, record)
    baked = sum(len(_static(item.data)) for item in meshes)
    for item in meshes:
        if item.data.users > 1:
            item.data = item.data.copy()
        _bake(item)
    for item, points in hair:
        item.data.points.foreach_set("position", points)
        item.data.update_tag()
    lost = [f"{baked} shape keys are part of the mesh now"]
    if record is not None and betas is not None:
        rig.write_record(armature, replace(record, betas=tuple(betas.tolist())))
        armature[rig.BAKED_KEY] = True
        if creature.KEY in armature:
            del armature[creature.KEY]
        lost.append("sliders, species and Fit Bones no longer work on this animal")
    kept = sum(len(item.data.shape_keys.key_blocks) - 1 for item in meshes if item.data.shape_keys is not None)
    return BakeReport(baked, kept, tuple(lost))


def _check(armature: bpy.types.Object, meshes: Sequence[bpy.types.Object]) -> None:
    if not meshes:
        raise BakeError(f"{armature.name}: no mesh of it has shape keys to bake")
    for item in meshes:
        if item.library is not None or item.data.library is not None or item.data.override_library is not None:
            raise BakeError(f"{item.name} is linked from another file: make it local first (Object > Relations > Make Local)")
        if item.mode in ("EDIT", "SCULPT"):
            raise BakeError(f"{item.name} is being edited: go to Object Mode first")
        if not item.data.shape_keys.use_relative:
            raise BakeError(f"{item.name} has absolute shape keys, which are a motion and no shape: switch on Relative first")
    if armature.mode == "EDIT":
        raise BakeError(f"{armature.name} is in Edit Mode: leave it first")


def _settle(armature: bpy.types.Object, model: AnimalModel | None) -> None:
    """Let the bones of an animal follow the shape that its keys have now."""
    record = rig.read_record(armature)
    if record is None:
        return
    behind = bool(np.abs(rig.read_betas(armature, record) - np.array(record.betas)).max(initial=0.0) > _NEAR)
    if model is not None and model.model_id == record.model_id:
        if creature.read_creature(armature) is not None:
            if not creature.is_settled(armature, model):
                creature.settle(armature, model)
        elif behind:
            fit_bones_to_shape(armature, model)
    elif behind:
        raise BakeError(f"The bones of {armature.name} do not fit its shape yet: press Fit Bones first")


def _static(mesh: bpy.types.Mesh) -> list[int]:
    """The places of the keys that nothing moves."""
    moving = set(moving_keys(mesh))
    return [place for place in range(1, len(mesh.shape_keys.key_blocks)) if place not in moving]


def _bake(item: bpy.types.Object) -> None:
    mesh = item.data
    blocks, static = mesh.shape_keys.key_blocks, _static(mesh)
    points = {block.name: _points(block.points, len(mesh.vertices)) for block in blocks}
    offsets = [points[block.name] - points[block.relative_key.name] for block in blocks]
    basis = points[blocks[0].name].copy()
    for place in static:
        block = blocks[place]
        if not block.mute and block.value:
            basis += block.value * _share(item, block.vertex_group) * offsets[place]
    gone = {place: blocks[place].name for place in static}
    for place, block in enumerate(blocks):
        if place not in gone:
            block.relative_key = blocks[0]
            block.points.foreach_set("co", (basis + offsets[place] * bool(place)).astype(np.float32).ravel())
    for name in gone.values():
        item.shape_key_remove(blocks[name])
    if mesh.shape_keys is not None and len(mesh.shape_keys.key_blocks) == 1:
        item.shape_key_clear()
    mesh.vertices.foreach_set("co", basis.astype(np.float32).ravel())
    mesh.update()


def _points(layer: bpy.types.bpy_prop_collection, count: int) -> Array:
    flat = np.empty(3 * count, dtype=np.float32)
    layer.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(np.float64)


def _share(item: bpy.types.Object, group: str) -> Array:
    """(V, 1) how much of a shape key each vertex gets: all of it without a vertex group."""
    shares = np.ones((len(item.data.vertices), 1))
    found = item.vertex_groups.get(group) if group else None
    if found is not None:
        for v, vertex in enumerate(item.data.vertices):
            shares[v] = next((entry.weight for entry in vertex.groups if entry.group == found.index), 0.0)
    return shares


def _at_rest(hair: bpy.types.Object, armature: bpy.types.Object) -> NDArray[np.float32]:
    """The points of hair as the shape alone leaves them, flat: hair follows the difference between its body and that body's basis."""
    before = armature.data.pose_position
    armature.data.pose_position = "REST"
    try:
        bpy.context.view_layer.update()
        points = hair.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.points
        if len(points) != len(hair.data.points):
            raise BakeError(f"{hair.name}: modifiers add hair, which cannot follow the new basis: apply or remove them first")
        flat = np.empty(3 * len(points), dtype=np.float32)
        points.foreach_get("position", flat)
        return flat
    finally:
        armature.data.pose_position = before
