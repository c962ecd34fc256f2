"""What a rig remembers about the animal it was made from, and how to read the animal back out of the rig.

The record is a group of custom properties on the armature object, so it is saved, copied and undone with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .frames import RestFrame, model_parameters

if TYPE_CHECKING:
    import bpy

    from ..animal.placing import AnimalPose

Array = NDArray[np.float64]

KEY = "bestiary_rig"
"""The custom property, on the armature object, that holds the record."""

CONTROLS_KEY = "bestiary_controls"
"""The custom property, on the armature object, that says which controls were added to it (`controls.build`)."""

PARTS_KEY = "bestiary_parts"
"""The custom property that marks the object of an animal's horns, mane and so on; it is not its body."""

BAKED_KEY = "bestiary_baked"
"""The custom property of an armature object whose shape was baked into its mesh: it has no sliders any more."""

BETA_KEY = "beta_{:03d}"
"""The name of the shape key of a beta."""


@dataclass(frozen=True)
class RigRecord:
    """What an armature object was made from.

    model_id, model_name, metres_per_unit: of the parameters. unit: Blender units per model unit; shift (3,): see
    `frames.RestFrame`. bones: the bone of every joint, in the model's order. betas (B,): the shape the bones were laid
    for. beta_gain (B,): betas per unit of the shape key's value (1, but for betas beyond Blender's slider limit of 10).
    """

    model_id: str
    model_name: str
    metres_per_unit: float
    unit: float
    shift: tuple[float, ...]
    bones: tuple[str, ...]
    betas: tuple[float, ...]
    beta_gain: tuple[float, ...]
    label: str = ""
    species: str = ""

    @property
    def frame(self) -> RestFrame:
        return RestFrame(self.unit, np.array(self.shift))


def write_record(armature: bpy.types.Object, record: RigRecord) -> None:
    """Put the record on an armature object, in the place of an older one."""
    values = dict(vars(record), bones=json.dumps(record.bones))
    armature[KEY] = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def read_record(item: bpy.types.Object) -> RigRecord | None:
    """The record of an armature object, or None when it is not one of ours (or what it holds cannot be read)."""
    group = item.get(KEY)
    if item.type != "ARMATURE" or group is None:
        return None
    try:
        values = group.to_dict()
        for name in ("shift", "betas", "beta_gain"):
            values[name] = tuple(float(v) for v in values[name])
        return RigRecord(**{**values, "bones": tuple(json.loads(values["bones"]))})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def rigs(collection: bpy.types.Collection) -> list[bpy.types.Object]:
    """The animals' armature objects in a collection and what is below it, in the order they were made in."""
    return [item for item in collection.all_objects if read_record(item) is not None]


def body_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The mesh object that this armature moves, or None when it was deleted."""
    for item in armature.children:
        moved = any(m.type == "ARMATURE" and m.object == armature for m in item.modifiers)
        if item.type == "MESH" and moved and PARTS_KEY not in item:
            return item
    return None


def rest_axes(armature: bpy.types.Object, record: RigRecord) -> Array:
    """(J, 3, 3) the rest axes of the joints' bones in armature space, as columns."""
    bones = armature.data.bones
    return np.array([np.array(bones[name].matrix_local)[:3, :3] for name in record.bones])


def root_joint(armature: bpy.types.Object, record: RigRecord) -> Array:
    """(3,) the rest place of joint 0 in the animal frame, model units."""
    return record.frame.model_points(np.array(armature.data.bones[record.bones[0]].head_local))


def read_betas(armature: bpy.types.Object, record: RigRecord) -> Array:
    """(B,) the betas that the shape keys stand at now; those the rig was made with when the mesh has none."""
    body = body_of(armature)
    betas = np.array(record.betas)
    if body is not None and body.data.shape_keys is not None:
        for k, gain in enumerate(record.beta_gain):
            block = body.data.shape_keys.key_blocks.get(BETA_KEY.format(k))
            betas[k] = betas[k] if block is None else (0.0 if block.mute else block.value * gain)
    return betas


def read_animal(armature: bpy.types.Object) -> AnimalPose:
    """The animal as it stands in the scene now, pose and shape, the way back of building it.

    Reads bone rotations and the root's location, not what constraints make of them but for those of our own controls, and the
    object's place without its scale. Trans and pose are in the world, Blender units over `unit`. Raises ValueError when
    `armature` is not a rig.
    """
    from ..animal.placing import AnimalPose

    record = read_record(armature)
    if record is None:
        raise ValueError(f"{armature.name} is not an animal of Bestiary: it has no {KEY} property")
    posed = [armature.pose.bones[name] for name in record.bones]
    if CONTROLS_KEY in armature:
        import bpy

        bpy.context.view_layer.update()
        local = [armature.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL") for bone in posed]
    else:
        local = [bone.matrix_basis for bone in posed]
    quaternions = np.array([matrix.to_quaternion() for matrix in local])
    pose, trans = model_parameters(
        record.frame, quaternions, np.array(local[0].translation), root_joint(armature, record),
        rest_axes(armature, record), np.array(armature.matrix_world.normalized()))
    return AnimalPose(read_betas(armature, record), pose, trans, record.metres_per_unit, record.label,
                      record.species or None)
