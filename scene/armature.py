"""The armature of an animal: bones along the limbs, a clean rest pose, the fitted pose on top of it.

The object stands upright on the ground, turned to the animal's heading; the root bone alone carries height and tilt, and
alone can be moved. Bones keep their joint's order and name in the rig's record (`rig`).
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ..animal.model import AnimalModel
from ..animal.placing import AnimalPose
from . import compat, correctives, rig
from .bone_layout import BoneLayout, lay_bones
from .controls import build as controls
from .frames import ARMATURE_AXES, RestFrame, bone_transforms, object_matrix

Array = NDArray[np.float64]

# Blender's own bone colour sets: left green, right red, the midline yellow, each easy to tell from the skin.
_PALETTES = {1: "THEME03", -1: "THEME01", 0: "THEME09"}


def new_armature(name: str) -> bpy.types.Object:
    """An armature object without bones, in no collection yet."""
    data = bpy.data.armatures.new(name)
    data.display_type = "OCTAHEDRAL"
    return bpy.data.objects.new(name, data)


def fill_armatures(items: Sequence[tuple[bpy.types.Object, BoneLayout, RestFrame]]) -> None:
    """Give empty armature objects their bones: one visit to edit mode for all of them."""
    with compat.edit_mode([item for item, _, _ in items]):
        for item, layout, frame in items:
            _make_bones(item.data.edit_bones, layout)
            _lay(item.data.edit_bones, layout, frame)
    for item, layout, _ in items:
        _dress(item, layout)


def pose_armature(armature: bpy.types.Object, animal: AnimalPose) -> None:
    """Put an animal's pose on a rig that stands where its object stands (`stand` moves the object first)."""
    record = rig.read_record(armature)
    assert record is not None, "pose_armature needs a rig with its record"
    quaternions, location = bone_transforms(
        record.frame, animal.pose, animal.trans, rig.root_joint(armature, record), rig.rest_axes(armature, record),
        np.array(armature.matrix_basis))
    for name, quaternion in zip(record.bones, quaternions, strict=True):
        bone = armature.pose.bones[name]
        bone.rotation_mode = "QUATERNION"
        bone.rotation_quaternion = quaternion
    armature.pose.bones[record.bones[0]].location = location


def stand(armature: bpy.types.Object, animal: AnimalPose, model_root: Array, frame: RestFrame) -> None:
    """Put the armature object on the ground under the animal, turned to its heading; model_root (3,) is joint 0 at rest."""
    from mathutils import Matrix

    matrix = object_matrix(frame, animal.pose[0], animal.trans, model_root)
    # matrix_basis, not matrix_world: the latter is only known after the scene was evaluated.
    armature.matrix_basis = Matrix(matrix.tolist())


def fit_bones_to_shape(armature: bpy.types.Object, model: AnimalModel) -> None:
    """Lay the bones anew for the betas that the shape keys stand at now; the pose is kept as it was.

    For use after the shape was edited: an armature cannot follow shape keys by itself. Raises ValueError when the rig
    belongs to another model.
    """
    record = rig.read_record(armature)
    if record is None or record.model_id != model.model_id:
        raise ValueError(f"{armature.name} was not made from the model {model.name!r}: its bones cannot be laid by it")
    animal = rig.read_animal(armature)
    lay_anew(armature, lay_bones(model, animal.betas), record.frame)
    values = dict(vars(record), betas=tuple(float(b) for b in animal.betas))
    rig.write_record(armature, rig.RigRecord(**values))
    if not controls.has_controls(armature):  # those keep what they hold; the bones' own turns come on top of it
        pose_armature(armature, animal)
    body = rig.body_of(armature)
    if body is not None:
        correctives.refresh_drivers(body, armature, model)


def lay_anew(armature: bpy.types.Object, layout: BoneLayout, frame: RestFrame) -> None:
    """Move the rest bones of a rig, and its controls, to where the layout has them; bone-local rotations and locations stay as they are."""
    with compat.edit_mode([armature]):
        bones = armature.data.edit_bones
        for name in layout.names:
            bones[name].use_connect = False
        _lay(bones, layout, frame)
    if controls.has_controls(armature):
        controls.lay_anew(armature)


def _make_bones(bones: bpy.types.ArmatureEditBones, layout: BoneLayout) -> None:
    for name, parent in zip(layout.names, layout.parents, strict=True):
        bone = bones.new(name)
        bone.tail = (0.0, 0.0, 1.0)  # a bone without length is thrown away
        if parent >= 0:
            bone.parent = bones[layout.names[parent]]


def _lay(bones: bpy.types.ArmatureEditBones, layout: BoneLayout, frame: RestFrame) -> None:
    """Move edit bones to where the layout has them."""
    heads, tails = frame.points(layout.heads), frame.points(layout.tails)
    z_axes = layout.z_axes @ ARMATURE_AXES.T
    for j, name in enumerate(layout.names):
        bone = bones[name]
        bone.head, bone.tail = heads[j], tails[j]
        bone.align_roll(z_axes[j])
    for j, name in enumerate(layout.names):
        bones[name].use_connect = bool(layout.connected[j])


def _dress(item: bpy.types.Object, layout: BoneLayout) -> None:
    """Bone collections, colours by side, and locks: only the root moves."""
    groups: dict[str, bpy.types.BoneCollection] = {}
    for j, (name, group) in enumerate(zip(layout.names, layout.groups, strict=True)):
        bone = item.data.bones[name]
        if group not in groups:
            groups[group] = item.data.collections.new(group)
        groups[group].assign(bone)
        bone.color.palette = _PALETTES[int(layout.sides[j])]
        if j:
            item.pose.bones[name].lock_location = (True, True, True)
            bone.use_deform = True
